import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { H265Depacketizer } from '../../../../src/media/h265/depacketizer.ts';
import type { DepacketizedAccessUnit } from '../../../../src/media/nal-depacketizer.ts';
import type { RtpPacket } from '../../../../src/media/rtp/packet.ts';
import { packetizeH265 } from '../../../support/h265-packets.ts';
import { anyBytes, hex } from '../rtp-bytes.ts';

/** NAL unit headers of RFC 7798 section 1.1.4: VPS 32, SPS 33, IDR_W_RADL 19, TRAIL_R 1. The first bit of a slice says that its picture begins. */
const VPS = hex('4001 aabb');
const SPS = hex('4201 ccdd');
const IDR = Buffer.concat([hex('2601 ac'), Buffer.alloc(500, 7)]);
const TRAIL = Buffer.concat([hex('0201 d0'), Buffer.alloc(20, 9)]);

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
    if (!lost.includes(index)) units.push(...subject.push(each, gap));
    gap = lost.includes(index);
  }
  return units;
}

const unit = (nals: Buffer[], timestamp: number): DepacketizedAccessUnit => {
  return { nals, timestamp, damaged: false, lostBefore: false };
};

const PICTURES = [[VPS, SPS, IDR], [TRAIL]];
const PACKETS = PICTURES.flatMap((nals, index) => packetizeH265(nals, 200).map((payload) => packet(payload, index * 3600)));

describe('H.265 out of its packets', () => {
  it('comes whole out of aggregates, fragments and single NAL units, a picture a timestamp', () => {
    expect(PACKETS.length).toBe(5);
    expect(unitsOf(PACKETS)).toEqual([unit([VPS, SPS, IDR], 0), unit([TRAIL], 3600)]);
  });

  it.each([1, 2])('is damaged without packet %i of its picture, and whole in the next', (lost) => {
    const [first, second] = unitsOf(PACKETS, [lost]);
    expect(first?.damaged).toBe(true);
    expect(first?.nals).not.toContainEqual(IDR);
    expect(second).toEqual(unit([TRAIL], 3600));
  });

  it('is damaged in front of a loss between two pictures, and whole behind it, though it lacks what was lost', () => {
    const [first, second] = unitsOf(PACKETS, [3]);
    expect(first?.damaged).toBe(true);
    expect(second).toEqual({ ...unit([TRAIL], 3600), lostBefore: true });
  });

  it('is damaged behind a loss where its first slice is missing', () => {
    const rest = packet(Buffer.concat([hex('0201 40'), Buffer.alloc(20, 9)]), 3600);
    expect(unitsOf([...PACKETS.slice(0, 4), packet(TRAIL, 3600), rest], [4]).map(({ damaged }) => damaged)).toEqual([true, true]);
  });

  it('is complete with its marker, and not with that of parameter sets', () => {
    const subject = new H265Depacketizer();
    expect(subject.push({ ...packet(SPS, 0), marker: true }, false)).toEqual([]);
    expect(subject.push({ ...packet(IDR, 0), marker: true }, false)).toEqual([unit([SPS, IDR], 0)]);
  });

  it('of a camera that sets the marker on each slice is told apart by timestamps, from the second picture on', () => {
    const rest = Buffer.concat([hex('0201 40'), Buffer.alloc(20, 9)]);
    const packets = [TRAIL, rest, TRAIL, rest, TRAIL, rest].map((slice, index) => ({
      ...packet(slice, Math.floor(index / 2) * 3600),
      marker: true,
    }));
    const [whole, halved, ...others] = unitsOf(packets);
    expect([whole?.nals, halved?.damaged]).toEqual([[TRAIL], true]);
    expect(others).toEqual([unit([TRAIL, rest], 3600), unit([TRAIL, rest], 7200)]);
  });

  it('is taken out of packets with decoding order numbers, where these ascend', () => {
    const packets = [
      packet(hex('6001 fffe 0006 4001aabbccdd 00 0003 4201ee'), 0), // VPS and SPS
      packet(hex('2601 ffff ac01'), 0),
      packet(hex('6201 81 0000 d002'), 3600),
      packet(hex('6201 41 0304'), 3600),
    ];
    const subject = new H265Depacketizer({ hasOrderNumbers: true });
    expect(unitsOf(packets, [], subject).slice(0, 2)).toEqual([
      unit([hex('4001aabbccdd'), hex('4201ee'), hex('2601 ac01')], 0),
      unit([hex('0201 d0020304')], 3600),
    ]);
    const swapped = new H265Depacketizer({ hasOrderNumbers: true });
    swapped.push(packet(hex('2601 0005 ac01'), 0), false);
    swapped.push(packet(hex('0201 0004 d001'), 3600), false);
    expect(swapped.malformed).toBe(1);
  });

  it('takes a fragment that is start and end at once, as some cameras send', () => {
    expect(unitsOf([packet(hex('6201 c1 aabbcc'), 0)])).toEqual([unit([hex('0201 aabbcc')], 0)]);
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
    expect(endless).toEqual({ ...unit([], 0), damaged: true });
    const [many] = unitsOf(Array.from({ length: 2000 }, () => packet(TRAIL, 0)));
    expect(many?.damaged).toBe(true);
    expect(many?.nals.length).toBeLessThan(1000);
  });

  it('counts megabytes of start codes in one NAL unit as malformed', () => {
    const subject = new H265Depacketizer();
    const parts = Array.from({ length: 60 }, (_, index) => {
      const flags = index === 0 ? 0x80 : index === 59 ? 0x40 : 0;
      const header = Buffer.from([0x62, 1, flags | 39]);
      return packet(Buffer.concat([header, Buffer.alloc(60_000, hex('00000146'))]), 0);
    });
    expect(unitsOf([...parts, packet(TRAIL, 3600)], [], subject)).toEqual([
      { ...unit([], 0), damaged: true },
      unit([TRAIL], 3600),
    ]);
    expect(subject.malformed).toBe(1);
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
