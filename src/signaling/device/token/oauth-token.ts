import { Backoff } from '../../../base/backoff.ts';
import { delay } from '../../../base/delay.ts';
import { describeReason, GatewayError, reasonOf } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import { SaidLately } from '../../../base/said-lately.ts';
import type { IssuedToken } from './authorization-server.ts';
import type { TokenSource } from './token-source.ts';

export interface OAuthTokenOptions {
  issueToken: (signal: AbortSignal) => Promise<IssuedToken>;
  log: Logger;
  /** Waits between attempts to get a token, milliseconds. */
  retry?: { firstMs: number; maxMs: number };
}

const RETRY = { firstMs: 1000, maxMs: 60_000 };
/** A new one is fetched when this share of its life has passed; sites that started together do it at different times. */
const RENEW_SHARE = { least: 0.7, random: 0.15 };
/** It is not used in the last part of its life, in which it might expire on its way. */
const UNUSED_SHARE = 0.1;
const MAX_UNUSED_MS = 10_000;
const MAX_TIMER_MS = 2 ** 31 - 1;
/** A server that refuses every token must not make us fetch one at each attempt of each camera. */
const REFUSED = { firstMs: 5000, maxMs: 300_000 };
const FORGET_REFUSALS_MS = 10 * 60_000;

/**
 * The token of an authorization server, for any number of devices: fetched once for all of them, renewed before it expires, and fetched anew
 * when the signaling server refused it. Those who ask while it is being fetched wait for the same answer.
 */
export class OAuthToken implements TokenSource {
  readonly #options: OAuthTokenOptions;
  readonly #backoff: Backoff;
  readonly #refusals = new Backoff(REFUSED);
  readonly #said = new SaidLately();
  readonly #ended = new AbortController();
  #held: { token: string; usableUntil: number } | undefined;
  #fetching: Promise<string> | undefined;
  /** After a failure; by `performance.now()`, as all times here. */
  #notBefore = 0;
  /** Until then a refused token is kept. */
  #keptUntil = Number.NEGATIVE_INFINITY;
  #renewal: NodeJS.Timeout | undefined;

  constructor(options: OAuthTokenOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.retry ?? RETRY);
  }

  current(): string | Promise<string> {
    const held = this.#held;
    return held !== undefined && performance.now() < held.usableUntil ? held.token : this.#fetch();
  }

  refused(token: string): boolean {
    if (this.#held?.token !== token) return true;
    const now = performance.now();
    if (now < this.#keptUntil) return false;
    if (now - this.#keptUntil > FORGET_REFUSALS_MS) this.#refusals.reset();
    this.#keptUntil = now + this.#refusals.next();
    this.#held = undefined;
    return true;
  }

  close(): void {
    this.#ended.abort();
    clearTimeout(this.#renewal);
  }

  #fetch(): Promise<string> {
    this.#fetching ??= this.#fetchInTime().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #fetchInTime(): Promise<string> {
    const { signal } = this.#ended;
    const waitMs = this.#notBefore - performance.now();
    if (waitMs > 0) await delay(waitMs, signal);
    if (signal.aborted) throw new GatewayError('signaling.closed', 'No more tokens are fetched.');
    try {
      const issued = await this.#options.issueToken(signal);
      this.#backoff.reset();
      this.#notBefore = 0;
      this.#hold(issued);
      return issued.token;
    } catch (error) {
      this.#notBefore = performance.now() + this.#backoff.next();
      throw error;
    }
  }

  #hold({ token, lifetime }: IssuedToken): void {
    clearTimeout(this.#renewal);
    this.#said.forget();
    if (lifetime === undefined) {
      // Good until it is refused.
      this.#held = { token, usableUntil: Number.POSITIVE_INFINITY };
      return;
    }
    const lifetimeMs = lifetime * 1000;
    this.#held = { token, usableUntil: performance.now() + lifetimeMs - Math.min(lifetimeMs * UNUSED_SHARE, MAX_UNUSED_MS) };
    if (this.#ended.signal.aborted) return;
    const share = RENEW_SHARE.least + RENEW_SHARE.random * Math.random();
    this.#renewal = setTimeout(() => void this.#renew(), Math.min(lifetimeMs * share, MAX_TIMER_MS)).unref();
  }

  /** The token that is held is used until there is another one, so that a server that is away for a while is not noticed. */
  async #renew(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      try {
        await this.#fetch();
        return;
      } catch (error) {
        const reason = reasonOf(error);
        const news = this.#said.due(reason.message) !== undefined && !this.#ended.signal.aborted;
        if (news) this.#options.log.warn({ code: reason.code }, `No new token yet: ${describeReason(reason)}`);
      }
    }
  }
}
