import { expect, it } from 'vitest';
import { PacketIndexes } from '../../../../../src/peer/webrtc/headless/packet-index.ts';

const SSRC = 7;

/** Indexes of packets that all are authentic. */
function follow(...sequenceNumbers: number[]): (number | undefined)[] {
  const indexes = new PacketIndexes();
  return sequenceNumbers.map((sequenceNumber) => {
    const index = indexes.estimate(SSRC, sequenceNumber);
    if (index !== undefined) indexes.confirm(SSRC, index);
    return index;
  });
}

it('the index of a packet goes on where sequence numbers begin anew, and back for those that come late', () => {
  expect(follow(65_534, 1, 65_535, 2)).toEqual([65_534, 65_537, 65_535, 65_538]);
  expect(follow(0, 30_000, 60_000, 20_000)).toEqual([0, 30_000, 60_000, 85_536]);
});

it('no packet is before the first of a source, whose counter is 0', () => {
  expect(follow(3, 65_535, 4)).toEqual([3, undefined, 4]);
});

it('a packet that was not authentic moves nothing', () => {
  const indexes = new PacketIndexes();
  indexes.confirm(SSRC, 65_000);
  expect(indexes.estimate(SSRC, 100)).toBe(65_636);
  expect(indexes.estimate(SSRC, 40_000)).toBe(40_000);
});

it('each source counts by itself, and no more are followed than a connection has', () => {
  const indexes = new PacketIndexes();
  for (let ssrc = 0; ssrc < 64; ssrc += 1) indexes.confirm(ssrc, 65_535 + ssrc);
  expect(indexes.estimate(0, 0)).toBe(65_536);
  expect(indexes.estimate(63, 60)).toBe(65_596);
  expect(indexes.estimate(64, 5)).toBeUndefined();
});
