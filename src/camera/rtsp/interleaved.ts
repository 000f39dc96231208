import { HeadScan, MAX_WORD_BYTES } from './head-scan.ts';
import { parseHeaders, parseStartLine, type RtspRequest, type RtspResponse } from './message.ts';

/** What comes out of one RTSP connection: messages, and the binary frames between them (RFC 2326 section 10.12). */
export type InterleavedItem =
  | { kind: 'frame'; channel: number; payload: Buffer }
  | { kind: 'request'; request: RtspRequest }
  | { kind: 'response'; response: RtspResponse };

/** What the parser had to step over. */
export interface InterleavedCounters {
  /** Bytes that belonged to no frame and no message (some cameras put garbage between frames). */
  garbageBytes: number;
  /** Times the parser lost its place and searched for the next frame or message. */
  resyncs: number;
}

const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;
const FRAME_HEADER_BYTES = 4;
const MAX_START_LINE_BYTES = 8 * 1024;
const MAX_HEAD_BYTES = 64 * 1024;
const MAX_BODY_BYTES = 1024 * 1024;
/** Channels that a frame found while searching may have; real ones are small, and random bytes are seldom so. */
const MAX_CHANNEL_AFTER_GARBAGE = 31;

/** The bytes of one frame; payload of at most 65535 bytes. */
export function encodeInterleaved(channel: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length);
  frame[0] = DOLLAR;
  frame[1] = channel;
  frame.writeUInt16BE(payload.length, 2);
  frame.set(payload, FRAME_HEADER_BYTES);
  return frame;
}

/**
 * Takes an RTSP connection apart as its bytes arrive; for clients and servers alike. Never throws on what it is given.
 *
 * A frame that lies whole in one chunk is handed on as a view of that chunk. Some cameras put garbage between frames (Canon VB-H47:
 * gortsplib#653; go2rtc#231, frigate#5323): the parser searches for the next thing that looks like a frame (small channel, RTP version 2,
 * followed by another frame or message) or like a message.
 */
export class InterleavedParser {
  readonly counters: InterleavedCounters = { garbageBytes: 0, resyncs: 0 };
  readonly #onItem: (item: InterleavedItem) => void;
  /** The unfinished item at the end of what was pushed. */
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** Length at which the unfinished item can be looked at again; undefined when only more bytes will tell. */
  #needed: number | undefined;
  #searching = false;
  /** Length at which the unfinished head is too long, whatever comes. */
  #textLimit = 0;
  /** Where in the unfinished item its empty line was searched for already. */
  #headSearched = 0;
  /** Of the buffer that is taken apart. */
  #heads: HeadScan | undefined;

  constructor(onItem: (item: InterleavedItem) => void) {
    this.#onItem = onItem;
  }

  push(chunk: Buffer): void {
    let rest = chunk;
    while (this.#pendingBytes > 0 && rest.length > 0) {
      // Of an unfinished head only a line break tells more, or another control character, or its length.
      const isMoreOfText = this.#needed === undefined && this.#pendingBytes + rest.length < this.#textLimit && !hasControl(rest);
      const take = this.#needed === undefined ? rest.length : Math.min(rest.length, this.#needed - this.#pendingBytes);
      this.#pending.push(rest.subarray(0, take));
      this.#pendingBytes += take;
      rest = rest.subarray(take);
      if (isMoreOfText || (this.#needed !== undefined && this.#pendingBytes < this.#needed)) return;
      const joined = Buffer.concat(this.#pending, this.#pendingBytes);
      this.#keep(joined.subarray(this.#parse(joined)));
    }
    if (rest.length > 0) this.#keep(rest.subarray(this.#parse(rest)));
  }

  #keep(rest: Buffer): void {
    this.#pending = rest.length > 0 ? [rest] : [];
    this.#pendingBytes = rest.length;
  }

  /** Hands on all complete items and returns how many bytes they and the garbage took. */
  #parse(buffer: Buffer): number {
    let offset = 0;
    this.#heads = undefined;
    while (offset < buffer.length) {
      const taken = this.#step(buffer, offset);
      if (taken === 0) break;
      offset += taken;
      this.#headSearched = 0;
    }
    this.#heads = undefined;
    return offset;
  }

  /** One item, or one stretch of garbage; 0 when more bytes are needed, at least `#needed` of them counted from `offset`. */
  #step(buffer: Buffer, offset: number): number {
    this.#needed = undefined;
    const first = buffer[offset];
    if (first === DOLLAR) return this.#frame(buffer, offset);
    // Empty lines may stand before a message (RFC 2068 section 4.1).
    if (!this.#searching && (first === CR || first === LF)) return 1;
    return this.#message(buffer, offset);
  }

  #frame(buffer: Buffer, offset: number): number {
    const available = buffer.length - offset;
    if (available < FRAME_HEADER_BYTES) return this.#wait(FRAME_HEADER_BYTES);
    const channel = buffer.readUInt8(offset + 1);
    const end = FRAME_HEADER_BYTES + buffer.readUInt16BE(offset + 2);
    if (this.#searching) {
      if (channel > MAX_CHANNEL_AFTER_GARBAGE || end === FRAME_HEADER_BYTES) return this.#garbage(buffer, offset);
      if (available <= FRAME_HEADER_BYTES) return this.#wait(FRAME_HEADER_BYTES + 1);
      if (buffer.readUInt8(offset + FRAME_HEADER_BYTES) >> 6 !== 2) return this.#garbage(buffer, offset);
      if (available <= end) return this.#wait(end + 1);
      if (!startsItem(buffer.readUInt8(offset + end))) return this.#garbage(buffer, offset);
    }
    if (available < end) return this.#wait(end);
    this.#searching = false;
    this.#onItem({ kind: 'frame', channel, payload: buffer.subarray(offset + FRAME_HEADER_BYTES, offset + end) });
    return end;
  }

  #message(buffer: Buffer, offset: number): number {
    if (!startsItem(buffer.readUInt8(offset))) return this.#garbage(buffer, offset);
    const heads = (this.#heads ??= new HeadScan(buffer, this.#headSearched));
    if (!heads.mayBegin(offset)) return this.#garbage(buffer, offset);
    const lineEnd = heads.lineEnd(offset);
    if (lineEnd - offset >= MAX_START_LINE_BYTES) return this.#garbage(buffer, offset);
    // While it may be the word of a method still, every byte tells more.
    if (lineEnd === buffer.length) return this.#waitForText(lineEnd - offset > MAX_WORD_BYTES ? MAX_START_LINE_BYTES : 0);
    const startLine = parseStartLine(buffer.toString('latin1', offset, lineEnd).trimEnd());
    if (startLine === undefined) return this.#garbage(buffer, offset);

    const headEnd = heads.headEnd(lineEnd);
    if ((headEnd ?? buffer.length) - offset > MAX_HEAD_BYTES) return this.#garbage(buffer, offset);
    if (headEnd === undefined) {
      this.#headSearched = Math.max(0, buffer.length - offset - 2);
      return this.#waitForText(MAX_HEAD_BYTES);
    }
    const headers = parseHeaders(buffer.toString('latin1', lineEnd + 1, headEnd).split(/\r?\n/));
    const bodyLength = /^\d+$/.test(headers.get('Content-Length') ?? '') ? Number(headers.get('Content-Length')) : 0;
    if (bodyLength > MAX_BODY_BYTES) return this.#garbage(buffer, offset, headEnd);
    const end = headEnd + bodyLength;
    if (buffer.length < end) return this.#wait(end - offset);
    this.#searching = false;
    const body = buffer.subarray(headEnd, end);
    if (startLine.kind === 'request') {
      const { method, uri } = startLine;
      this.#onItem({ kind: 'request', request: { method, uri, headers, body } });
    } else {
      const { status, reason } = startLine;
      this.#onItem({ kind: 'response', response: { status, reason, headers, body } });
    }
    return end - offset;
  }

  #wait(needed: number): 0 {
    this.#needed = needed;
    return 0;
  }

  #waitForText(limit: number): 0 {
    this.#textLimit = limit;
    return 0;
  }

  /** Counts and skips what is at `offset` up to the next byte with which an item can start, at `from` or behind. */
  #garbage(buffer: Buffer, offset: number, from = offset + 1): number {
    let next = from;
    while (next < buffer.length && !startsItem(buffer.readUInt8(next))) next += 1;
    if (!this.#searching) this.counters.resyncs += 1;
    this.#searching = true;
    this.counters.garbageBytes += next - offset;
    return next - offset;
  }
}

/** A frame starts with `$`, a message with the upper-case letters of a method or of `RTSP/1.0`. */
function startsItem(byte: number): boolean {
  return byte === DOLLAR || (byte >= 0x41 && byte <= 0x5a);
}

function hasControl(bytes: Buffer): boolean {
  return bytes.some((byte) => byte < 0x20 || byte === 0x7f);
}
