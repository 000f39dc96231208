/** What has been heard of the viewer on the path in use, counted since it was chosen. */
export interface PathSigns {
  /** Of the path; another one begins anew. */
  id: string;
  /** Datagrams and checks that came. */
  heard: number;
  /** Answers to our checks: the viewer wants what we send (RFC 7675). */
  confirmed: number;
}

/** Chromium reports about every second and checks every 2.5 s; its ICE gives up after 15 s. */
const SILENT_AFTER_MS = 5000;
/** So many times what was usual. */
const UNUSUAL = 2;
/** So often must a viewer have been heard until it is known what is usual. */
const ACQUAINTED_AFTER_SIGNS = 4;
/** Until then: our own checks, which are 4 to 6 s apart, are answered. */
const UNACQUAINTED_MS = 7000;
/** Two checks in a row went unanswered. */
const UNCONFIRMED_AFTER_MS = 13_000;
/** The 30 s of RFC 7675 section 5.1, less what may pass until a confirmation is looked at, and its absence. */
const LOST_AFTER_MS = 27_000;

/**
 * Tells from the signs of life how a path is: `failing` when it is time to look for another one, `lost` when nothing may be sent any more. Times are
 * those of any steady clock, milliseconds.
 */
export class PathWatch {
  #signs: PathSigns | undefined;
  #heardAt: number;
  #confirmedAt: number;
  /** The longest silence until now, on this path. */
  #usualSilenceMs = 0;
  #signsHeard = 0;

  constructor(now: number) {
    this.#heardAt = now;
    this.#confirmedAt = now;
  }

  /** Since the viewer was last heard. */
  silentMs(now: number): number {
    return now - this.#heardAt;
  }

  /** @param signs undefined while another path is being looked for */
  check(signs: PathSigns | undefined, now: number): 'well' | 'failing' | 'lost' {
    if (signs !== undefined) this.#note(signs, now);
    if (now - this.#confirmedAt >= LOST_AFTER_MS) return 'lost';
    return this.silentMs(now) >= this.#toleratedMs() || now - this.#confirmedAt >= UNCONFIRMED_AFTER_MS ? 'failing' : 'well';
  }

  #note(signs: PathSigns, now: number): void {
    if (signs.id !== this.#signs?.id) {
      this.#heardAt = now;
      this.#confirmedAt = now;
      this.#usualSilenceMs = 0;
      this.#signsHeard = 0;
    } else {
      if (signs.heard !== this.#signs.heard) {
        this.#usualSilenceMs = Math.max(this.#usualSilenceMs, this.silentMs(now));
        this.#heardAt = now;
        this.#signsHeard += 1;
      }
      if (signs.confirmed !== this.#signs.confirmed) this.#confirmedAt = now;
    }
    this.#signs = signs;
  }

  /** Some viewers say something only every five seconds or more. */
  #toleratedMs(): number {
    if (this.#signsHeard < ACQUAINTED_AFTER_SIGNS) return UNACQUAINTED_MS;
    return Math.min(UNCONFIRMED_AFTER_MS, Math.max(SILENT_AFTER_MS, UNUSUAL * this.#usualSilenceMs));
  }
}
