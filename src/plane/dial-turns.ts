import { DialStagger, type DialTurn } from '../base/dial-stagger.ts';
import type { ControlMessage, MediaMessage } from './messages.ts';

/*
 * Turns to connect to cameras. An NVR has its inputs in several workers, and sets up one stream at a time: the order is kept in the control plane.
 */

/** Between pulls from one address, milliseconds: an NVR with many inputs stands there, and sets up one stream at a time. */
const SAME_CAMERA_MS = 100;

type TurnMessage = Extract<MediaMessage, { type: 'turn.wanted' | 'turn.done' }>;

/** The media side: asks for turns. */
export class AskedTurns {
  readonly #post: (message: MediaMessage) => void;
  readonly #waiting = new Map<number, () => void>();
  #asked = 0;

  constructor(post: (message: MediaMessage) => void) {
    this.#post = post;
  }

  readonly turn: DialTurn = async (address, signal) => {
    if (signal.aborted) return;
    const turnId = (this.#asked += 1);
    const { promise, resolve } = Promise.withResolvers<void>();
    const giveUp = (): void => {
      this.#post({ type: 'turn.done', turnId });
      resolve();
    };
    signal.addEventListener('abort', giveUp, { once: true });
    this.#waiting.set(turnId, resolve);
    this.#post({ type: 'turn.wanted', turnId, address });
    await promise;
    signal.removeEventListener('abort', giveUp);
    this.#waiting.delete(turnId);
  };

  /** It is this one's turn; it may have given up in the same moment. */
  given(turnId: number): void {
    const resolve = this.#waiting.get(turnId);
    if (resolve === undefined) return;
    this.#post({ type: 'turn.done', turnId });
    resolve();
  }
}

/**
 * The control side: one order for all workers. A worker gets its next turn once it has got to the one before, which takes a busy one a while; others overtake it.
 * One that is stuck holds up the others once, for a second, and one that stays slow by the first of its turns.
 */
export class GivenTurns {
  readonly #turns = new DialStagger({ sameAddressMs: SAME_CAMERA_MS });
  readonly #post: (worker: number, message: ControlMessage) => void;
  /** By worker and turn; aborted once it is done with. */
  readonly #open = new Map<number, Map<number, AbortController>>();

  constructor(post: (worker: number, message: ControlMessage) => void) {
    this.#post = post;
  }

  hear(worker: number, message: TurnMessage): void {
    if (message.type === 'turn.wanted') void this.#give(worker, message);
    else {
      this.#open.get(worker)?.get(message.turnId)?.abort();
      this.#open.get(worker)?.delete(message.turnId);
    }
  }

  /** The worker is gone: nobody there waits any more. */
  forget(worker: number): void {
    for (const abort of this.#open.get(worker)?.values() ?? []) abort.abort();
    this.#open.delete(worker);
  }

  async #give(worker: number, { turnId, address }: TurnMessage & { type: 'turn.wanted' }): Promise<void> {
    const abort = new AbortController();
    const open = this.#open.get(worker) ?? new Map<number, AbortController>();
    this.#open.set(worker, open.set(turnId, abort));
    await this.#turns.hold(address, worker, abort.signal);
    if (!abort.signal.aborted) this.#post(worker, { type: 'turn.given', turnId });
  }
}
