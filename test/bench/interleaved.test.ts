import { describe, expect, it } from 'vitest';
import { encodeInterleaved, InterleavedParser } from '../../src/camera/rtsp/interleaved.ts';

/* What taking RTP out of the bytes of an RTSP connection costs: processor time of this process, without that of the socket. */

/** Most share of a core for each 100 Mbit/s. */
const MOST_PERCENT = 1;
const BYTES_PER_SECOND = 100e6 / 8;
/** As Node reads from a TCP socket. */
const CHUNK_BYTES = 64 * 1024;
const SECONDS_OF_MEDIA = 60;

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

/** Percent of a core for 100 Mbit/s. */
function measure(payloadBytes: number, seconds: number): number {
  const second = oneSecond(payloadBytes);
  let frames = 0;
  const parser = new InterleavedParser((item) => {
    // Looks at the packet as whoever takes it does, so that no work is left out.
    if (item.kind === 'frame' && item.payload.readUInt8(0) === 0x80) frames += 1;
  });
  const before = process.cpuUsage();
  for (let round = 0; round < seconds; round += 1) for (const chunk of second.chunks) parser.push(chunk);
  const { user, system } = process.cpuUsage(before);
  expect(frames).toBe(second.frames * seconds);
  expect(parser.counters).toEqual({ garbageBytes: 0, resyncs: 0 });
  return (((user + system) / 1e6) * 100 * BYTES_PER_SECOND) / (second.bytes * seconds);
}

describe('interleaved frames at 100 Mbit/s', () => {
  it.each([1400, 1000])('of %i bytes cost at most one percent of a core', (payloadBytes) => {
    // The compiler's own work is not the parser's.
    measure(payloadBytes, 5);
    const percent = measure(payloadBytes, SECONDS_OF_MEDIA);
    console.log(`interleaved, ${payloadBytes}-byte packets: ${percent.toFixed(3)} % of a core per 100 Mbit/s`);
    expect(percent).toBeLessThanOrEqual(MOST_PERCENT);
  });
});

describe('what looks like the beginning of a message, and is none', () => {
  /** No more than a camera is heard that sends nothing else. */
  const BYTES = 256 * 1024;
  /** Processor time below this is that of the system's clock and of collecting garbage. */
  const LEAST_MS = 5;
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
    const [some, fourfold] = [search(BYTES), search(4 * BYTES)];
    console.log(`interleaved, garbage: ${some.toFixed(1)} ms for 256 KiB, ${fourfold.toFixed(1)} ms for 1 MiB`);
    // Four times as long where it is linear, sixteen where it is quadratic; what takes no time says nothing.
    expect(fourfold / Math.max(some, LEAST_MS)).toBeLessThan(9);
  });
});
