import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { H265Depacketizer, type DepacketizedAccessUnit } from '../../../../src/media/h265/depacketizer.ts';
import type { RtpPacket } from '../../../../src/media/rtp/packet.ts';
import { packetizeH265 } from '../../../support/h265-packets.ts';
import { anyBytes, hex } from '../rtp-bytes.ts';

/** NAL unit headers of RFC 7798 section 1.1.4: VPS 32, SPS 33, IDR_W_RADL 19, TRAIL_R 1. */
const VPS = hex('4001 aabb');
const SPS = hex('4201 ccdd');
const IDR = Buffer.concat([hex('2601'), Buffer.alloc(500, 7)]);
const TRAIL = Buffer.concat([hex('0201'), Buffer.alloc(20, 9)]);

const packet = (payload: Buffer, timestamp: number): RtpPacket => {
  return { payloadType: 97, marker: false, sequenceNumber: 0, timestamp, ssrc: 1, payload };
};

/** Pushes packets, `lost` named by position, and what ends the last picture. */
function unitsOf(
  packets: readonly RtpPacket[],
  lost: readonly number[] = [],
  subject = new H265Depacketizer(),
): DepacketizedAccessUnit[] {
  const units: DepacketizedAccessUnit[] = [];
  let gap = false;
  for (const [index, each] of [...packets, packet(TRAIL, 0xffff_ffff)].entries()) {
    const unit = lost.includes(index) ? undefined : subject.push(each, gap);
    gap = lost.includes(index);
    if (unit !== undefined) units.push(unit);
  }
  return units;
}

const PICTURES = [[VPS, SPS, IDR], [TRAIL]];
const PACKETS = PICTURES.flatMap((nals, index) => packetizeH265(nals, 200).map((payload) => packet(payload, index * 3600)));

describe('H.265 out of its packets', () => {
  it('comes whole out of aggregates, fragments and single NAL units, a picture a timestamp', () => {
    expect(PACKETS.length).toBe(5);
    expect(unitsOf(PACKETS)).toEqual([
      { nals: [VPS, SPS, IDR], timestamp: 0, damaged: false },
      { nals: [TRAIL], timestamp: 3600, damaged: false },
    ]);
  });

  it.each([1, 2])('is damaged without packet %i of its picture, and whole in the next', (lost) => {
    const [first, second] = unitsOf(PACKETS, [lost]);
    expect(first?.damaged).toBe(true);
    expect(first?.nals).not.toContainEqual(IDR);
    expect(second).toEqual({ nals: [TRAIL], timestamp: 3600, damaged: false });
  });

  it('is damaged on both sides of a loss between two pictures', () => {
    expect(unitsOf(PACKETS, [3]).map(({ damaged }) => damaged)).toEqual([true, true]);
  });

  it('takes a fragment that is start and end at once, as some cameras send', () => {
    expect(unitsOf([packet(hex('6201 c1 aabbcc'), 0)])).toEqual([{ nals: [hex('0201 aabbcc')], timestamp: 0, damaged: false }]);
  });

  it.each([
    ['an aggregate that says more than it holds', '6001 0009 4001aa'],
    ['a fragment without a header', '6201'],
    ['a kind that is not understood', '6401 aabb'],
    ['a header alone', '4001'],
  ])('counts %s, and spoils that picture only', (_, bytes) => {
    const subject = new H265Depacketizer();
    const units = unitsOf([packet(hex(bytes), 0), packet(TRAIL, 3600)], [], subject);
    expect(subject.malformed).toBe(1);
    expect(units.map(({ damaged }) => damaged)).toEqual([true, false]);
  });

  it('is bounded where fragments or NAL units never end', () => {
    const start = packet(Buffer.concat([hex('6201 81'), Buffer.alloc(60_000)]), 0);
    const middle = packet(Buffer.concat([hex('6201 01'), Buffer.alloc(60_000)]), 0);
    const subject = new H265Depacketizer();
    const [endless] = unitsOf([start, ...Array.from({ length: 200 }, () => middle)], [], subject);
    expect(endless).toEqual({ nals: [], timestamp: 0, damaged: true });
    const [many] = unitsOf(Array.from({ length: 2000 }, () => packet(TRAIL, 0)));
    expect(many?.damaged).toBe(true);
    expect(many?.nals.length).toBeLessThan(1000);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyBytes(60), fc.nat(2), fc.boolean()), { maxLength: 20 }), (packets) => {
        const subject = new H265Depacketizer();
        for (const [payload, timestamp, gap] of packets) subject.push(packet(payload, timestamp), gap);
      }),
    );
  });
});
