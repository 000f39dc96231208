import type { FuzzTarget } from './target.ts';

/* Parsers with one fault each, by which the tests see that the fuzzer finds such. */

const corpus = [Buffer.from('Content-Length: 100\r\n\r\n')];
const kept: Buffer[] = [];

export const targets: readonly FuzzTarget[] = [
  {
    name: 'throws',
    form: 'text',
    corpus,
    run(input) {
      if (/: 4294967296/.test(input.toString())) throw new TypeError('length out of range');
    },
  },
  {
    name: 'rejects-later',
    form: 'bytes',
    corpus,
    run(input) {
      if (input.length === 0) void Promise.reject(new Error('nobody holds this'));
    },
  },
  {
    name: 'hangs',
    form: 'text',
    corpus,
    run(input) {
      while (/^\s*$/.test(input.toString()));
    },
  },
  {
    name: 'leaks',
    form: 'bytes',
    corpus,
    run() {
      kept.push(Buffer.alloc(8192));
    },
  },
];
