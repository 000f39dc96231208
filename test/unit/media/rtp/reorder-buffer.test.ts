import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RtpPacket } from '../../../../src/media/rtp/packet.ts';
import { ReorderBuffer } from '../../../../src/media/rtp/reorder-buffer.ts';

function packet(sequenceNumber: number): RtpPacket {
  return { payloadType: 96, marker: false, sequenceNumber, timestamp: 0, ssrc: 1, payload: Buffer.alloc(0) };
}

/** What comes out of the buffer for each packet that goes in, all at one instant. */
function feed(buffer: ReorderBuffer, sequenceNumbers: number[], nowMs = 0): number[][] {
  return sequenceNumbers.map((number) => buffer.push(packet(number), nowMs).map(({ sequenceNumber }) => sequenceNumber));
}

const LIMITS = { maxDelayMs: 100, maxPackets: 8 };

describe('reorder buffer', () => {
  it('passes packets in order at once, over the wrap too', () => {
    expect(feed(new ReorderBuffer(LIMITS), [65534, 65535, 0, 1])).toEqual([[65534], [65535], [0], [1]]);
  });

  it('holds what is ahead of a gap until the missing packet comes', () => {
    expect(feed(new ReorderBuffer(LIMITS), [65534, 0, 1, 65535, 2])).toEqual([[65534], [], [], [65535, 0, 1], [2]]);
  });

  it('drops what comes late or twice', () => {
    expect(feed(new ReorderBuffer(LIMITS), [10, 10, 9, 12, 12, 11, 12, 13])).toEqual([[10], [], [], [], [], [11, 12], [], [13]]);
  });

  it('goes on behind a gap after the longest wait, and lets a second gap wait on its own', () => {
    const buffer = new ReorderBuffer(LIMITS);
    feed(buffer, [10, 12], 0);
    expect(feed(buffer, [15], 100)).toEqual([[]]);
    expect(feed(buffer, [16], 101)).toEqual([[12]]);
    expect(feed(buffer, [17], 201)).toEqual([[]]);
    expect(feed(buffer, [13], 202)).toEqual([[13]]);
    expect(feed(buffer, [18], 303)).toEqual([[15, 16, 17, 18]]);
  });

  it('goes on behind a gap when more wait than it may keep', () => {
    const numbers = [10, ...Array.from({ length: 9 }, (_, index) => 12 + index)];
    expect(feed(new ReorderBuffer(LIMITS), numbers).at(-1)).toEqual([12, 13, 14, 15, 16, 17, 18, 19, 20]);
  });

  it('takes a jump beyond 3000 for another stream and keeps nothing back', () => {
    expect(feed(new ReorderBuffer(LIMITS), [10, 12, 13_000, 13_001, 20])).toEqual([[10], [], [12, 13_000], [13_001], [20]]);
  });

  it('brings any packets within its limits back into order, each once', () => {
    const order = fc.tuple(
      fc.integer({ min: 0, max: 0xffff }),
      fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 60 }),
    );
    fc.assert(
      fc.property(order, ([first, keys]) => {
        // Packet i comes at place i plus up to 6, so at most 6 wait; each third one comes twice.
        const sorted = keys.map((shift, index) => ({ place: index + shift, number: (first + 1 + index) & 0xffff }));
        sorted.sort((a, b) => a.place - b.place);
        const arrivals = [first, ...sorted.flatMap(({ number }, index) => (index % 3 === 0 ? [number, number] : [number]))];
        const out = feed(new ReorderBuffer(LIMITS), arrivals).flat();
        expect(out).toEqual(Array.from({ length: keys.length + 1 }, (_, index) => (first + index) & 0xffff));
      }),
      { numRuns: 500 },
    );
  });

  it('never gives a packet twice or out of order, whatever comes', () => {
    const numbers = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 80 });
    fc.assert(
      fc.property(numbers, (arrivals) => {
        const out = feed(new ReorderBuffer(LIMITS), arrivals).flat();
        expect(out).toEqual([...new Set(out)].sort((a, b) => a - b));
      }),
      { numRuns: 500 },
    );
  });
});
