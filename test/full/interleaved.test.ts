import { describe, expect, it } from 'vitest';
import {
  encodeInterleaved,
  InterleavedParser,
  type InterleavedCounters,
  type InterleavedItem,
} from '../../src/camera/rtsp/interleaved.ts';
import { median } from '../bench/row.ts';

/*
 * What taking RTP out of the bytes of an RTSP connection costs: processor time of this process, without that of the socket. It is printed as a share of a core,
 * and limited as a multiple of what one copy of all bytes costs on this machine at this time.
 */

/** The parser as a multiple of one that copies all and believes all: some two and a half times what is seen, which a look at each byte is far beyond. */
const MOST_OF_COPY = 1.5;
const BYTES_PER_SECOND = 100e6 / 8;
/** As Node reads from a TCP socket. */
const CHUNK_BYTES = 64 * 1024;
/** Of a turn. */
const SECONDS_OF_MEDIA = 10;
const ROUNDS = 9;
const NO_GARBAGE: InterleavedCounters = { garbageBytes: 0, resyncs: 0 };

/** About one second at 100 Mbit/s of frames of `payloadBytes`, with a report after every hundred, cut where a socket would. */
function oneSecond(payloadBytes: number): { chunks: Buffer[]; bytes: number; frames: number } {
  const rtp = Buffer.alloc(payloadBytes, 0x41);
  rtp.set([0x80, 0x60]);
  const report = Buffer.alloc(28);
  report.set([0x80, 200]);
  const frames: Buffer[] = [];
  for (let bytes = 0; bytes < BYTES_PER_SECOND; bytes += payloadBytes + 4) {
    frames.push(frames.length % 100 === 99 ? encodeInterleaved(1, report) : encodeInterleaved(0, rtp));
  }
  const all = Buffer.concat(frames);
  const chunks: Buffer[] = [];
  for (let offset = 0; offset < all.length; offset += CHUNK_BYTES) chunks.push(all.subarray(offset, offset + CHUNK_BYTES));
  return { chunks, bytes: all.length, frames: frames.length };
}

/** Takes bytes apart, and hands on what is in them. */
type Take = (onItem: (item: InterleavedItem) => void) => { push: (chunk: Buffer) => void; counters?: InterleavedCounters };

const byParser: Take = (onItem) => new InterleavedParser(onItem);

/** The simplest that does it: each chunk is copied behind what was left of the one before, and each length is believed. */
const byCopy: Take = (onItem) => {
  let rest: Buffer = Buffer.alloc(0);
  const push = (chunk: Buffer): void => {
    let offset = 0;
    const buffer = Buffer.concat([rest, chunk]);
    while (buffer.length - offset >= 4) {
      const end = offset + 4 + buffer.readUInt16BE(offset + 2);
      if (end > buffer.length) break;
      onItem({ kind: 'frame', channel: buffer.readUInt8(offset + 1), payload: buffer.subarray(offset + 4, end) });
      offset = end;
    }
    rest = buffer.subarray(offset);
  };
  return { push };
};

/** Percent of a core for 100 Mbit/s. */
function measure(second: ReturnType<typeof oneSecond>, take: Take): number {
  let frames = 0;
  const taker = take((item) => {
    // Looks at the packet as whoever takes it does, so that no work is left out.
    if (item.kind === 'frame' && item.payload.readUInt8(0) === 0x80) frames += 1;
  });
  const before = process.cpuUsage();
  for (let round = 0; round < SECONDS_OF_MEDIA; round += 1) for (const chunk of second.chunks) taker.push(chunk);
  const { user, system } = process.cpuUsage(before);
  expect(frames).toBe(second.frames * SECONDS_OF_MEDIA);
  expect(taker.counters ?? NO_GARBAGE).toEqual(NO_GARBAGE);
  return (((user + system) / 1e6) * 100 * BYTES_PER_SECOND) / (second.bytes * SECONDS_OF_MEDIA);
}

describe('interleaved frames at 100 Mbit/s', () => {
  it.each([1400, 1000])('of %i bytes cost hardly more than one copy of their bytes', (payloadBytes) => {
    const second = oneSecond(payloadBytes);
    // The compiler's own work is nobody's.
    for (const take of [byParser, byCopy]) measure(second, take);
    const rounds = Array.from({ length: ROUNDS }, () => [measure(second, byParser), measure(second, byCopy)] as const);
    const [parser, copy] = [median(rounds.map(([percent]) => percent)), median(rounds.map(([, percent]) => percent))];
    const ratio = median(rounds.map(([percent, of]) => percent / of));
    console.log(
      `interleaved, ${payloadBytes}-byte packets: ${parser.toFixed(3)} % of a core per 100 Mbit/s, ${ratio.toFixed(2)} times one copy (${copy.toFixed(3)} %)`,
    );
    expect(ratio).toBeLessThan(MOST_OF_COPY);
  });
});

describe('what looks like the beginning of a message, and is none', () => {
  /** No more than a camera is heard that sends nothing else. */
  const BYTES = 256 * 1024;
  /** Processor time below this is that of the system's clock and of collecting garbage. */
  const LEAST_MS = 5;
  /** Of each length, in turns; medians. */
  const SEARCHES = 5;
  it.each([
    ['a word over and over', 'ABC'],
    ['two words over and over', 'ABC x '],
    ['first lines', 'GET x RTSP/1.0\n'],
    ['lines of 1500 words', `${'ABC '.repeat(1500)}\n`],
    ['heads of endless messages', 'GET x RTSP/1.0\nContent-Length: 99999999\n\n'],
  ])('is searched in linear time: %s', (_, pattern) => {
    const search = (bytes: number): number => {
      const garbage = Buffer.alloc(bytes, pattern);
      const parser = new InterleavedParser(() => undefined);
      const before = process.cpuUsage();
      for (let offset = 0; offset < bytes; offset += 1460) parser.push(garbage.subarray(offset, offset + 1460));
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    };
    // The compiler's own work is not the parser's.
    search(4 * BYTES);
    const rounds = Array.from({ length: SEARCHES }, () => [search(BYTES), search(4 * BYTES)] as const);
    const [some, fourfold] = [median(rounds.map(([few]) => few)), median(rounds.map(([, many]) => many))];
    console.log(`interleaved, garbage: ${some.toFixed(1)} ms for 256 KiB, ${fourfold.toFixed(1)} ms for 1 MiB`);
    // Four times as long where it is linear, sixteen where it is quadratic; what takes no time says nothing.
    expect(fourfold / Math.max(some, LEAST_MS)).toBeLessThan(9);
  });
});
