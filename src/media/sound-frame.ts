import type { SoundFormat } from './sound-format.ts';
import type { PlacedPacket } from './track.ts';

/** A piece of sound as a decoder takes it: one access unit of AAC, one packet of Opus, as many samples as came of the others. */
export interface SoundFrame {
  /** Shared by all viewers; must not be written to. */
  payload: Buffer;
  /** On the track's timeline, 32 bits, at the format's clock rate. */
  timestamp: number;
  /** At the format's clock rate; undefined where the payload does not say. */
  durationTicks?: number;
  /** Of the RTP packet, where the payload is one: sound begins behind a silence (RFC 3551 section 4.1). */
  marker: boolean;
}

/** RTP payloads of one codec to what its decoder takes. Never throws: what cannot be read is counted. */
export interface SoundDepacketizer {
  /** Another object once the stream says otherwise of itself, of which the frames given from then on are. */
  readonly format: SoundFormat;
  /** Packets that could not be read. */
  readonly malformed: number;
  /** Packets in order; what is missing or begins anew stands in their reception. */
  push(placed: PlacedPacket): SoundFrame[];
}
