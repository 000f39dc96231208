import type { SoundFormat } from './sound-format.ts';
import type { SoundDepacketizer, SoundFrame } from './sound-frame.ts';
import type { PlacedPacket } from './track.ts';

/** Sound whose samples follow each other without a frame (RFC 3551 section 4.3): G.711, G.726, L16. */
export class SamplesDepacketizer implements SoundDepacketizer {
  readonly format: SoundFormat;
  /** Of one sample of all channels. */
  readonly #sampleBits: number;
  #malformed = 0;

  constructor(format: SoundFormat, bitsPerSample: number) {
    this.format = format;
    this.#sampleBits = bitsPerSample * format.channels;
  }

  /** Packets that end within a sample; they are used up to there. */
  get malformed(): number {
    return this.#malformed;
  }

  push({ packet: { payload, marker }, timestamp }: PlacedPacket): SoundFrame[] {
    const durationTicks = Math.floor((payload.length * 8) / this.#sampleBits);
    const bytes = Math.ceil((durationTicks * this.#sampleBits) / 8);
    if (bytes < payload.length) this.#malformed += 1;
    return durationTicks === 0 ? [] : [{ payload: payload.subarray(0, bytes), timestamp, durationTicks, marker }];
  }
}
