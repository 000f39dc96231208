import { createHmac, randomBytes } from 'node:crypto';
import { Backoff } from '../base/backoff.ts';
import { isUnauthorized } from './onvif/soap-client.ts';

/** Waits after a refused log-in, milliseconds: cameras lock an account after some five of them, for minutes or for good. */
const FIRST_MS = 30_000;
const MAX_MS = 5 * 60_000;

/** At which device, and as whom. */
export interface LogIn {
  host: string;
  port: number;
  username: string;
  password: string;
}

type Outcome = { type: 'accepted' } | { type: 'failed'; error: unknown } | { type: 'given up' };

interface Account {
  backoff: Backoff;
  /** `until` is by `performance.now()`. */
  refusal: { error: unknown; until: number } | null;
  /** The log-in that is under way; others wait for what comes of it. */
  asking: Promise<Outcome> | null;
}

/**
 * What the cameras of one gateway know together of refused log-ins: the 16 inputs of a recorder are one account there, and are not to try
 * a wrong password 16 times. Kept in memory only, by a keyed digest.
 */
export class RefusedLogIns {
  readonly #key = randomBytes(32);
  readonly #accounts = new Map<string, Account>();

  /**
   * Logs in by `ask`, one at a time for each account; who comes meanwhile waits, and fails with the same error where that one
   * failed. Until the time of a refusal is over its error is thrown, and nobody is asked. Throws the reason of `signal`, too.
   */
  async attempt<T>(logIn: LogIn, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
    const account = this.#accountOf(logIn);
    while (account.asking !== null) {
      const outcome = await orAborted(account.asking, signal);
      if (outcome.type === 'accepted') return ask();
      if (outcome.type === 'failed') throw outcome.error;
    }
    if (isInForce(account.refusal)) throw account.refusal.error;
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    account.asking = promise;
    let outcome: Outcome = { type: 'accepted' };
    try {
      return await ask();
    } catch (error) {
      outcome = signal.aborted ? { type: 'given up' } : { type: 'failed', error };
      if (!signal.aborted && isUnauthorized(error)) this.refused(logIn, error);
      throw error;
    } finally {
      account.asking = null;
      resolve(outcome);
    }
  }

  /** Notes a refusal, unless one is in force already; returns for how long, milliseconds, nobody is to ask. */
  refused(logIn: LogIn, error: unknown): number {
    this.#forgetOld();
    const account = this.#accountOf(logIn);
    if (!isInForce(account.refusal)) account.refusal = { error, until: performance.now() + account.backoff.next() };
    return Math.ceil(account.refusal.until - performance.now());
  }

  /** The device took them, for all that was asked: the next refusal is the first one. */
  accepted(logIn: LogIn): void {
    const account = this.#accountOf(logIn);
    account.refusal = null;
    account.backoff.reset();
  }

  #accountOf({ host, port, username, password }: LogIn): Account {
    const text = JSON.stringify([host, port, username, password]);
    const key = createHmac('sha256', this.#key).update(text).digest('base64');
    const known = this.#accounts.get(key);
    if (known !== undefined) return known;
    const account = { backoff: new Backoff({ firstMs: FIRST_MS, maxMs: MAX_MS }), refusal: null, asking: null };
    this.#accounts.set(key, account);
    return account;
  }

  /** Addresses where cameras were looked for come and go. */
  #forgetOld(): void {
    const longAgo = performance.now() - 2 * MAX_MS;
    for (const [key, { refusal, asking }] of this.#accounts) {
      if (asking === null && (refusal === null || refusal.until < longAgo)) this.#accounts.delete(key);
    }
  }
}

function isInForce(refusal: Account['refusal']): refusal is NonNullable<Account['refusal']> {
  return refusal !== null && performance.now() < refusal.until;
}

/** Throws the signal's reason as soon as it aborts. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
