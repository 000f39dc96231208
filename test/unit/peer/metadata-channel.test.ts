import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstFragment, MetadataChannel } from '../../../src/peer/metadata-channel.ts';

const KIB = 1024;
const MAX_BUFFERED = 64 * KIB;
const HEADER = [0x1f, 0x8b];

/** A data channel that keeps what it is sent, and of which the test says when it takes more. */
class Channel {
  readonly protocol = 'vnd.onvif.metadata+gzip';
  open = true;
  bufferedAmount = 0;
  mostBuffered = 0;
  closed = 0;
  readonly messages: Buffer[] = [];
  #drained: { bytes: number; listener: () => void } = { bytes: 0, listener: () => undefined };

  send(message: Buffer): void {
    this.messages.push(message);
    this.bufferedAmount += message.length;
    this.mostBuffered = Math.max(this.mostBuffered, this.bufferedAmount);
  }

  onDrained(bytes: number, listener: () => void): void {
    this.#drained = { bytes, listener };
  }

  /** The viewer has taken everything. */
  drain(): void {
    const before = this.bufferedAmount;
    this.bufferedAmount = 0;
    if (before > this.#drained.bytes) this.#drained.listener();
  }

  close(): void {
    this.closed += 1;
    this.open = false;
    this.#drained.listener();
  }
}

function attached(maxMessageSize = 1000): { metadata: MetadataChannel; channel: Channel } {
  const [metadata, channel] = [new MetadataChannel(() => undefined), new Channel()];
  metadata.attach(channel, maxMessageSize);
  return { metadata, channel };
}

/** The viewer takes everything that there is. */
function drainAll(metadata: MetadataChannel, channel: Channel): void {
  for (let round = 0; round < 5000 && metadata.waitingBytes > 0; round += 1) channel.drain();
  expect(metadata.waitingBytes).toBe(0);
}

/** Bytes like a compressed document: nothing but the first looks like a header. */
function document(length: number, fill = 7): Buffer {
  return Buffer.concat([Buffer.from(HEADER), Buffer.alloc(length - 2, fill)]);
}

function isHeader(message: Buffer): boolean {
  return message.subarray(0, 2).equals(Buffer.from(HEADER));
}

/** Puts documents together as the specification asks of a viewer (section 6.7.2). */
function reassembled(messages: readonly Buffer[]): Buffer[] {
  const documents: Buffer[][] = [];
  for (const message of messages) {
    if (isHeader(message)) documents.push([]);
    documents.at(-1)?.push(message);
  }
  return documents.map((parts) => Buffer.concat(parts));
}

/** Megabytes take `toEqual` seconds. */
function expectSame(documents: readonly Buffer[], expected: readonly Buffer[]): void {
  const digests = (all: readonly Buffer[]): string[] => all.map((bytes) => createHash('sha256').update(bytes).digest('hex'));
  expect(digests(documents)).toEqual(digests(expected));
}

describe('fragments of a metadata document', () => {
  function fragments(gzipped: Buffer, maxMessage: number): Buffer[] {
    const all: Buffer[] = [];
    for (let at = 0; at < gzipped.length; at += all.at(-1)?.length ?? 0)
      all.push(firstFragment(gzipped.subarray(at), maxMessage));
    return all;
  }

  it('begin with the gzip header first and never again, and are the document', () => {
    // Mostly the bytes of the header, so that cuts fall within it.
    const bytes = fc.array(fc.oneof(fc.constantFrom(...HEADER), fc.integer({ min: 0, max: 255 })), { maxLength: 80 });
    fc.assert(
      fc.property(bytes, fc.integer({ min: 3, max: 9 }), (rest, maxMessage) => {
        const gzipped = Buffer.from([...HEADER, ...rest]);
        const all = fragments(gzipped, maxMessage);
        expect(Buffer.concat(all)).toEqual(gzipped);
        for (const fragment of all) {
          expect(fragment.length).toBeGreaterThan(0);
          expect(fragment.length).toBeLessThanOrEqual(maxMessage);
        }
        expect(all.map(isHeader).lastIndexOf(true)).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('are cut one byte ahead where the next would begin like a document', () => {
    const all = fragments(Buffer.from([0x1f, 0x8b, 1, 0x1f, 0x1f, 0x8b, 2, 3]), 4);
    expect(all.map((fragment) => [...fragment])).toEqual([[0x1f, 0x8b, 1], [0x1f, 0x1f, 0x8b, 2], [3]]);
  });
});

describe('metadata channel', () => {
  it('sends a document whole, in messages of at most what the viewer takes', () => {
    const { metadata, channel } = attached(1000);
    metadata.send(document(2518));
    expect(channel.messages.map(({ length }) => length)).toEqual([1000, 1000, 518]);
    expect(Buffer.concat(channel.messages)).toEqual(document(2518));
    expect([metadata.documents, metadata.dropped]).toEqual([1, 0]);
  });

  it.each([16_384, 65_536, Number.MAX_SAFE_INTEGER])(
    'sends messages of at most 16 KiB to a viewer that takes %i bytes',
    (size) => {
      const { metadata, channel } = attached(size);
      metadata.send(document(40_000));
      expect(Math.max(...channel.messages.map(({ length }) => length))).toBe(16_384);
    },
  );

  it('sends a document that is larger than the channel may hold as it drains, and holds it back no more than that', () => {
    const { metadata, channel } = attached(16_384);
    metadata.send(document(400 * KIB));
    metadata.send(document(100));
    expect([channel.mostBuffered, metadata.waitingBytes]).toEqual([MAX_BUFFERED, 400 * KIB - MAX_BUFFERED + 100]);
    drainAll(metadata, channel);
    expectSame(reassembled(channel.messages), [document(400 * KIB), document(100)]);
    expect([metadata.documents, metadata.dropped, metadata.waitingBytes]).toEqual([2, 0, 0]);
    expect(channel.mostBuffered).toBe(MAX_BUFFERED);
  });

  it('drops whole documents, the oldest first, while the viewer is slower than the camera, but none that was begun', () => {
    const { metadata, channel } = attached(16_384);
    const sent = Array.from({ length: 200 }, (_, index) => document(100 * KIB, index));
    for (const each of sent) metadata.send(each);
    expect(metadata.waitingBytes).toBeLessThanOrEqual(2 * KIB * KIB + 100 * KIB);
    const dropped = metadata.dropped;
    expect(dropped).toBeGreaterThan(170);
    drainAll(metadata, channel);
    expectSame(reassembled(channel.messages), [...sent.slice(0, 1), ...sent.slice(1 + dropped)]);
    expect([metadata.documents, metadata.dropped]).toEqual([200 - dropped, dropped]);
  });

  it('keeps no more than 128 documents, however small they are', () => {
    const { metadata, channel } = attached(1000);
    channel.bufferedAmount = MAX_BUFFERED;
    for (let index = 0; index < 200; index += 1) metadata.send(document(20, index));
    expect([metadata.dropped, metadata.waitingBytes]).toEqual([72, 128 * 20]);
    drainAll(metadata, channel);
    expect(reassembled(channel.messages)).toEqual(Array.from({ length: 128 }, (_, index) => document(20, 72 + index)));
  });

  it('has a place for a document of any size', () => {
    const { metadata, channel } = attached(16_384);
    channel.bufferedAmount = MAX_BUFFERED;
    const large = document(3 * KIB * KIB);
    for (const each of [document(20), large]) metadata.send(each);
    drainAll(metadata, channel);
    expectSame(reassembled(channel.messages), [large]);
    expect(metadata.dropped).toBe(1);
  });

  it('holds few messages in the channel where each is small', () => {
    const { metadata, channel } = attached(256);
    metadata.send(document(400 * KIB));
    expect(channel.messages).toHaveLength(64);
    drainAll(metadata, channel);
    expectSame(reassembled(channel.messages), [document(400 * KIB)]);
  });

  it('is whole documents in their order, whatever the viewer takes and when', () => {
    const length = fc.integer({ min: 20, max: 150_000 });
    const step = fc.oneof(length, fc.constant('drain' as const));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 256, max: 70_000 }), (steps, maxMessage) => {
        const { metadata, channel } = attached(maxMessage);
        const sent: Buffer[] = [];
        for (const each of steps) {
          if (each === 'drain') channel.drain();
          else metadata.send(sent[sent.push(document(each, sent.length + 1)) - 1] ?? document(20));
        }
        drainAll(metadata, channel);
        const got = reassembled(channel.messages);
        expect(metadata.documents).toBe(got.length);
        expect(metadata.documents + metadata.dropped).toBe(sent.length);
        expect(channel.mostBuffered).toBeLessThanOrEqual(MAX_BUFFERED);
        let next = 0;
        for (const each of got) {
          // The byte that fills a document says which it is.
          const found = (each[2] ?? 0) - 1;
          expect(found).toBeGreaterThanOrEqual(next);
          expect(each.equals(sent[found] ?? Buffer.alloc(0))).toBe(true);
          next = found + 1;
        }
      }),
      { numRuns: 50 },
    );
  });

  it('drops and counts before the viewer opened its channel and after it closed it', () => {
    const metadata = new MetadataChannel(() => undefined);
    const channel = new Channel();
    expect(metadata.open).toBe(false);
    metadata.send(document(100));
    metadata.attach(channel, 1000);
    expect(metadata.open).toBe(true);
    metadata.send(document(500 * KIB));
    metadata.send(document(100));
    channel.close();
    expect([metadata.open, metadata.waitingBytes]).toEqual([false, 0]);
    metadata.send(document(100));
    expect([metadata.documents, metadata.dropped]).toEqual([0, 4]);
  });

  it('uses the newest channel and closes the one before, whose document it does not go on with', () => {
    const { metadata, channel } = attached(1000);
    metadata.send(document(500 * KIB));
    const newest = new Channel();
    metadata.attach(newest, 1000);
    metadata.send(document(400 * KIB));
    // What the former says any more means nothing.
    channel.drain();
    drainAll(metadata, newest);
    expect([channel.closed, newest.closed, metadata.documents, metadata.dropped]).toEqual([1, 0, 1, 1]);
    expectSame(reassembled(newest.messages), [document(400 * KIB)]);
  });

  it('tells that the channel that it used is closed, once, and nothing of one before', () => {
    let closed = 0;
    const metadata = new MetadataChannel(() => (closed += 1));
    const [former, newest] = [new Channel(), new Channel()];
    metadata.attach(former, 1000);
    metadata.attach(newest, 1000);
    former.close();
    expect([closed, metadata.open]).toEqual([0, true]);
    newest.close();
    newest.close();
    expect([closed, metadata.open]).toEqual([1, false]);
  });

  it.each([0, 1, 2, 255])('closes the channel of a viewer that takes messages of %i bytes alone', (maxMessage) => {
    const { metadata, channel } = attached(maxMessage);
    metadata.send(gzipSync('<a/>'));
    expect([metadata.open, channel.closed, channel.messages.length, metadata.dropped]).toEqual([false, 1, 0, 1]);
  });
});
