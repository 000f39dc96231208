import type { RtpPacket } from '../rtp/packet.ts';
import { hasPicture, nalType, NAL_DELIMITER, NAL_IDR, NAL_SEI, NAL_SLICE, splitAtStartCodes, type AccessUnit } from './nal.ts';

const STAP_A = 24;
const FU_A = 28;

/** One access unit as it came out of its packets. */
export interface DepacketizedAccessUnit {
  nals: AccessUnit;
  /** RTP timestamp, 32 bits, 90 kHz. */
  timestamp: number;
  /** True when a packet of it is missing or malformed: not fit for a decoder. */
  damaged: boolean;
  /** True when packets before it are missing: whole as it may be, what it refers to may be lost. */
  lostBefore: boolean;
}

export interface H264DepacketizerLimits {
  /** Most bytes of one access unit. */
  maxBytes: number;
  /** Most NAL units of one access unit. */
  maxNals: number;
}

const NOTHING: readonly DepacketizedAccessUnit[] = [];
const DEFAULT_LIMITS: H264DepacketizerLimits = { maxBytes: 4 * 1024 * 1024, maxNals: 512 };

/**
 * RTP packets in order to access units, RFC 6184. Single NAL units, STAP-A and FU-A are understood whatever packetization-mode
 * the SDP declares, since cameras that declare mode 0 or none send FU-A all the same (mediamtx#5887, #5846).
 *
 * An access unit ends at the marker bit, or where the timestamp changes for cameras that do not set the marker (FLIR M400), or set it on
 * each slice of a picture.
 */
export class H264Depacketizer {
  readonly #limits: H264DepacketizerLimits;
  #nals: Buffer[] = [];
  #bytes = 0;
  #timestamp: number | undefined;
  #damaged = false;
  #lostBefore = false;
  #fragments: Buffer[] = [];
  /** Timestamp of the access unit that a marker ended last. */
  #ended: number | undefined;
  /** False once a picture went on behind a marker. */
  #markerEnds = true;
  #malformed = 0;

  constructor(limits: H264DepacketizerLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  /** Packets that were no H.264 payload of RFC 6184, or that went over a limit. */
  get malformed(): number {
    return this.#malformed;
  }

  /**
   * Takes the next packet; `gap` says that packets before it were lost. Returns what it completed: mostly nothing or one access
   * unit, two when the packet shows by its timestamp that the one before has ended and ends its own as well.
   */
  push(packet: RtpPacket, gap: boolean): readonly DepacketizedAccessUnit[] {
    // Most packets complete nothing.
    let completed = NOTHING;
    if (this.#timestamp !== undefined && packet.timestamp !== this.#timestamp) {
      // A gap before this packet may have taken the end of the access unit before it.
      if (gap) this.#damaged = true;
      completed = this.#complete();
    }
    const begins = this.#timestamp === undefined;
    this.#timestamp = packet.timestamp;
    if (this.#markerEnds && packet.timestamp === this.#ended && continuesPicture(packet.payload)) {
      // The slices before were handed on as if they were all: this picture is lost, the next ones are told apart by their timestamps.
      this.#markerEnds = false;
      this.#lose();
    }
    // What is lost was of the access units before when this packet begins another: over UDP an IDR picture is mostly whole behind a gap.
    if (gap && begins && beginsPicture(packet.payload)) this.#lostBefore = true;
    else if (gap) this.#lose();
    if (!this.#take(packet.payload)) {
      this.#malformed += 1;
      this.#lose();
    }
    // A marker behind parameter sets or SEI alone does not end a picture (TP-Link Tapo TC70, H264DVR, go2rtc#244).
    if (packet.marker && this.#markerEnds && (this.#damaged || hasPicture(this.#nals))) {
      this.#ended = packet.timestamp;
      completed = completed.length === 0 ? this.#complete() : [...completed, ...this.#complete()];
    }
    return completed;
  }

  #lose(): void {
    this.#damaged = true;
    this.#fragments = [];
  }

  #complete(): readonly DepacketizedAccessUnit[] {
    if (this.#fragments.length > 0) this.#lose();
    const completed =
      this.#timestamp !== undefined && (this.#nals.length > 0 || this.#damaged)
        ? [{ nals: this.#nals, timestamp: this.#timestamp, damaged: this.#damaged, lostBefore: this.#lostBefore }]
        : NOTHING;
    this.#nals = [];
    this.#bytes = 0;
    this.#damaged = false;
    this.#lostBefore = false;
    this.#timestamp = undefined;
    return completed;
  }

  /** False when the payload is malformed or too large. */
  #take(payload: Buffer): boolean {
    const header = payload[0];
    if (header === undefined) return true; // An empty payload: some cameras send it as a keep-alive.
    const type = header & 0x1f;
    if (type === FU_A) return this.#takeFragment(payload);
    if (this.#fragments.length > 0) this.#lose();
    if (type === STAP_A) return this.#takeAggregate(payload);
    return this.#add(payload);
  }

  #takeAggregate(payload: Buffer): boolean {
    let at = 1;
    while (at + 2 <= payload.length) {
      const length = payload.readUInt16BE(at);
      at += 2;
      if (at + length > payload.length) return false;
      if (length > 0 && !this.#add(payload.subarray(at, at + length))) return false;
      at += length;
    }
    return true;
  }

  #takeFragment(payload: Buffer): boolean {
    const indicator = payload[0] ?? 0;
    const header = payload[1];
    if (header === undefined) return false;
    const start = (header & 0x80) !== 0;
    const end = (header & 0x40) !== 0;
    if (!isNalType(header & 0x1f)) return false;
    if (start) {
      if (this.#fragments.length > 0) this.#lose();
      this.#fragments = [Buffer.from([(indicator & 0xe0) | (header & 0x1f)])];
    } else if (this.#fragments.length === 0) {
      return this.#damaged; // Its start was lost: already counted as damage when the gap was seen.
    }
    if (payload.length > 2) this.#fragments.push(payload.subarray(2));
    this.#bytes += payload.length;
    if (this.#bytes > this.#limits.maxBytes) return false;
    // Start and end in one fragment is forbidden by RFC 6184 section 5.8 and sent by some cameras (CostarHD: gortsplib#649; OpenIPC).
    if (end) {
      const nal = Buffer.concat(this.#fragments);
      this.#fragments = [];
      return this.#keep(nal);
    }
    return true;
  }

  #add(nal: Buffer): boolean {
    this.#bytes += nal.length;
    return this.#bytes <= this.#limits.maxBytes && this.#keep(nal);
  }

  #keep(nal: Buffer): boolean {
    const type = nalType(nal);
    // A start code in front, or parameter sets and the picture in one; nothing of the kind is in what begins with a slice.
    if (type === 0 || type >= NAL_SEI) return splitAtStartCodes(nal).every((each) => this.#keepOne(each));
    return this.#keepOne(nal);
  }

  #keepOne(nal: Buffer): boolean {
    if (!isNalType(nalType(nal)) || this.#nals.length >= this.#limits.maxNals) return false;
    this.#nals.push(nal);
    return true;
  }
}

/** What RFC 6184 table 1 leaves for NAL units themselves; the types above are its own packets. */
function isNalType(type: number): boolean {
  return type > 0 && type < STAP_A;
}

/** True when the payload begins with a slice that is not the first of its picture. */
function continuesPicture(payload: Buffer): boolean {
  const nal = firstNalAt(payload);
  const type = (payload[nal] ?? 0) & 0x1f;
  const first = payload[nal + 1];
  return (type === NAL_SLICE || type === NAL_IDR) && first !== undefined && !isFirstMacroblock(first);
}

/** True when the payload begins with what comes first in an access unit: its first slice, or what stands before that. */
function beginsPicture(payload: Buffer): boolean {
  const nal = firstNalAt(payload);
  const type = (payload[nal] ?? 0) & 0x1f;
  if (type >= NAL_SEI && type <= NAL_DELIMITER) return true;
  return (type === NAL_SLICE || type === NAL_IDR) && isFirstMacroblock(payload[nal + 1] ?? 0);
}

/** Where the type of the payload's first NAL unit stands; behind the end when it began in a packet before. */
function firstNalAt(payload: Buffer): number {
  const packetType = (payload[0] ?? 0) & 0x1f;
  if (packetType === FU_A) return ((payload[1] ?? 0) & 0x80) === 0 ? payload.length : 1;
  return packetType === STAP_A ? 3 : 0;
}

/** first_mb_in_slice is the first ue(v) of a slice (ITU-T H.264 section 7.3.3): a one bit says macroblock 0. */
function isFirstMacroblock(firstByte: number): boolean {
  return (firstByte & 0x80) !== 0;
}
