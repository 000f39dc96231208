import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { expandGzip } from '../../../src/cli/expand-gzip.ts';

const XML = '<tt:MetadataStream/>'.repeat(50);

it('expands what comes in parts to its bytes', () => {
  const whole = gzipSync(XML);
  expect(Buffer.from(expandGzip([whole.subarray(0, 5), whole.subarray(5)], XML.length) ?? []).toString()).toBe(XML);
  expect(expandGzip([gzipSync('')], 0)).toHaveLength(0);
});

it('expands nothing that is cut, changed, or of another length', () => {
  const whole = gzipSync(XML);
  const changed = Buffer.from(whole);
  changed[20] = (changed[20] ?? 0) ^ 1;
  expect(expandGzip([whole.subarray(0, -1)], XML.length)).toBeUndefined();
  expect(expandGzip([changed], XML.length)).toBeUndefined();
  for (const length of [0, XML.length - 1, XML.length + 1]) expect(expandGzip([whole], length), `${length}`).toBeUndefined();
});
