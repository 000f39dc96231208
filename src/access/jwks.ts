import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { type Logger, redactUrl } from '../base/log.ts';
import { SaidLately } from '../base/said-lately.ts';
import { readWholeFile } from '../config/file-fault.ts';
import { isPublicKey } from '../config/public-key.ts';

export interface JwksOptions {
  /** Where the set of keys is (RFC 7517): its http or https URL, or the path of a file. */
  source: string;
  log: Logger;
  /** A monotonic clock, milliseconds. */
  now?: () => number;
}

/** Keys are looked at again after this long, in the background. */
const FRESH_MS = 10 * 60_000;
/** Keys that could not be looked at again for this long are no longer trusted: one of them may have been withdrawn. */
const TRUSTED_MS = 60 * 60_000;
/** Between two looks, whatever strangers send; the second where there was nothing to see, as when the network is not up yet. */
const COOL_DOWN_MS = 30_000;
const RETRY_MS = 5000;
const FETCH_TIMEOUT_MS = 5000;
const MAX_BYTES = 256 * 1024;

/**
 * The public keys of whoever issues tokens, kept and looked at again: when they are old, and when a token names one that is not among them,
 * since then the issuer may have made a new one.
 */
export class Jwks {
  readonly #options: JwksOptions;
  readonly #now: () => number;
  readonly #said = new SaidLately();
  #keys: JWTVerifyGetKey | undefined;
  #loadedAt = -Infinity;
  #triedAt = -Infinity;
  #looking: Promise<void> | undefined;

  constructor(options: JwksOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** The key of a token, for `jwtVerify`; rejects with an error of jose where there is none. */
  readonly keyOf: JWTVerifyGetKey = async (header, token) => {
    const age = this.#now() - this.#loadedAt;
    if (age > TRUSTED_MS) await this.look();
    else if (age > FRESH_MS) void this.look();
    if (this.#keys === undefined || this.#now() - this.#loadedAt > TRUSTED_MS) throw new errors.JWKSInvalid('There are no keys');
    try {
      return await this.#keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.look();
      return this.#keys(header, token);
    }
  };

  /** Reads the keys unless that was tried just now; never rejects, the log says what is wrong. */
  look(): Promise<void> {
    if (this.#looking !== undefined) return this.#looking;
    const failed = this.#triedAt > this.#loadedAt;
    if (this.#now() - this.#triedAt < (failed ? RETRY_MS : COOL_DOWN_MS)) return Promise.resolve();
    this.#triedAt = this.#now();
    this.#looking = this.#load().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #load(): Promise<void> {
    const { source, log } = this.#options;
    const place = isUrl(source) ? redactUrl(source) : source;
    try {
      const text = isUrl(source) ? await fetchText(source) : readWholeFile('http.auth.jwt', source);
      const set = JSON.parse(text) as JSONWebKeySet;
      this.#keys = createLocalJWKSet(set);
      this.#loadedAt = this.#now();
      if (!set.keys.some(isPublicKey)) {
        const why = `No key of the set at ${place} can be used`;
        if (this.#said.due(why) !== undefined) log.warn(`${why}; every JSON Web Token is refused until one can.`);
        return;
      }
      if (this.#said.hasSpoken) log.info(`The keys of tokens are read again from ${place}`);
      this.#said.forget();
    } catch (error) {
      const why = `The keys of tokens cannot be read from ${place}: ${wordsOf(error)}`;
      const until =
        this.#keys === undefined ? 'every JSON Web Token is refused until then' : 'those known are used for an hour at most';
      if (this.#said.due(why) !== undefined) log.warn(`${why}; ${until}. It is tried again.`);
    }
  }
}

function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

/** A redirect is not followed: the config names the place that is trusted. */
async function fetchText(source: string): Promise<string> {
  const { url, authorization } = apart(source);
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
    headers: { accept: 'application/jwk-set+json, application/json', ...authorization },
  });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new Error(`HTTP ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new Error(`longer than ${MAX_BYTES / 1024} KiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `fetch` takes no URL with a password, and its error would show it: it goes by HTTP Basic (RFC 7617) instead. */
function apart(source: string): { url: URL; authorization?: { authorization: string } } {
  const url = new URL(source);
  const { username, password } = url;
  if (username === '' && password === '') return { url };
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  url.username = '';
  url.password = '';
  return { url, authorization: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` } };
}

/** `fetch failed` says nothing; its cause does. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}
