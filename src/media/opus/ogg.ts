import { OPUS_CLOCK_RATE } from './packet.ts';

/* Opus in an Ogg stream (RFC 3533, RFC 7845): the form in which a decoder in another process takes it over a socket. */

const FIRST_PAGE = 2;
const SEGMENT_BYTES = 255;
const HEADER_BYTES = 27;
const MAX_SEGMENTS = 255;
/** A packet has to fit into one page; the largest that Opus makes is 7.5 KB (RFC 6716 section 3.4). */
const MAX_PACKET_BYTES = (MAX_SEGMENTS - 1) * SEGMENT_BYTES;
/** One stream to a connection, so that it may be any. */
const SERIAL = 1;

/** RFC 3533 section 6: polynomial 0x04c11db7, not reflected, begun with 0. */
const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) remainder = remainder < 0 ? (remainder << 1) ^ 0x04c11db7 : remainder << 1;
  return remainder >>> 0;
});

/** Writes one stream: a page for each packet, so that a reader has each as soon as it is there. */
export class OggOpusWriter {
  #pages = 0;
  /** Samples at 48 kHz up to the end of the last page. */
  #granule = 0;

  /** What every stream begins with (RFC 7845 sections 5.1 and 5.2). */
  header(channels: 1 | 2): Buffer {
    const head = Buffer.alloc(19);
    head.write('OpusHead', 'latin1');
    head.writeUInt8(1, 8);
    head.writeUInt8(channels, 9);
    head.writeUInt32LE(OPUS_CLOCK_RATE, 12);
    const tags = Buffer.alloc(16);
    tags.write('OpusTags', 'latin1');
    return Buffer.concat([this.#page(head, FIRST_PAGE), this.#page(tags, 0)]);
  }

  /** @param durationMs of the packet */
  packet(packet: Buffer, durationMs: number): Buffer {
    this.#granule += (durationMs * OPUS_CLOCK_RATE) / 1000;
    return this.#page(packet.subarray(0, MAX_PACKET_BYTES), 0);
  }

  #page(payload: Buffer, flags: number): Buffer {
    const segments = Math.floor(payload.length / SEGMENT_BYTES) + 1;
    const page = Buffer.alloc(HEADER_BYTES + segments + payload.length, SEGMENT_BYTES);
    page.fill(0, 0, HEADER_BYTES);
    page.write('OggS', 'latin1');
    page.writeUInt8(flags, 5);
    page.writeBigUInt64LE(BigInt(Math.round(this.#granule)), 6);
    page.writeUInt32LE(SERIAL, 14);
    page.writeUInt32LE(this.#pages, 18);
    page.writeUInt8(segments, 26);
    page.writeUInt8(payload.length % SEGMENT_BYTES, HEADER_BYTES + segments - 1);
    payload.copy(page, HEADER_BYTES + segments);
    page.writeUInt32LE(checksum(page), 22);
    this.#pages += 1;
    return page;
  }
}

function checksum(page: Buffer): number {
  let sum = 0;
  for (const byte of page) sum = ((sum << 8) ^ (CRC[((sum >>> 24) ^ byte) & 0xff] ?? 0)) >>> 0;
  return sum;
}
