import { readFileSync } from 'node:fs';
import { splitAnnexB } from '../../../src/media/h264/nal.ts';
import type { TrackDescription } from '../../../src/media/track.ts';
import { packetizeH265 } from '../../support/h265-packets.ts';
import { rtpBytes } from './rtp-bytes.ts';

/** Real encoder output: a few pictures of x265. */
const NALS = splitAnnexB(readFileSync(new URL('../../fuzz/corpus/x265.h265', import.meta.url)));
const nalType = (nal: Buffer): number => nal.readUInt8(0) >> 1;
const firstOfType = (type: number): Buffer => {
  const nal = NALS.find((each) => nalType(each) === type);
  if (nal === undefined) throw new Error(`the stream has no NAL unit of type ${type}`);
  return nal;
};
export const H265_SETS = [32, 33, 34].map((type) => firstOfType(type));
/** IDR_W_RADL or IDR_N_LP. */
export const H265_IDR: Buffer = NALS.find((nal) => nalType(nal) === 19 || nalType(nal) === 20) ?? Buffer.alloc(0);

/** A slice of P that is the whole picture; its header says so, and no decoder looks further here. Types of ITU-T H.265 table 7-1. */
export function h265Slice(type: number, sliceType: 'B' | 'P' | 'I' = 'P'): Buffer {
  // first_slice_segment_in_pic_flag, of random access no_output_of_prior_pics_flag, slice_pic_parameter_set_id 0, slice_type.
  const bits = `1${type >= 16 && type <= 23 ? '0' : ''}1${{ B: '1', P: '010', I: '011' }[sliceType]}`.padEnd(8, '1');
  return Buffer.from([type << 1, 1, Number.parseInt(bits, 2), 0x55, 0xaa]);
}

export function h265Track(fmtp: Record<string, string> = {}): TrackDescription {
  return { kind: 'video', encodingName: 'H265', payloadType: 96, clockRate: 90_000, fmtp: new Map(Object.entries(fmtp)) };
}

/** A camera's H.265 as RTP packets. */
export class H265Camera {
  sequenceNumber = 65_000;
  timestamp = 0xffff_0000;

  /** The packets of the next picture, 40 ms on. */
  picture(nals: readonly Buffer[], maxPayload = 1400): Buffer[] {
    const payloads = packetizeH265(nals, maxPayload);
    const packets = payloads.map((payload, index) => {
      const { sequenceNumber, timestamp } = this;
      this.sequenceNumber = (sequenceNumber + 1) % 2 ** 16;
      return rtpBytes({ payload, marker: index === payloads.length - 1, sequenceNumber, timestamp });
    });
    this.timestamp = (this.timestamp + 3600) % 2 ** 32;
    return packets;
  }
}

/** The NAL units within the payloads that viewers are sent, read by hand (RFC 7798 sections 4.4.1 to 4.4.3). */
export function h265NalsOf(payloads: readonly Buffer[]): Buffer[] {
  const nals: Buffer[] = [];
  for (const payload of payloads) {
    const header = payload.readUInt8(2);
    if (nalType(payload) === 49) {
      if ((header & 0x80) !== 0)
        nals.push(Buffer.from([(payload.readUInt8(0) & 0x81) | ((header & 0x3f) << 1), payload.readUInt8(1)]));
      nals.push(Buffer.concat([nals.pop() ?? Buffer.alloc(0), payload.subarray(3)]));
    } else if (nalType(payload) === 48) {
      for (let at = 2; at < payload.length; at += 2 + payload.readUInt16BE(at)) {
        nals.push(payload.subarray(at + 2, at + 2 + payload.readUInt16BE(at)));
      }
    } else {
      nals.push(payload);
    }
  }
  return nals;
}
