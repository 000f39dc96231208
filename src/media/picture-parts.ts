import { keptPart, MAX_PARTS } from './kept-part.ts';
import type { RtpPacket } from './rtp/packet.ts';

/** One picture's payloads. */
export interface GatheredPicture {
  parts: Buffer[];
  /** RTP timestamp, 32 bits. */
  timestamp: number;
  damaged: boolean;
  lostBefore: boolean;
}

/** More than a picture of a camera has. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Gathers the payloads of pictures, for codecs whose packets are pieces of one string of bytes: up to the marker, or the next timestamp. */
export class PictureParts {
  #parts: Buffer[] = [];
  #bytes = 0;
  #timestamp: number | undefined;
  #damaged = false;
  #lostBefore = false;

  /** Where the next part of the picture under way would be. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * What has ended before the packet.
   *
   * @param gap packets before it were lost
   * @param begins it has the first part of a picture
   */
  begin({ timestamp }: RtpPacket, gap: boolean, begins: boolean): GatheredPicture | undefined {
    let completed: GatheredPicture | undefined;
    if (this.#timestamp !== undefined && this.#timestamp !== timestamp) {
      this.#damaged ||= gap;
      completed = this.#complete(this.#timestamp);
    }
    const isFirst = this.#timestamp === undefined;
    this.#timestamp = timestamp;
    if (isFirst && begins) this.#lostBefore = gap;
    else this.#damaged ||= gap || isFirst;
    return completed;
  }

  /** Takes a part; false where the picture is larger than any. */
  add(part: Buffer): boolean {
    this.#bytes += part.length;
    if (this.#bytes > MAX_BYTES || this.#parts.length >= MAX_PARTS) return false;
    this.#parts.push(keptPart(part));
    return true;
  }

  /** The picture under way is not fit for a decoder. */
  spoil(): void {
    this.#damaged = true;
    this.#parts = [];
  }

  /** What ends with the packet. */
  end({ marker }: RtpPacket): GatheredPicture | undefined {
    return marker && this.#timestamp !== undefined ? this.#complete(this.#timestamp) : undefined;
  }

  restart(): void {
    this.#complete(0);
  }

  #complete(timestamp: number): GatheredPicture {
    const completed = { parts: this.#parts, timestamp, damaged: this.#damaged, lostBefore: this.#lostBefore };
    this.#parts = [];
    this.#bytes = 0;
    this.#timestamp = undefined;
    this.#damaged = false;
    this.#lostBefore = false;
    return completed;
  }
}
