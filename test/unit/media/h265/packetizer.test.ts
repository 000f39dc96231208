import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { H265Depacketizer } from '../../../../src/media/h265/depacketizer.ts';
import { packetizeH265 } from '../../../../src/media/h265/packetizer.ts';
import { hex } from '../rtp-bytes.ts';

const VPS = hex('4001 aabb');
const SPS = hex('4203 ccdd');
const IDR = Buffer.concat([hex('2601 ac'), Buffer.alloc(500, 7)]);

function depacketized(payloads: readonly Buffer[]): Buffer[] {
  const subject = new H265Depacketizer();
  const packet = (payload: Buffer, timestamp: number): Parameters<H265Depacketizer['push']>[0] => {
    return { payloadType: 96, marker: false, sequenceNumber: 0, timestamp, ssrc: 1, payload };
  };
  for (const payload of payloads) subject.push(packet(payload, 0), false);
  return subject.push(packet(Buffer.alloc(0), 1), false)[0]?.nals ?? [];
}

describe('H.265 packetizer', () => {
  it('puts small NAL units into one packet with the lowest layers of them, and large ones into fragments', () => {
    const [first, ...fragments] = packetizeH265([VPS, SPS, IDR], 200);
    // Type 48, layer 0, temporal id plus 1 the lowest of 1 and 3.
    expect(first).toEqual(hex('6001 0004 4001aabb 0004 4203ccdd'));
    expect(fragments.map((payload) => payload.subarray(0, 3).toString('hex'))).toEqual(['620193', '620113', '620153']);
    expect(fragments.every(({ length }) => length <= 200)).toBe(true);
    expect(Math.max(...fragments.map(({ length }) => length)) - Math.min(...fragments.map(({ length }) => length))).toBeLessThan(
      3,
    );
  });

  it('names the lowest layer of those in a packet', () => {
    // nuh_layer_id 2 and 1: bits 9 to 4 of the header.
    expect(packetizeH265([hex('4209 ccdd'), hex('4011 aabb')], 200)[0]?.subarray(0, 2)).toEqual(hex('6009'));
  });

  it('sends one that fits as it is', () => {
    expect(packetizeH265([VPS], 1150)).toEqual([VPS]);
    expect(packetizeH265([], 1150)).toEqual([]);
    expect(packetizeH265([hex('4001')], 1150)).toEqual([]);
  });

  it('is read back as what it was made of, within any size', () => {
    const nal = fc
      .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 7 }), fc.uint8Array({ minLength: 1, maxLength: 300 }))
      // No zeros within: start codes are looked for.
      .map(([type, temporal, body]) => Buffer.concat([Buffer.from([type << 1, temporal]), body.map((byte) => byte | 1)]));
    fc.assert(
      fc.property(fc.array(nal, { minLength: 1, maxLength: 10 }), fc.integer({ min: 4, max: 400 }), (nals, maxPayload) => {
        const payloads = packetizeH265(nals, maxPayload);
        expect(payloads.every(({ length }) => length <= maxPayload)).toBe(true);
        expect(depacketized(payloads)).toEqual(nals);
      }),
    );
  });
});
