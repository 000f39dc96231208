import { readNutFrameHeader } from './frame-header.ts';
import { readNutMainHeader, type NutMainHeader } from './main-header.ts';
import { NutBytes } from './nut-bytes.ts';
import { readNutStreamHeader, timestampInBase, type NutStream } from './stream-header.ts';

/*
 * NUT as ffmpeg writes it (version 3 of its open container format). Of ffmpeg's containers it is the one that gives a frame away at once, with its length
 * and its exact timestamp in front: Matroska holds two frames of sound back, Ogg one, and raw H.264 has no timestamps.
 */

/** One frame of the one stream. */
export interface NutFrame {
  data: Buffer;
  /** In units of {@link NutStream.timeBase}. */
  timestamp: number;
  keyframe: boolean;
}

const ID_STRING = Buffer.from('nut/multimedia container\0', 'latin1');
/** What is no frame begins with an N, and says by seven more bytes what it is. */
const STARTCODE_BYTES = 8;
const FIRST_OF_STARTCODE = 0x4e;
const MAIN = 0x4e4d_7a56_1f5f_04adn;
const STREAM = 0x4e53_1140_5bf2_f9dbn;
const SYNCPOINT = 0x4e4b_e4ad_eeca_4569n;

/** A header packet whose length is above this has a checksum behind its length. */
const LONG_PACKET = 4096;
const CHECKSUM_BYTES = 4;
/** Larger ones are no headers that ffmpeg writes here. */
const MAX_PACKET_BYTES = 64 * 1024;

/** Reads a stream of NUT with one stream in it. It never throws, and keeps no more than the frame that is on its way. */
export class NutReader {
  #chunks: Buffer[] = [];
  #buffered = 0;
  /** As many bytes must be there before it is worth another look. */
  #needed = ID_STRING.length;
  #begun = false;
  #broken = false;
  #main: NutMainHeader | undefined;
  #stream: NutStream | undefined;
  #lastTimestamp = 0;

  /** It cannot be read, and nothing more comes of it. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Undefined before its header has come. */
  get stream(): NutStream | undefined {
    return this.#stream;
  }

  /** Takes the next bytes; returns the frames that are complete with them. */
  push(bytes: Buffer): NutFrame[] {
    if (this.#broken) return [];
    this.#chunks.push(bytes);
    this.#buffered += bytes.length;
    if (this.#buffered < this.#needed) return [];
    const all = this.#chunks.length === 1 ? bytes : Buffer.concat(this.#chunks);
    const input = new NutBytes(all);
    const frames: NutFrame[] = [];
    let done = 0;
    while (!this.#broken && this.#step(input, frames)) done = input.position;
    // Copied: a view would hold on to all that came with it.
    this.#chunks = done === 0 ? [all] : [Buffer.from(all.subarray(done))];
    this.#buffered = all.length - done;
    this.#needed = Math.max(1, this.#needed - done);
    return frames;
  }

  /** Reads the next thing; false when it is not whole, or not to be read. */
  #step(input: NutBytes, frames: NutFrame[]): boolean {
    this.#needed = input.position + 1;
    if (!this.#begun) {
      if (!input.has(ID_STRING.length)) return false;
      if (!input.take(ID_STRING.length).equals(ID_STRING)) return this.#fail();
      this.#begun = true;
      return true;
    }
    if (!input.has(1)) return false;
    return input.peek() === FIRST_OF_STARTCODE ? this.#readPacket(input) : this.#readFrame(input, frames);
  }

  #readPacket(input: NutBytes): boolean {
    if (!input.has(STARTCODE_BYTES)) return false;
    const startcode = input.take(STARTCODE_BYTES).readBigUInt64BE();
    const length = input.varlen();
    if (input.overrun) return false;
    if (length < CHECKSUM_BYTES || length > MAX_PACKET_BYTES) return this.#fail();
    const headLength = length > LONG_PACKET ? CHECKSUM_BYTES : 0;
    if (!this.#whole(input, headLength + length)) return false;
    input.take(headLength);
    const payload = new NutBytes(input.take(length - CHECKSUM_BYTES));
    input.take(CHECKSUM_BYTES);
    switch (startcode) {
      case MAIN:
        this.#main = readNutMainHeader(payload);
        return this.#main !== undefined || this.#fail();
      case STREAM:
        this.#stream = this.#main && readNutStreamHeader(payload, this.#main);
        return this.#stream !== undefined || this.#fail();
      case SYNCPOINT:
        return this.#takeSyncpoint(payload) || this.#fail();
      default:
        // Information and the index at the end.
        return true;
    }
  }

  /** Timestamps of frames are told by their distance to the one before, and anew from each syncpoint on. */
  #takeSyncpoint(payload: NutBytes): boolean {
    if (this.#main === undefined || this.#stream === undefined) return false;
    const time = timestampInBase(payload.varlen(), this.#main, this.#stream);
    if (time === undefined || payload.overrun) return false;
    this.#lastTimestamp = time;
    return true;
  }

  #readFrame(input: NutBytes, frames: NutFrame[]): boolean {
    if (this.#main === undefined || this.#stream === undefined) return this.#fail();
    const header = readNutFrameHeader(input, this.#main, this.#stream, this.#lastTimestamp);
    if (input.overrun) return false;
    if (header === undefined) return this.#fail();
    const { timestamp, keyframe, beginning, size } = header;
    if (!this.#whole(input, size)) return false;
    this.#lastTimestamp = timestamp;
    frames.push({ data: Buffer.concat([beginning, input.take(size)]), timestamp, keyframe });
    return true;
  }

  #whole(input: NutBytes, length: number): boolean {
    this.#needed = input.position + length;
    return input.has(length);
  }

  #fail(): boolean {
    this.#broken = true;
    this.#chunks = [];
    return false;
  }
}
