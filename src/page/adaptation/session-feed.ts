import { fetchSessions, type SessionInfo } from '../../client/index.ts';

/** The gateway looks at its sessions so often. */
const ASK_MS = 1000;
/** After a refusal, or where there is no gateway: a token that opens cameras opens this too, so it is over soon, or never. */
const FAILED_ASK_MS = 10_000;
const TIMEOUT_MS = 5000;

export interface SessionFeedOptions {
  token: () => string | null;
  /** SSRCs of the pictures of those that somebody looks at; while nobody does nothing is asked. */
  wanted: () => readonly number[];
  /** What was said of those that were asked for; nothing where there was no answer. */
  onSessions: (sessions: readonly SessionInfo[], asked: readonly number[]) => void;
}

/** Asks `/api/sessions` while somebody wants to know, at most once a second. */
export class SessionFeed {
  readonly #options: SessionFeedOptions;
  #isAsking = false;
  #nextAt = Number.NEGATIVE_INFINITY;

  constructor(options: SessionFeedOptions) {
    this.#options = options;
  }

  /** To be called whenever something may be wanted, as often as one likes. */
  look(): void {
    const now = performance.now();
    if (this.#isAsking || now < this.#nextAt || document.visibilityState !== 'visible') return;
    const wanted = this.#options.wanted();
    if (wanted.length === 0) return;
    this.#isAsking = true;
    void this.#ask(wanted, now);
  }

  async #ask(wanted: readonly number[], now: number): Promise<void> {
    const { token, onSessions } = this.#options;
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const { sessions } = await fetchSessions(document.baseURI, token() ?? undefined, signal, wanted);
      // A little less than the time between two looks of the page, that none is left out.
      this.#nextAt = now + ASK_MS - 100;
      onSessions(sessions, wanted);
    } catch {
      // What is wrong with the gateway or the token is said by whoever asks for the cameras.
      this.#nextAt = now + FAILED_ASK_MS;
      onSessions([], wanted);
    } finally {
      this.#isAsking = false;
    }
  }
}
