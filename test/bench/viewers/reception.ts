import { NAL_IDR } from '../../../src/media/h264/nal.ts';
import { parseRtpPacket, sequenceDistance, type RtpPacket } from '../../../src/media/rtp/packet.ts';
import { isRtcp } from '../../../src/media/rtp/rtcp.ts';
import { monotonicUs, readTime } from '../time-stamp.ts';
import type { SrtpReader } from '../../../src/peer/webrtc/headless/srtp-reader.ts';
import type { TransportArrivals } from '../../../src/peer/webrtc/headless/transport-arrivals.ts';

/** Some packets before the keys are known are kept: those of the first picture may be among them. */
const MAX_EARLY = 1000;
const STAP_A = 24;
const FU_A = 28;

export interface ReceptionCounts {
  packets: number;
  bytes: number;
  lost: number;
  /** Of those that were looked into: packets that are none by the keys of the connection. */
  forged: number;
}

/** How long packets were on their way, milliseconds. */
export interface LatencySamples {
  ofKeyframes: number[];
  ofOthers: number[];
}

/** A packet that is decrypted later, when that delays no other. */
interface Sample {
  datagram: Buffer;
  index: number;
  atUs: number;
}

/**
 * What comes to one viewer. Until the first keyframe is whole every packet is decrypted; from then on packets are counted, and a share of them is
 * looked into for how long it was on its way.
 */
export class Reception {
  readonly counts: ReceptionCounts = { packets: 0, bytes: 0, lost: 0, forged: 0 };
  readonly #videoPayloadType: number;
  readonly #onFirstFrame: () => void;
  /** Where the sender numbers the packets of the transport. */
  arrivals: TransportArrivals | undefined;
  #srtp: SrtpReader | undefined;
  #early: Buffer[] = [];
  #firstFrame: { seen: boolean; keyframeTimestamp: number | undefined } = { seen: false, keyframeTimestamp: undefined };
  /** Of the video; undefined before its first packet. */
  #ssrc: number | undefined;
  /** Roll-over counter and sequence number of the newest packet. */
  #highest = 0;
  #sampleShare = 0;
  #samples: Sample[] = [];

  constructor(videoPayloadType: number, onFirstFrame: () => void) {
    this.#videoPayloadType = videoPayloadType;
    this.#onFirstFrame = onFirstFrame;
  }

  /** For a receiver report; undefined before the first packet. */
  get highest(): { ssrc: number; extendedSequence: number } | undefined {
    return this.#ssrc === undefined ? undefined : { ssrc: this.#ssrc, extendedSequence: this.#highest };
  }

  setKeys(srtp: SrtpReader): void {
    this.#srtp = srtp;
    for (const datagram of this.#early.splice(0)) this.receive(datagram);
  }

  /** Takes one SRTP or SRTCP packet. */
  receive(datagram: Buffer): void {
    if (isRtcp(datagram)) return;
    if (this.#srtp === undefined) {
      if (this.#early.length < MAX_EARLY) this.#early.push(datagram);
      return;
    }
    const atUs = monotonicUs();
    this.arrivals?.note(datagram, atUs);
    if ((datagram.readUInt8(1) & 0x7f) !== this.#videoPayloadType) return;
    const index = this.#count(datagram);
    if (!this.#firstFrame.seen) this.#look(datagram, index);
    else if (Math.random() < this.#sampleShare) this.#samples.push({ datagram, index, atUs });
  }

  /** Counts anew. @param sampleShare of packets whose latency is measured, 0 to 1 */
  begin(sampleShare: number): void {
    Object.assign(this.counts, { packets: 0, bytes: 0, lost: 0, forged: 0 });
    this.#samples = [];
    this.#sampleShare = sampleShare;
  }

  /** No more packets are sampled. */
  endSampling(): void {
    this.#sampleShare = 0;
  }

  /** Adds the latencies of so many samples at most, and forgets those; returns whether more are left. */
  takeLatencies(most: number, { ofKeyframes, ofOthers }: LatencySamples): boolean {
    for (const { datagram, index, atUs } of this.#samples.splice(0, most)) {
      const payload = this.#open(datagram, index)?.payload;
      const sentUs = payload && readTime(payload);
      if (payload !== undefined && sentUs !== undefined)
        (isOfKeyframe(payload) ? ofKeyframes : ofOthers).push((atUs - sentUs) / 1000);
    }
    return this.#samples.length > 0;
  }

  /** Returns the packet's roll-over counter and sequence number. */
  #count(datagram: Buffer): number {
    this.counts.packets += 1;
    this.counts.bytes += datagram.length;
    const sequence = datagram.readUInt16BE(2);
    const ssrc = datagram.readUInt32BE(8);
    if (this.#ssrc !== ssrc) {
      this.#ssrc = ssrc;
      this.#highest = sequence;
      return sequence;
    }
    const distance = sequenceDistance(this.#highest & 0xffff, sequence);
    const index = this.#highest + distance;
    // One that comes late was counted as lost before.
    this.counts.lost += distance > 0 ? distance - 1 : -1;
    this.#highest = Math.max(this.#highest, index);
    return index;
  }

  #look(datagram: Buffer, index: number): void {
    const packet = this.#open(datagram, index);
    if (packet === undefined) return;
    if (beginsKeyframe(packet.payload)) this.#firstFrame.keyframeTimestamp = packet.timestamp;
    if (!packet.marker || packet.timestamp !== this.#firstFrame.keyframeTimestamp) return;
    this.#firstFrame.seen = true;
    this.#onFirstFrame();
  }

  #open(datagram: Buffer, index: number): RtpPacket | undefined {
    try {
      return this.#srtp && parseRtpPacket(this.#srtp.open(datagram, index));
    } catch {
      this.counts.forged += 1;
      return undefined;
    }
  }
}

/** RFC 6184: all of a slice of a keyframe, or the beginning of one, alone or among others. */
function beginsKeyframe(payload: Buffer): boolean {
  const isLaterFragment = ((payload[0] ?? 0) & 0x1f) === FU_A && ((payload[1] ?? 0) & 0x80) === 0;
  return isOfKeyframe(payload) && !isLaterFragment;
}

/** The same, or any other part of one. */
function isOfKeyframe(payload: Buffer): boolean {
  const type = (payload[0] ?? 0) & 0x1f;
  if (type === FU_A) return ((payload[1] ?? 0) & 0x1f) === NAL_IDR;
  if (type !== STAP_A) return type === NAL_IDR;
  for (let at = 1; at + 2 < payload.length; at += 2 + payload.readUInt16BE(at)) {
    if (((payload[at + 2] ?? 0) & 0x1f) === NAL_IDR) return true;
  }
  return false;
}
