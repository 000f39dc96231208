import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { expandGzip } from '../../../src/cli/expand-gzip.ts';
import { MetadataAssembler, type MetadataDocument } from '../../../src/client/metadata-assembler.ts';

const XML = `<?xml version="1.0"?><tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema">${'<tt:Frame UtcTime="2026-11-21T10:00:00Z"/>'.repeat(20)}ä</tt:MetadataStream>`;

/** Documents are expanded elsewhere, which may take its time. */
const WAIT = { timeout: 15_000 };

describe.each([
  ['streams of the web', undefined],
  ['Node', expandGzip],
])('metadata documents, expanded by %s', (_, expand) => {
  let documents: MetadataDocument[];
  let assembler: MetadataAssembler;

  beforeEach(() => {
    documents = [];
    assembler = new MetadataAssembler((document) => documents.push(document), expand);
  });

  async function seen(count: number, dropped = 0): Promise<void> {
    await vi.waitFor(() => expect([documents.length, assembler.dropped]).toEqual([count, dropped]), WAIT);
  }

  /** The payload in pieces of so many bytes. */
  function push(payload: Uint8Array, size = payload.length): void {
    for (let at = 0; at < payload.length; at += size) assembler.push(payload.subarray(at, at + size));
  }

  it('come whole in one message', async () => {
    const payload = gzipSync(XML);
    push(payload);
    await seen(1);
    expect(documents).toMatchObject([{ xml: XML, bytes: payload.length }]);
    expect(Buffer.from(documents[0]?.content ?? []).equals(Buffer.from(XML))).toBe(true);
  });

  it.each([2, 3, 7, 50])('come in fragments of %i bytes', async (size) => {
    push(gzipSync(XML), size);
    push(gzipSync('<second/>'), size);
    await seen(2);
    expect(documents.map(({ xml }) => xml)).toEqual([XML, '<second/>']);
  });

  it('come in order, however long each takes to expand', async () => {
    const long = `<a>${randomBytes(600_000).toString('hex')}</a>`;
    push(gzipSync(long), 16_384);
    push(gzipSync('<b/>'));
    await seen(2);
    expect(documents.map(({ xml }) => xml.length)).toEqual([long.length, 4]);
  });

  it('are given up when the next begins before they are complete', async () => {
    push(gzipSync(XML).subarray(0, 60));
    push(gzipSync('<next/>'));
    await seen(1, 1);
    expect(documents[0]?.xml).toBe('<next/>');
  });

  it('do not begin in the middle', async () => {
    push(gzipSync(XML).subarray(20));
    push(gzipSync('<next/>'));
    await seen(1, 1);
    expect(documents[0]?.xml).toBe('<next/>');
  });

  it('are bounded when expanded', async () => {
    push(gzipSync(Buffer.alloc(9 * 1024 * 1024)));
    push(gzipSync('<next/>'));
    await seen(1, 1);
    expect(documents[0]?.xml).toBe('<next/>');
  });

  it('cannot lie about their length', async () => {
    const bomb = gzipSync(Buffer.alloc(4 * 1024 * 1024));
    bomb.writeUInt32LE(10, bomb.length - 4);
    push(bomb);
    push(gzipSync('<next/>'));
    await seen(1, 1);
    expect(documents[0]?.xml).toBe('<next/>');
  });

  it('are bounded when compressed', async () => {
    push(gzipSync(XML).subarray(0, 20));
    // None ends in what looks like a plausible length: to try it takes time, in which the next document would find no room either.
    for (let pieces = 0; pieces < 48; pieces += 1) {
      push(Buffer.alloc(64 * 1024, 0xff));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await vi.waitFor(() => expect(assembler.dropped).toBeGreaterThan(0), WAIT);
    push(gzipSync('<next/>'));
    await vi.waitFor(() => expect(documents.map(({ xml }) => xml)).toEqual(['<next/>']), WAIT);
  });

  it('that never become complete do not cost an attempt for each message for ever', async () => {
    push(gzipSync(XML).subarray(0, 20));
    // Each of these ends in what looks like a plausible length.
    for (let index = 0; index < 100; index += 1) push(Uint8Array.of(0, 0, 1, 0, 0));
    push(gzipSync('<next/>'));
    await vi.waitFor(() => expect(documents.map(({ xml }) => xml)).toEqual(['<next/>']), WAIT);
    // Given up once, after which the rest begins nothing.
    expect(assembler.dropped).toBeGreaterThan(30);
  });

  it('that are empty are documents too', async () => {
    push(gzipSync(''));
    await seen(1);
    expect(documents[0]?.xml).toBe('');
  });
});
