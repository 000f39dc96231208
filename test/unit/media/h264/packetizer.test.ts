import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { H264Depacketizer } from '../../../../src/media/h264/depacketizer.ts';
import { splitAnnexB } from '../../../../src/media/h264/nal.ts';
import { packetizeH264 } from '../../../../src/media/h264/packetizer.ts';
import { hex } from '../rtp-bytes.ts';

/** Sends an access unit through packets and back. */
function roundTrip(accessUnit: Buffer[], maxPayload: number): Buffer[] {
  const payloads = packetizeH264(accessUnit, maxPayload);
  const depacketizer = new H264Depacketizer();
  const units = payloads.flatMap((payload, index) =>
    depacketizer.push(
      { payloadType: 102, marker: index === payloads.length - 1, sequenceNumber: index, timestamp: 0, ssrc: 1, payload },
      false,
    ),
  );
  expect(depacketizer.malformed).toBe(0);
  expect(units).toHaveLength(1);
  expect(units[0]?.damaged).toBe(false);
  return units[0]?.nals ?? [];
}

const nal = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 23 }), fc.integer({ min: 0, max: 300 }))
  .map(([reference, type, length]) =>
    Buffer.concat([
      Buffer.from([(reference << 5) | type]),
      Buffer.from(Array.from({ length }, (_, at) => (at * 7 + type) & 0xff)),
    ]),
  );
/** Ends in a slice, so that the marker ends it. */
const accessUnits = fc
  .array(nal, { maxLength: 8 })
  .chain((nals) => nal.map((last) => [...nals, Buffer.concat([hex('65'), last])]));

describe('H.264 packetizer', () => {
  it('sends a NAL unit that fits as it is, without a copy', () => {
    const slice = hex('65 88 84');
    const [payload] = packetizeH264([slice], 3);
    expect(payload).toBe(slice);
  });

  it('puts small ones into one STAP-A with the highest reference bits (RFC 6184 section 5.7.1)', () => {
    expect(packetizeH264([hex('06 01'), hex('67 42'), hex('68 ce 3c'), hex('25 88')], 100)).toEqual([
      hex('78 0002 0601 0002 6742 0003 68ce3c 0002 2588'),
    ]);
    expect(packetizeH264([hex('86 01'), hex('25 88')], 100)).toEqual([hex('b8 0002 8601 0002 2588')]);
  });

  it('fragments a large one nearly evenly, start and end bit never in one (section 5.8)', () => {
    expect(packetizeH264([hex('65 01 02 03 04 05 06 07')], 6)).toEqual([hex('7c 85 01 02 03 04'), hex('7c 45 05 06 07')]);
    expect(packetizeH264([hex('41 01 02 03 04')], 4)).toEqual([hex('5c 81 01 02'), hex('5c 41 03 04')]);
    expect(packetizeH264([hex('41 01 02 03')], 3)).toEqual([hex('5c 81 01'), hex('5c 01 02'), hex('5c 41 03')]);
  });

  it('keeps the order where small and large ones alternate', () => {
    const payloads = packetizeH264([hex('67 42'), hex('68 ce'), hex('65 01 02 03 04 05 06 07 08 09 0a 0b'), hex('06 05')], 9);
    expect(payloads).toEqual([hex('78 0002 6742 0002 68ce'), hex('7c 85 010203040506'), hex('7c 45 0708090a0b'), hex('06 05')]);
  });

  it('gives nothing for nothing, and passes over empty NAL units', () => {
    expect(packetizeH264([], 1150)).toEqual([]);
    expect(packetizeH264([Buffer.alloc(0)], 1150)).toEqual([]);
    expect(packetizeH264([Buffer.alloc(0), hex('65 88')], 1150)).toEqual([hex('65 88')]);
  });

  it('never makes a payload above the limit, nor an empty one, for any access unit and limit', () => {
    fc.assert(
      fc.property(accessUnits, fc.integer({ min: 3, max: 200 }), (accessUnit, maxPayload) => {
        for (const payload of packetizeH264(accessUnit, maxPayload)) {
          expect(payload.length).toBeLessThanOrEqual(maxPayload);
          expect(payload.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('comes through the depacketizer byte for byte, for any access unit and limit', () => {
    fc.assert(
      fc.property(accessUnits, fc.integer({ min: 3, max: 200 }), (accessUnit, maxPayload) => {
        expect(roundTrip(accessUnit, maxPayload)).toEqual(accessUnit);
      }),
      { numRuns: 500 },
    );
  });

  it('does not write to the access unit', () => {
    const accessUnit = [hex('67 42'), hex('68 ce'), Buffer.concat([hex('65'), Buffer.alloc(500, 3)])];
    const before = accessUnit.map((each) => Buffer.from(each));
    packetizeH264(accessUnit, 100);
    expect(accessUnit).toEqual(before);
  });

  it("brings a real encoder's pictures through packets of 1150 bytes unchanged", () => {
    const clip = readFileSync(new URL('../../../../src/simulator/clips/main.h264', import.meta.url)).subarray(0, 300_000);
    const pictures = splitAnnexB(clip).slice(0, -1);
    expect(pictures.length).toBeGreaterThan(10);
    const slices = pictures.filter((each) => [1, 5].includes((each[0] ?? 0) & 0x1f));
    expect(slices.some((slice) => slice.length > 1150)).toBe(true);
    for (const slice of slices) {
      const accessUnit = [...pictures.slice(0, 2), slice];
      expect(packetizeH264(accessUnit, 1150).every((payload) => payload.length <= 1150)).toBe(true);
      expect(roundTrip(accessUnit, 1150)).toEqual(accessUnit);
    }
  });
});
