import { readFileSync } from 'node:fs';
import { packetizeH264 } from '../../../src/media/h264/packetizer.ts';
import { splitAnnexB } from '../../../src/media/h264/nal.ts';
import type { TrackDescription } from '../../../src/media/track.ts';
import { rtpBytes } from './rtp-bytes.ts';

/** Real encoder output: NAL units of the simulator's smaller clip. */
const CLIP_NALS: Buffer[] = splitAnnexB(readFileSync(new URL('../../../src/simulator/clips/sub.h264', import.meta.url)));
export const SPS = firstOfType(7);
export const PPS = firstOfType(8);
export const IDR = firstOfType(5);
export const SLICES: Buffer[] = CLIP_NALS.filter((nal) => (nal.readUInt8(0) & 0x1f) === 1).slice(0, 10);

function firstOfType(type: number): Buffer {
  const nal = CLIP_NALS.find((each) => (each.readUInt8(0) & 0x1f) === type);
  if (nal === undefined) throw new Error(`the clip has no NAL unit of type ${type}`);
  return nal;
}

const PICTURE_STEP = 3600;

/** A camera's H.264 as RTP packets, with numbers of its own. */
export class H264Camera {
  sequenceNumber: number;
  timestamp: number;
  ssrc: number;

  constructor(sequenceNumber = 60_000, timestamp = 0xffff_0000, ssrc = 77) {
    this.sequenceNumber = sequenceNumber;
    this.timestamp = timestamp;
    this.ssrc = ssrc;
  }

  /** The packets of the next picture, 40 ms on. */
  picture(nals: Buffer[], maxPayload = 1400): Buffer[] {
    const payloads = packetizeH264(nals, maxPayload);
    const packets = payloads.map((payload, index) => this.packet(payload, index === payloads.length - 1));
    this.timestamp = (this.timestamp + PICTURE_STEP) % 2 ** 32;
    return packets;
  }

  packet(payload: Buffer, marker: boolean): Buffer {
    const { sequenceNumber, timestamp, ssrc } = this;
    this.sequenceNumber = (this.sequenceNumber + 1) % 2 ** 16;
    return rtpBytes({ payload, marker, sequenceNumber, timestamp, ssrc });
  }
}

export function videoTrack(sprop?: string): TrackDescription {
  const fmtp = new Map(sprop === undefined ? [] : [['sprop-parameter-sets', sprop]]);
  return { kind: 'video', encodingName: 'H264', payloadType: 96, clockRate: 90_000, fmtp };
}

/** The NAL units within the payloads that viewers are sent, read by hand (RFC 6184 sections 5.6 to 5.8). */
export function nalsOf(payloads: readonly Buffer[]): Buffer[] {
  const nals: Buffer[] = [];
  for (const payload of payloads) {
    const type = payload.readUInt8(0) & 0x1f;
    if (type === 28) {
      const header = payload.readUInt8(1);
      if ((header & 0x80) !== 0) nals.push(Buffer.from([(payload.readUInt8(0) & 0xe0) | (header & 0x1f)]));
      nals.push(Buffer.concat([nals.pop() ?? Buffer.alloc(0), payload.subarray(2)]));
    } else if (type === 24) {
      for (let at = 1; at < payload.length; at += 2 + payload.readUInt16BE(at)) {
        nals.push(payload.subarray(at + 2, at + 2 + payload.readUInt16BE(at)));
      }
    } else {
      nals.push(payload);
    }
  }
  return nals;
}
