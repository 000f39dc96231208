import { expect, it } from 'vitest';
import { parseRtcp } from '../../../../../src/media/rtp/rtcp.ts';
import { TransportArrivals } from '../../../../../src/peer/webrtc/headless/transport-arrivals.ts';
import { hex } from '../../../media/rtp-bytes.ts';

/** A packet with the transport-wide number in extension 5, behind extension 1 of two bytes and a byte of padding. */
function packet(sequence: number): Buffer {
  const bytes = hex('90e60001 00000000 00000007 bede0002 11aabb00 51000000 99');
  bytes.writeUInt16BE(sequence, 21);
  return bytes;
}

function feedbackOf(arrivals: TransportArrivals): unknown {
  const bytes = arrivals.takeFeedback(1, 7);
  return bytes && parseRtcp(bytes).messages[0];
}

function after(...packets: [sequence: number, atMs: number][]): TransportArrivals {
  const arrivals = new TransportArrivals(5);
  for (const [sequence, atMs] of packets) arrivals.note(packet(sequence), atMs * 1000);
  return arrivals;
}

it('says which packets came when, in units of 250 us from multiples of 64 ms, and which did not', () => {
  const arrivals = after([0xffff, 64], [2, 65], [1, 70]);
  expect(feedbackOf(arrivals)).toMatchObject({
    firstSequence: 0xffff,
    packets: 4,
    referenceTime: 1,
    sequenceNumbers: [0xffff, 1, 2],
    arrivals: [0, 24, 4],
  });
});

it('goes on behind what was told before, and tells nothing twice', () => {
  const arrivals = after([10, 0]);
  arrivals.takeFeedback(1, 7);
  expect(feedbackOf(arrivals)).toBeUndefined();
  for (const [at, sequence] of [10, 12, 12, 13].entries()) arrivals.note(packet(sequence), at * 1000);
  expect(feedbackOf(arrivals)).toMatchObject({ firstSequence: 11, packets: 3, sequenceNumbers: [12, 13], arrivals: [4, 12] });
});

it('passes over packets without the number', () => {
  const arrivals = new TransportArrivals(5);
  const other = packet(1);
  other[20] = 0x61;
  for (const bytes of [other, hex('80e60001 00000000 00000007 99'), hex('90e60001 00000000 00000007 10000001 51000900')])
    arrivals.note(bytes, 0);
  expect(feedbackOf(arrivals)).toBeUndefined();
});
