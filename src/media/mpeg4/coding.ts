import type { CodedPicture, VideoCoding } from '../coded-picture.ts';
import { PictureParts, type GatheredPicture } from '../picture-parts.ts';
import type { RtpPacket } from '../rtp/packet.ts';
import { readHeaders, startsWithCode, vopOf } from './headers.ts';
import { splitVops } from './vops.ts';

/** Of video in RTP, Hz. */
const CLOCK_RATE = 90_000;

/** MPEG-4 part 2 (RFC 6416, MP4V-ES): no browser plays it, so its pictures go to a conversion as a whole. */
export class Mpeg4Coding implements VideoCoding {
  readonly codec = 'MPEG4';
  readonly #parts = new PictureParts();
  /** What a decoder is configured with: of the SDP, or the newest in band. */
  #headers: Buffer | undefined;
  #interlaced = false;
  #resolution: number | undefined;
  #malformed = 0;

  /** @param fmtp parameters of the SDP's fmtp, keys in lower case */
  constructor(fmtp: ReadonlyMap<string, string>) {
    this.#keepHeaders(Buffer.from(fmtp.get('config') ?? '', 'hex'));
  }

  get malformed(): number {
    return this.#malformed;
  }

  get interlaced(): boolean {
    return this.#interlaced;
  }

  push(packet: RtpPacket, gap: boolean): readonly CodedPicture[] {
    const before = this.#parts.begin(packet, gap, startsWithCode(packet.payload));
    if (!this.#parts.add(packet.payload)) {
      this.#malformed += 1;
      this.#parts.spoil();
    }
    return [before, this.#parts.end(packet)].flatMap((picture) => (picture === undefined ? [] : this.#read(picture)));
  }

  restart(): void {
    this.#parts.restart();
  }

  packetize(units: Buffer[]): Buffer[] {
    return units;
  }

  #read({ parts, timestamp, damaged, lostBefore }: GatheredPicture): CodedPicture[] {
    // What is damaged is not handed on, and need not be looked at.
    if (damaged) return [this.#picture(Buffer.alloc(0), { timestamp, damaged, lostBefore })];
    const bytes = Buffer.concat(parts);
    let at = timestamp;
    return splitVops(bytes, readHeaders(bytes)?.format?.resolution ?? this.#resolution).map(({ bytes: vop, afterS }, index) => {
      const next = afterS === undefined ? at + 1 : timestamp + Math.round(afterS * CLOCK_RATE);
      at = index === 0 ? timestamp : next >>> 0;
      return this.#picture(vop, { timestamp: at, damaged, lostBefore: lostBefore && index === 0 });
    });
  }

  #picture(bytes: Buffer, { timestamp, damaged, lostBefore }: Omit<GatheredPicture, 'parts'>): CodedPicture {
    const hasHeaders = !damaged && this.#keepHeaders(bytes);
    const type = vopOf(bytes)?.type;
    const keyframe = type === 'I' && this.#headers !== undefined;
    return {
      units: keyframe && !hasHeaders && this.#headers !== undefined ? [Buffer.concat([this.#headers, bytes])] : [bytes],
      timestamp,
      damaged,
      lostBefore,
      hasPicture: type !== undefined,
      keyframe,
      skipped: false,
      discardable: false,
      reordered: false,
      bidirectional: type === 'B',
    };
  }

  /** True where there are some. */
  #keepHeaders(bytes: Buffer): boolean {
    const headers = readHeaders(bytes);
    if (headers === undefined) return false;
    // A copy: what came is a view of a chunk from the socket, which it would keep alive.
    this.#headers = Buffer.from(headers.bytes);
    this.#interlaced = headers.format?.interlaced === true;
    this.#resolution = headers.format?.resolution;
    return true;
  }
}
