import { randomBytes } from 'node:crypto';
import { encodeInterleaved } from '../../../src/camera/rtsp/interleaved.ts';
import { isKeyframe, NAL_IDR, NAL_PPS, NAL_SLICE, NAL_SPS, nalType, type AccessUnit } from '../../../src/media/h264/nal.ts';
import { packetizeH264 } from '../../../src/media/h264/packetizer.ts';
import { encodeRtpPacket, RTP_HEADER_LENGTH } from '../../../src/media/rtp/packet.ts';
import { TIME_STAMP, writeTime } from '../time-stamp.ts';

export const FRAMES_PER_SECOND = 25;
const VIDEO_CLOCK = 90_000;
/** As cameras do on Ethernet. */
const MAX_PAYLOAD = 1400;
const PAYLOAD_TYPE = 96;
const CHANNEL = 0;
/** Holds all that is read of a slice header; the rest of a picture is nobody's. */
const SLICE_HEAD_BYTES = 32;
/** Each packet of a viewer holds one whole, however the picture is cut. */
const STAMP_EVERY_BYTES = 128;

export interface PictureOptions {
  bitsPerSecond: number;
  /** Bytes of a keyframe as a multiple of those of another picture. */
  keyframeRatio: number;
}

interface Template {
  /** Interleaved frames, one behind the other. */
  bytes: Buffer;
  /** Where RTP packets begin. */
  packets: number[];
  /** Where times are written. */
  stamps: number[];
}

/**
 * One group of pictures of a given bitrate: parameter sets and slice headers of a real encoder, so that whoever looks at them finds them right,
 * and random bytes in place of the coded picture. Ready to be sent but for numbers and times.
 */
export class Pictures {
  readonly sps: Buffer;
  readonly pps: Buffer;
  readonly #templates: Template[];

  /** @param group one group of pictures of a real encoder */
  constructor(group: readonly AccessUnit[], { bitsPerSecond, keyframeRatio }: PictureOptions) {
    const [sps, pps] = parameterSets(group);
    this.sps = sps;
    this.pps = pps;
    const bytes = (bitsPerSecond / 8) * (group.length / FRAMES_PER_SECOND);
    const unit = bytes / (group.length - 1 + keyframeRatio);
    this.#templates = group.map((accessUnit) => template(accessUnit, isKeyframe(accessUnit) ? unit * keyframeRatio : unit));
  }

  /**
   * The packets of a picture as interleaved frames.
   *
   * @param index from the keyframe at the beginning on; goes round
   * @param first what the first packet is numbered
   */
  encode(index: number, first: number, ssrc: number, nowUs: number): { bytes: Buffer; packets: number } {
    const picture = this.#templates[index % this.#templates.length];
    if (picture === undefined) throw new Error('there are no pictures');
    const bytes = Buffer.from(picture.bytes);
    for (const [number, at] of picture.packets.entries()) {
      bytes.writeUInt16BE((first + number) & 0xffff, at + 2);
      bytes.writeUInt32BE(timestampOf(index), at + 4);
      bytes.writeUInt32BE(ssrc, at + 8);
    }
    for (const at of picture.stamps) writeTime(bytes, at, nowUs);
    return { bytes, packets: picture.packets.length };
  }
}

/** RTP timestamp of a picture, 32 bits. */
export function timestampOf(index: number): number {
  return (index * (VIDEO_CLOCK / FRAMES_PER_SECOND)) >>> 0;
}

function parameterSets(group: readonly AccessUnit[]): [sps: Buffer, pps: Buffer] {
  const [first = []] = group;
  const at = first.findIndex((nal) => nalType(nal) === NAL_SPS);
  const [sps, pps] = [first[at], first[at + 1]];
  if (sps === undefined || pps === undefined) throw new Error('the group does not begin with parameter sets');
  return [sps, pps];
}

function template(accessUnit: AccessUnit, bytes: number): Template {
  const slice = accessUnit.find(isSlice);
  if (slice === undefined) throw new Error('there is a picture without a slice');
  const sets = accessUnit.filter((nal) => nalType(nal) === NAL_SPS || nalType(nal) === NAL_PPS);
  const payloads = packetizeH264([...sets, synthetic(slice, bytes)], MAX_PAYLOAD);
  const packets: number[] = [];
  const frames: Buffer[] = [];
  let length = 0;
  for (const [index, payload] of payloads.entries()) {
    const marker = index === payloads.length - 1;
    const rtp = encodeRtpPacket({ payloadType: PAYLOAD_TYPE, marker, sequenceNumber: 0, timestamp: 0, ssrc: 0, payload });
    const frame = encodeInterleaved(CHANNEL, rtp);
    packets.push(length + frame.length - payload.length - RTP_HEADER_LENGTH);
    frames.push(frame);
    length += frame.length;
  }
  const all = Buffer.concat(frames);
  return { bytes: all, packets, stamps: [...placesOf(all)] };
}

function isSlice(nal: Buffer): boolean {
  return nalType(nal) >= NAL_SLICE && nalType(nal) <= NAL_IDR;
}

/** The beginning of a real slice, then bytes of no meaning among which times can be written. No two of them are 0, so no start code comes about. */
function synthetic(slice: Buffer, length: number): Buffer {
  const nal = randomBytes(Math.max(SLICE_HEAD_BYTES + STAMP_EVERY_BYTES, Math.round(length)));
  for (const [at, byte] of nal.entries()) nal[at] = byte | 1;
  slice.copy(nal, 0, 0, SLICE_HEAD_BYTES);
  for (let at = SLICE_HEAD_BYTES; at + TIME_STAMP.length <= nal.length; at += STAMP_EVERY_BYTES)
    nal.write(TIME_STAMP, at, 'latin1');
  return nal;
}

/** A stamp that was cut in two is none. */
function* placesOf(bytes: Buffer): Generator<number> {
  for (let at = bytes.indexOf(TIME_STAMP); at !== -1; at = bytes.indexOf(TIME_STAMP, at + 1)) yield at;
}
