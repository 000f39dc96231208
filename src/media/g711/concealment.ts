import { attenuateG711, SILENCE, type G711Law } from './companding.ts';

/** What is repeated is heard as a buzz when it goes on; it fades out over this much. */
const FADE_SAMPLES = 480;

/** Stands in for lost G.711: the last packet again and again, fading into silence (after ITU-T G.711 appendix I, without its pitch search). */
export class G711Concealment {
  readonly #law: G711Law;
  #last: Buffer;
  #concealed = 0;

  constructor(law: G711Law) {
    this.#law = law;
    this.#last = Buffer.from([SILENCE[law]]);
  }

  /** Notes what came. */
  received(payload: Buffer): void {
    if (payload.length > 0) this.#last = payload;
    this.#concealed = 0;
  }

  /** As many samples in place of what did not come. */
  conceal(samples: number): Buffer {
    const concealed = Buffer.alloc(samples, this.#last);
    const gain = Math.max(0, 1 - (this.#concealed + samples / 2) / FADE_SAMPLES);
    this.#concealed += samples;
    return attenuateG711(concealed, this.#law, gain);
  }
}
