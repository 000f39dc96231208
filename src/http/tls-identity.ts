import { reasonOf, describeReason } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { SaidLately } from '../base/said-lately.ts';
import type { HttpTlsConfig } from '../config/gateway-config.ts';
import { expiryOf, readIdentity, type TlsPems } from '../config/tls-files.ts';

export interface TlsIdentityOptions {
  files: HttpTlsConfig;
  log: Logger;
  /** Between two looks at the files, milliseconds; default 10 s. */
  intervalMs?: number;
}

const INTERVAL_MS = 10_000;
/** From here on, a certificate that is renewed by a program would have been (certbot does it 30 days before the end). */
const ENDS_SOON_MS = 7 * 24 * 60 * 60 * 1000;

/** Certificate and key of the HTTP server. The files are looked at again and again, so that a renewal needs no restart. */
export class TlsIdentity {
  readonly #options: TlsIdentityOptions;
  readonly #said = new SaidLately();
  #pems: TlsPems = {};
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TlsIdentityOptions) {
    this.#options = options;
  }

  /** @throws FileFault `http.tls` where they cannot be used. */
  load(): TlsPems {
    this.#pems = readIdentity('http.tls', this.#options.files);
    this.#checkExpiry();
    return this.#pems;
  }

  /** @param onChange gets the new ones; files that cannot be used are told by the log, and what was there stays in use */
  watch(onChange: (pems: TlsPems) => void): void {
    this.#timer = setInterval(() => this.#look(onChange), this.#options.intervalMs ?? INTERVAL_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(onChange: (pems: TlsPems) => void): void {
    const { files, log } = this.#options;
    try {
      const pems = readIdentity('http.tls', files);
      this.#said.forget();
      if (pems.cert === this.#pems.cert && pems.key === this.#pems.key) return;
      onChange(pems);
      this.#pems = pems;
      log.info(`The certificate in ${files.cert} was renewed and is in use`);
      this.#checkExpiry();
    } catch (error) {
      const why = describeReason(reasonOf(error));
      if (this.#said.due(why) !== undefined) log.warn(`The certificate of http.tls stays the one before: ${why}`);
    }
  }

  #checkExpiry(): void {
    if (this.#pems.cert === undefined) return;
    const end = expiryOf(this.#pems.cert);
    const left = end.getTime() - Date.now();
    if (left > ENDS_SOON_MS) return;
    const file = this.#options.files.cert;
    const ends = left < 0 ? 'expired, and browsers refuse it since' : 'ends soon, and browsers will refuse it from';
    this.#options.log.warn(`The certificate in ${file} ${ends} ${end.toISOString()}. Renew it; no restart is needed.`);
  }
}
