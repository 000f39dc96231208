/** Who has not been heard for this long gives the floor up, milliseconds. */
export const FLOOR_HOLD_MS = 2000;
/** Whoever was refused is heard again only after so much silence: nobody breaks into the middle of his own sentence. */
const SILENCE_MS = 500;

/**
 * `granted`: is heard. `refused`: somebody else is talking, said once. `unheard`: says nothing, or was refused and goes on talking.
 */
export type FloorAnswer = 'granted' | 'refused' | 'unheard';

/** One talker at a time: whoever is audible first has the floor, until {@link FLOOR_HOLD_MS} after his last word. */
export class TalkFloor {
  #holder: { talker: string; heardAt: number } | undefined;
  /** When those were last heard who were refused. */
  readonly #refused = new Map<string, number>();

  /** Who has the floor now. */
  holder(nowMs: number): string | undefined {
    return this.#holder !== undefined && nowMs - this.#holder.heardAt <= FLOOR_HOLD_MS ? this.#holder.talker : undefined;
  }

  /** A packet of a talker. */
  hear(talker: string, isAudible: boolean, nowMs: number): FloorAnswer {
    const holder = this.holder(nowMs);
    if (holder === talker) {
      if (isAudible) this.#holder = { talker, heardAt: nowMs };
      return 'granted';
    }
    if (!isAudible) return 'unheard';
    const refusedAt = this.#refused.get(talker);
    if (refusedAt !== undefined && nowMs - refusedAt < SILENCE_MS) {
      this.#refused.set(talker, nowMs);
      return 'unheard';
    }
    if (holder !== undefined) {
      this.#refused.set(talker, nowMs);
      return 'refused';
    }
    this.#refused.delete(talker);
    this.#holder = { talker, heardAt: nowMs };
    return 'granted';
  }

  /** The talker cannot be heard after all: has to fall silent before the next attempt. */
  refuse(talker: string, nowMs: number): void {
    this.#refused.set(talker, nowMs);
    if (this.#holder?.talker === talker) this.#holder = undefined;
  }

  /** The talker is gone. */
  leave(talker: string): void {
    this.#refused.delete(talker);
    if (this.#holder?.talker === talker) this.#holder = undefined;
  }
}
