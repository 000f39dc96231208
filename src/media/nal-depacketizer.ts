import { keptPart, MAX_PARTS } from './kept-part.ts';
import { sequenceDistance, type RtpPacket } from './rtp/packet.ts';

/** One access unit as it came out of its packets. */
export interface DepacketizedAccessUnit {
  /** In decoding order, without start codes. */
  nals: Buffer[];
  /** RTP timestamp, 32 bits, 90 kHz. */
  timestamp: number;
  /** True when a packet of it is missing or malformed: not fit for a decoder. */
  damaged: boolean;
  /** True when packets before it are missing: whole as it may be, what it refers to may be lost. */
  lostBefore: boolean;
}

export interface NalDepacketizerLimits {
  /** Most bytes of one access unit. */
  maxBytes: number;
  /** Most NAL units of one access unit. */
  maxNals: number;
}

const NOTHING: readonly DepacketizedAccessUnit[] = [];
const DEFAULT_LIMITS: NalDepacketizerLimits = { maxBytes: 4 * 1024 * 1024, maxNals: 512 };

/**
 * RTP packets in order to access units, for codecs of NAL units; what the packets look like inside is for those who extend it.
 *
 * An access unit ends at the marker bit, or where the timestamp changes for cameras that do not set the marker (FLIR M400), or set it on
 * each slice of a picture.
 */
export abstract class NalDepacketizer {
  readonly #limits: NalDepacketizerLimits;
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
  /** Decoding order number of the NAL unit before, where they have some. */
  #decodingOrder: number | undefined;

  constructor(limits: NalDepacketizerLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  /** Packets that were no payload of the format, or that went over a limit. */
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
    if (this.#markerEnds && packet.timestamp === this.#ended && this.continuesPicture(packet.payload)) {
      // The slices before were handed on as if they were all: this picture is lost, the next ones are told apart by their timestamps.
      this.#markerEnds = false;
      this.#lose();
    }
    // What is lost was of the access units before when this packet begins another: over UDP a keyframe is mostly whole behind a gap.
    if (gap && begins && this.beginsPicture(packet.payload)) this.#lostBefore = true;
    else if (gap) this.#lose();
    // An empty payload: some cameras send it as a keep-alive.
    if (packet.payload.length > 0 && !this.take(packet.payload)) {
      this.#malformed += 1;
      this.#lose();
    }
    // A marker behind parameter sets or SEI alone does not end a picture (TP-Link Tapo TC70, H264DVR, go2rtc#244).
    if (packet.marker && this.#markerEnds && (this.#damaged || this.hasPicture(this.#nals))) {
      this.#ended = packet.timestamp;
      completed = completed.length === 0 ? this.#complete() : [...completed, ...this.#complete()];
    }
    return completed;
  }

  /** What was begun is over, and what comes next belongs to nothing before it. */
  restart(): void {
    this.#nals = [];
    this.#bytes = 0;
    this.#timestamp = undefined;
    this.#damaged = false;
    this.#lostBefore = false;
    this.#fragments = [];
    this.#ended = undefined;
    this.#markerEnds = true;
    this.#decodingOrder = undefined;
  }

  /** Takes a payload of a byte at least; false when it is malformed or too large. */
  protected abstract take(payload: Buffer): boolean;
  /** True when the payload begins with a slice that is not the first of its picture. */
  protected abstract continuesPicture(payload: Buffer): boolean;
  /** True when the payload begins with what comes first in an access unit: its first slice, or what stands before that. */
  protected abstract beginsPicture(payload: Buffer): boolean;
  /** True when there is a slice in it: parameter sets and SEI alone show nothing. */
  protected abstract hasPicture(nals: Buffer[]): boolean;
  /** Whole NAL units in what came as one; undefined where none can be. */
  protected abstract split(nal: Buffer): readonly Buffer[] | undefined;

  /** Takes a NAL unit that came whole. */
  protected add(nal: Buffer): boolean {
    this.endFragments();
    this.#bytes += nal.length;
    return this.#bytes <= this.#limits.maxBytes && this.#keep(nal);
  }

  /** Takes a part of a NAL unit; the first is its header. */
  protected addFragment(header: Buffer | undefined, part: Buffer, isLast: boolean): boolean {
    if (header !== undefined) {
      this.endFragments();
      this.#fragments = [header];
    } else if (this.#fragments.length === 0) {
      return this.#damaged; // Its start was lost: already counted as damage when the gap was seen.
    }
    if (part.length > 0) this.#fragments.push(keptPart(part));
    this.#bytes += part.length;
    if (this.#bytes > this.#limits.maxBytes || this.#fragments.length > MAX_PARTS) return false;
    if (!isLast) return true;
    const nal = Buffer.concat(this.#fragments);
    this.#fragments = [];
    return this.#keep(nal);
  }

  /** Whatever was begun in fragments is over. */
  protected endFragments(): void {
    if (this.#fragments.length > 0) this.#lose();
  }

  /** Takes the decoding order number of the NAL unit that comes; false where another that is before it in the stream comes behind it. */
  protected isInOrder(decodingOrder: number): boolean {
    const before = this.#decodingOrder;
    this.#decodingOrder = decodingOrder;
    return before === undefined || sequenceDistance(before, decodingOrder) >= 0;
  }

  #lose(): void {
    this.#damaged = true;
    this.#fragments = [];
  }

  #complete(): readonly DepacketizedAccessUnit[] {
    this.endFragments();
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

  #keep(nal: Buffer): boolean {
    const nals = this.split(nal);
    if (nals === undefined || this.#nals.length + nals.length > this.#limits.maxNals) return false;
    for (const each of nals) this.#nals.push(keptPart(each));
    return true;
  }
}
