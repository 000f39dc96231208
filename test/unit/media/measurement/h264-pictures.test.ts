import { describe, expect, it } from 'vitest';
import { H264Pictures } from '../../../../src/media/measurement/h264-pictures.ts';
import type { RtpPacket } from '../../../../src/media/rtp/packet.ts';

/** A NAL unit of bits written by hand (ITU-T H.264 sections 7.3.2.1.1, 7.3.2.2 and 7.3.3), with the stop bit behind them. */
function nalOf(header: number, bits: string): Buffer {
  const all = `${bits.replaceAll(' ', '')}1`;
  const padded = all.padEnd(Math.ceil(all.length / 8) * 8, '0');
  return Buffer.from([header, ...(padded.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2))]);
}

/** Main profile at level 4.0, 640x368; frame_num and the order of pictures have 4 bits each. */
const SPS = nalOf(0x67, '01001101 00000000 00101000 1 1 1 1 010 0 00000101000 000010111 1 1 0 0');
const PPS = nalOf(0x68, '1 1');
const four = (value: number): string => value.toString(2).padStart(4, '0');
const idr = (): Buffer => nalOf(0x65, `1 0001000 1 0000 1 ${four(0)}`);
const slice = (order: number, type = '00110'): Buffer => nalOf(0x41, `1 ${type} 1 0000 ${four(order)}`);
const B_SLICE = '00111';

const packet = (payload: Buffer, timestamp: number): RtpPacket => {
  return { payloadType: 96, marker: true, sequenceNumber: 0, timestamp, ssrc: 1, payload };
};

/** Whether each picture comes out of the order of showing; `'lost'` stands for packets that did not come. */
function ordersOf(...pictures: (Buffer | 'lost')[]): (boolean | null)[] {
  const reader = new H264Pictures([SPS, PPS].map((set) => set.toString('base64')).join(','));
  let gap = false;
  return pictures.flatMap((picture, index) => {
    if (picture === 'lost') {
      gap = true;
      return [];
    }
    const read = reader.push(packet(picture, index * 3600), gap);
    gap = false;
    return read.map(({ reordered }) => reordered);
  });
}

describe('the order of H.264 pictures', () => {
  it('is read in their slices', () => {
    expect(ordersOf(idr(), slice(4), slice(2, B_SLICE), slice(6))).toEqual([false, false, true, false]);
    expect(ordersOf(idr(), slice(2), slice(4), slice(6))).not.toContain(true);
  });

  it('is not known from a loss to the next IDR picture: the count may have gone round meanwhile', () => {
    expect(ordersOf(idr(), slice(2), 'lost', slice(14), slice(0), idr(), slice(2))).toEqual([
      false,
      false,
      null,
      null,
      false,
      false,
    ]);
  });

  it('is not known without parameter sets', () => {
    const reader = new H264Pictures(undefined);
    expect(reader.push(packet(idr(), 0), false)).toEqual([
      { timestamp: 0, damaged: false, keyframe: true, type: 'I', reordered: null },
    ]);
    expect(reader.format).toBeUndefined();
    expect(new H264Pictures('!!!,,=').parameterSets).toEqual({ sdp: false, inBand: false });
  });
});
