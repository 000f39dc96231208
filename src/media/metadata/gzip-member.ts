import { promisify } from 'node:util';
import { crc32, gzip, inflateRaw } from 'node:zlib';
import { firstBytes, lastBytes } from './byte-parts.ts';

/** Most bytes of one document, expanded: as many as of one that is not compressed. */
const MAX_EXPANDED_BYTES = 1024 * 1024;
/** What zlib expands at a time, bytes; each costs this thread a turn, and zlib's own 16 KiB are 64 of them. */
const CHUNK_BYTES = 256 * 1024;
/** More members than a camera has any reason to make of one document. */
const MAX_MEMBERS = 64;
const HEADER_BYTES = 10;
const DEFLATE = 8;
/** CRC32 and length of what was compressed. */
const TRAILER_BYTES = 8;
/** Deflate expands by 1032 at most (zlib's technical details). */
const MAX_EXPANSION = 1032;
/** Bits of FLG (RFC 1952 section 2.3.1). */
const HAS_HEADER_CRC = 0x02;
const HAS_EXTRA = 0x04;
const HAS_NAME = 0x08;
const HAS_COMMENT = 0x10;
const RESERVED = 0xe0;
/** XFL as encoders set it. */
const EXTRA_FLAGS: ReadonlySet<number> = new Set([0, 2, 4]);
const LAST_SYSTEM = 13;
const UNKNOWN_SYSTEM = 255;

const compress = promisify(gzip);

/** Whether a packet begins a document, whatever came before it: compressed bytes look like a GZIP header once in 2^37. */
export function beginsGzip(payload: Buffer): boolean {
  const [extraFlags = -1, system = -1] = payload.subarray(8);
  return isMember(payload) && EXTRA_FLAGS.has(extraFlags) && (system <= LAST_SYSTEM || system === UNKNOWN_SYSTEM);
}

/** Whether the bytes begin with a GZIP header (RFC 1952 section 2.3). */
function isMember(bytes: Buffer): boolean {
  const [id1, id2, method, flags = RESERVED] = bytes;
  return bytes.length >= HEADER_BYTES && id1 === 0x1f && id2 === 0x8b && method === DEFLATE && (flags & RESERVED) === 0;
}

/** Whether so many bytes may be a document from its beginning to its end: the last four say how long it is expanded. Wrong once in 500 cuts. */
export function mayBeGzip(parts: readonly Buffer[], length: number): boolean {
  if (length < HEADER_BYTES + TRAILER_BYTES || !isMember(firstBytes(parts, HEADER_BYTES))) return false;
  return lastBytes(parts, 4).readUInt32LE(0) <= Math.min(MAX_EXPANDED_BYTES, length * MAX_EXPANSION);
}

/**
 * One document that a camera compressed as exactly one member, which is the only form that all viewers expand: the bytes as they are where they
 * are that, else what they hold compressed anew.
 *
 * @returns undefined where they cannot be expanded, or expand to more than 1 MiB
 */
export async function singleMember(bytes: Buffer): Promise<Buffer | undefined> {
  const expanded: Buffer[] = [];
  let total = 0;
  let at = 0;
  while (expanded.length < MAX_MEMBERS) {
    const member = await expandMember(bytes.subarray(at), MAX_EXPANDED_BYTES - total);
    if (member === undefined) break;
    if (at === 0 && member.length === bytes.length) return bytes;
    expanded.push(member.content);
    total += member.content.length;
    at += member.length;
  }
  // What follows the last whole member is no member: padding, or rubbish. One that is cut off is missed.
  const isCutOff = isMember(bytes.subarray(at));
  return expanded.length === 0 || isCutOff ? undefined : compress(Buffer.concat(expanded));
}

/** The member at the beginning of the bytes, with its length there; undefined where there is no whole one. */
async function expandMember(bytes: Buffer, maxLength: number): Promise<{ content: Buffer; length: number } | undefined> {
  const start = headerLength(bytes);
  if (start === undefined || maxLength <= 0) return undefined;
  const inflated = await inflate(bytes.subarray(start), maxLength);
  if (inflated === undefined) return undefined;
  const trailer = start + inflated.consumed;
  if (trailer + TRAILER_BYTES > bytes.length) return undefined;
  const { content } = inflated;
  const isIntact = bytes.readUInt32LE(trailer) === crc32(content) && bytes.readUInt32LE(trailer + 4) === content.length;
  return isIntact ? { content, length: trailer + TRAILER_BYTES } : undefined;
}

function headerLength(bytes: Buffer): number | undefined {
  if (!isMember(bytes)) return undefined;
  const flags = bytes.readUInt8(3);
  let at = HEADER_BYTES;
  if ((flags & HAS_EXTRA) !== 0) at += 2 + (at + 2 <= bytes.length ? bytes.readUInt16LE(at) : 0);
  for (const text of [HAS_NAME, HAS_COMMENT]) {
    if ((flags & text) === 0) continue;
    const end = bytes.indexOf(0, at);
    if (end < 0) return undefined;
    at = end + 1;
  }
  if ((flags & HAS_HEADER_CRC) !== 0) at += 2;
  return at < bytes.length ? at : undefined;
}

/** Off this thread. The stream ends by itself; how much of the bytes it took is told. */
function inflate(bytes: Buffer, maxLength: number): Promise<{ content: Buffer; consumed: number } | undefined> {
  return new Promise((resolve) => {
    inflateRaw(bytes, { info: true, maxOutputLength: maxLength, chunkSize: CHUNK_BYTES }, (error, result) => {
      // With `info` the result is not the bytes alone, which Node's types do not tell.
      const { buffer, engine } = (result ?? {}) as unknown as { buffer?: Buffer; engine?: { bytesWritten: number } };
      resolve(
        error !== null || buffer === undefined || engine === undefined
          ? undefined
          : { content: buffer, consumed: engine.bytesWritten },
      );
    });
  });
}
