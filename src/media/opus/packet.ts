/** Milliseconds of the frames of SILK, hybrid and CELT by the lowest bits of their configuration (RFC 6716 section 3.1, table 2). */
const SILK_MS = [10, 20, 40, 60];
const HYBRID_MS = [10, 20];
const CELT_MS = [2.5, 5, 10, 20];

/** Longest packet, milliseconds (RFC 6716 section 3.2.5). */
const MAX_PACKET_MS = 120;

/** Hz; the clock of Opus is the same whatever is in it (RFC 7587 section 4.1). */
export const OPUS_CLOCK_RATE = 48_000;

/** Milliseconds that a packet lasts, by its first two bytes; undefined where they cannot be a packet's. */
export function opusDuration(packet: Buffer): number | undefined {
  const toc = packet[0];
  if (toc === undefined) return undefined;
  const configuration = toc >> 3;
  const frameMs = frameDuration(configuration);
  const frames = frameCount(toc & 3, packet[1]);
  const durationMs = frameMs * (frames ?? 0);
  return durationMs > 0 && durationMs <= MAX_PACKET_MS ? durationMs : undefined;
}

/**
 * Stands for a packet that did not come: one of its kind and length without content, which has a decoder conceal it (RFC 6716 section 2.1.7).
 *
 * @param previous the packet before it
 */
export function lostOpusPacket(previous: Buffer): Buffer {
  const toc = previous[0] ?? 0;
  // One frame of no bytes, where the packet was one frame; the count of others is in their second byte.
  return (toc & 3) === 3 ? Buffer.from([toc, (previous[1] ?? 0) & 0x3f]) : Buffer.from([toc & 3 ? (toc & 0xfc) | 1 : toc]);
}

function frameDuration(configuration: number): number {
  if (configuration < 12) return SILK_MS[configuration & 3] ?? 0;
  if (configuration < 16) return HYBRID_MS[configuration & 1] ?? 0;
  return CELT_MS[configuration & 3] ?? 0;
}

function frameCount(code: number, second: number | undefined): number | undefined {
  if (code === 0) return 1;
  return code === 3 ? second && second & 0x3f : 2;
}
