/** A source that has sent nothing for this long is not counted on any more, milliseconds. */
const SILENT_MS = 1000;
/** Sources that are remembered as left; a camera has two or three encoders. */
const MAX_LEFT = 8;

/**
 * Which of the sources (SSRC) that send on one track is heard. The one that the answer to SETUP announced goes before all others,
 * else the newest does at once, since its first picture may be the only keyframe for long. A source that was left is not taken up
 * again while the newer one is heard: two encoders that send on one track would have all begin anew with each packet.
 */
export class SourceChoice {
  readonly #announced: number | undefined;
  #ssrc: number | undefined;
  #lastHeardMs = 0;
  /** When each was last heard; the one that was left last stands last. */
  readonly #left = new Map<number, number>();

  constructor(announced?: number) {
    this.#announced = announced;
  }

  /** The one that is heard; undefined before the first packet. */
  get ssrc(): number | undefined {
    return this.#ssrc;
  }

  /** Tells what a packet is: of the source that is heard, of one that is heard from now on, or to be dropped. */
  hear(ssrc: number, arrivalMs: number): 'known' | 'new' | 'other' {
    const isKnown = ssrc === this.#ssrc;
    if (!isKnown && this.#isPassedOver(ssrc, arrivalMs)) return 'other';
    if (!isKnown) this.#take(ssrc);
    this.#lastHeardMs = arrivalMs;
    return isKnown ? 'known' : 'new';
  }

  #isPassedOver(ssrc: number, arrivalMs: number): boolean {
    const lastHeardMs = this.#left.get(ssrc);
    if (lastHeardMs !== undefined) this.#left.set(ssrc, arrivalMs);
    if (this.#ssrc === undefined || ssrc === this.#announced || arrivalMs - this.#lastHeardMs >= SILENT_MS) return false;
    // What is left of an earlier session comes on the new connection (Reolink RLC-410, live555 before 2017.06.04): not a new beginning.
    if (this.#ssrc === this.#announced) return true;
    return lastHeardMs !== undefined && arrivalMs - lastHeardMs < SILENT_MS;
  }

  #take(ssrc: number): void {
    this.#left.delete(ssrc);
    if (this.#ssrc !== undefined) this.#left.set(this.#ssrc, this.#lastHeardMs);
    const [oldest] = this.#left.keys();
    if (oldest !== undefined && this.#left.size > MAX_LEFT) this.#left.delete(oldest);
    this.#ssrc = ssrc;
  }
}
