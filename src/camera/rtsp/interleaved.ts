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
 * gortsplib#653; go2rtc#231, frigate#5323): the parser searches for the next thing that looks like a frame (small channel, RTP version 2, followed by another frame or message) or like a message.
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

  constructor(onItem: (item: InterleavedItem) => void) {
    this.#onItem = onItem;
  }

  push(chunk: Buffer): void {
    let rest = chunk;
    while (this.#pendingBytes > 0 && rest.length > 0) {
      const take = this.#needed === undefined ? rest.length : Math.min(rest.length, this.#needed - this.#pendingBytes);
      this.#pending.push(rest.subarray(0, take));
      this.#pendingBytes += take;
      rest = rest.subarray(take);
      if (this.#needed !== undefined && this.#pendingBytes < this.#needed) return;
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
    while (offset < buffer.length) {
      const taken = this.#step(buffer, offset);
      if (taken === 0) break;
      offset += taken;
    }
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
    const lineEnd = buffer.subarray(offset, offset + MAX_START_LINE_BYTES).indexOf(LF);
    if (lineEnd < 0) {
      const start = buffer.toString('latin1', offset, offset + MAX_START_LINE_BYTES);
      return start.length < MAX_START_LINE_BYTES && isStartOfLine(start) ? 0 : this.#garbage(buffer, offset);
    }
    const line = buffer.toString('latin1', offset, offset + lineEnd);
    const startLine = isStartOfLine(line) ? parseStartLine(line.trimEnd()) : undefined;
    if (startLine === undefined) return this.#garbage(buffer, offset);

    const headEnd = endOfHead(buffer.subarray(offset, offset + MAX_HEAD_BYTES), lineEnd);
    if (headEnd === undefined) return buffer.length - offset < MAX_HEAD_BYTES ? 0 : this.#garbage(buffer, offset);
    const headers = parseHeaders(buffer.toString('latin1', offset + lineEnd + 1, offset + headEnd).split(/\r?\n/));
    const bodyLength = /^\d+$/.test(headers.get('Content-Length') ?? '') ? Number(headers.get('Content-Length')) : 0;
    if (bodyLength > MAX_BODY_BYTES) return this.#garbage(buffer, offset);
    const end = headEnd + bodyLength;
    if (buffer.length - offset < end) return this.#wait(end);
    this.#searching = false;
    const body = buffer.subarray(offset + headEnd, offset + end);
    if (startLine.kind === 'request') {
      const { method, uri } = startLine;
      this.#onItem({ kind: 'request', request: { method, uri, headers, body } });
    } else {
      const { status, reason } = startLine;
      this.#onItem({ kind: 'response', response: { status, reason, headers, body } });
    }
    return end;
  }

  #wait(needed: number): 0 {
    this.#needed = needed;
    return 0;
  }

  /** Counts and skips what is at `offset` up to the next byte with which an item can start. */
  #garbage(buffer: Buffer, offset: number): number {
    let next = offset + 1;
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

/** Whether a start line can still come of it: an upper-case word, then printable characters. */
function isStartOfLine(text: string): boolean {
  return /^[A-Z_]{1,32}(?:[ /][\x20-\x7e\x80-\xff]*\r?)?$/.test(text);
}

/** Offset behind the empty line that ends a head, or undefined. Bare LF is accepted. */
function endOfHead(head: Buffer, from: number): number | undefined {
  const crlf = head.indexOf('\n\r\n', from, 'latin1');
  const lf = head.indexOf('\n\n', from, 'latin1');
  if (crlf < 0 && lf < 0) return undefined;
  return lf < 0 || (crlf >= 0 && crlf < lf) ? crlf + 3 : lf + 2;
}
