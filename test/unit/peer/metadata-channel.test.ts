import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fragmentDocument, MetadataChannel } from '../../../src/peer/metadata-channel.ts';

const DOCUMENT = gzipSync('<a/>');

/** A data channel that keeps what it is sent. */
class Channel {
  readonly protocol = 'vnd.onvif.metadata+gzip';
  open = true;
  bufferedAmount = 0;
  closed = 0;
  readonly messages: Buffer[] = [];

  send(message: Buffer): void {
    this.messages.push(message);
  }

  close(): void {
    this.closed += 1;
    this.open = false;
  }
}

describe('fragments of a metadata document', () => {
  it('begin with the gzip header first and never again, and are the document', () => {
    // Mostly the bytes of the header, so that cuts fall within it.
    const bytes = fc.array(fc.oneof(fc.constantFrom(0x1f, 0x8b), fc.integer({ min: 0, max: 255 })), { maxLength: 80 });
    fc.assert(
      fc.property(bytes, fc.integer({ min: 3, max: 9 }), (rest, maxMessage) => {
        const document = Buffer.from([0x1f, 0x8b, ...rest]);
        const fragments = fragmentDocument(document, maxMessage);
        expect(Buffer.concat(fragments)).toEqual(document);
        for (const fragment of fragments) {
          expect(fragment.length).toBeGreaterThan(0);
          expect(fragment.length).toBeLessThanOrEqual(maxMessage);
        }
        const begins = fragments.map((fragment) => fragment.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b])));
        expect(begins.lastIndexOf(true)).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('are cut one byte ahead where the next would begin like a document', () => {
    const fragments = fragmentDocument(Buffer.from([0x1f, 0x8b, 1, 0x1f, 0x1f, 0x8b, 2, 3]), 4);
    expect(fragments.map((fragment) => [...fragment])).toEqual([[0x1f, 0x8b, 1], [0x1f, 0x1f, 0x8b, 2], [3]]);
  });
});

describe('metadata channel', () => {
  it('sends a document whole, in messages of at most what the viewer takes', () => {
    const channel = new Channel();
    const metadata = new MetadataChannel(1000);
    metadata.attach(channel);
    const document = Buffer.concat([DOCUMENT, Buffer.alloc(2500, 7)]);
    metadata.send(document);
    expect(channel.messages.map(({ length }) => length)).toEqual([1000, 1000, document.length - 2000]);
    expect(Buffer.concat(channel.messages)).toEqual(document);
    expect([metadata.documents, metadata.dropped]).toEqual([1, 0]);
  });

  it('sends messages of at most 16 KiB to a viewer that takes any size', () => {
    const channel = new Channel();
    const metadata = new MetadataChannel(Number.MAX_SAFE_INTEGER);
    metadata.attach(channel);
    metadata.send(Buffer.alloc(40_000, 7));
    expect(Math.max(...channel.messages.map(({ length }) => length))).toBe(16_384);
  });

  it('drops whole documents while the viewer is slower than the camera, and goes on when it has caught up', () => {
    const channel = new Channel();
    const metadata = new MetadataChannel(1000);
    metadata.attach(channel);
    channel.bufferedAmount = 64 * 1024 + 1;
    metadata.send(Buffer.alloc(3000, 7));
    expect(channel.messages).toEqual([]);
    channel.bufferedAmount = 64 * 1024;
    metadata.send(DOCUMENT);
    expect(channel.messages).toEqual([DOCUMENT]);
    expect([metadata.documents, metadata.dropped]).toEqual([1, 1]);
  });

  it('drops and counts before the viewer opened its channel and after it closed it', () => {
    const channel = new Channel();
    const metadata = new MetadataChannel(1000);
    expect(metadata.open).toBe(false);
    metadata.send(DOCUMENT);
    metadata.attach(channel);
    expect(metadata.open).toBe(true);
    channel.open = false;
    expect(metadata.open).toBe(false);
    metadata.send(DOCUMENT);
    expect([channel.messages.length, metadata.documents, metadata.dropped]).toEqual([0, 0, 2]);
  });

  it('uses the newest channel and closes the one before', () => {
    const [first, second] = [new Channel(), new Channel()];
    const metadata = new MetadataChannel(1000);
    metadata.attach(first);
    metadata.attach(second);
    metadata.send(DOCUMENT);
    expect([first.closed, first.messages.length, second.closed, second.messages.length]).toEqual([1, 0, 0, 1]);
  });

  it.each([0, 1, 2, 255])('sends nothing to a viewer that takes messages of %i bytes alone, and does not hang', (maxMessage) => {
    const channel = new Channel();
    const metadata = new MetadataChannel(maxMessage);
    metadata.attach(channel);
    metadata.send(Buffer.from([0x1f, 0x8b, 0x1f, 0x8b, 0x1f, 0x8b]));
    expect([channel.messages.length, metadata.dropped]).toEqual([0, 1]);
  });
});
