import { isG711, levelOfG711 } from '../g711/companding.ts';
import type { SpokenCodec } from './talk-receiver.ts';

/** -dBov: a voice at a microphone is at 15 to 40, what a browser leaves of a quiet room at 60 and more. */
const AUDIBLE_LEVEL = 50;
/** 20 ms of the lowest bit rate of Opus, 6 kbit/s, are 15 bytes; silence is 1 to 3. */
const AUDIBLE_OPUS_BYTES = 8;

/**
 * Whether a packet is loud enough to be a word: viewers with a muted microphone may send all the time.
 *
 * @param level of the header extension of RFC 6464, -dBov, where the viewer sends it; else it is taken from the sound itself, or for
 * Opus, which would have to be decoded, from the size
 */
export function isAudible(codec: SpokenCodec, payload: Buffer, level: number | undefined): boolean {
  if (level !== undefined) return level <= AUDIBLE_LEVEL;
  return isG711(codec) ? levelOfG711(payload, codec) <= AUDIBLE_LEVEL : payload.length > AUDIBLE_OPUS_BYTES;
}
