import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { GatewayError } from '../../base/errors.ts';
import { expiryOf, readTlsFiles, type TlsFiles, type TlsPems } from '../../config/tls-files.ts';

/** Code of the errors. */
export const TLS_CODE = 'signaling.tls';

/**
 * Which servers are trusted, and by which certificate they know the gateway. The files are read before each connection, so that renewed
 * ones take effect; a context, which with all authorities of the system takes some 30 ms to make, is made anew when they have changed.
 */
export class TlsContext {
  readonly files: TlsFiles;
  #pems: TlsPems = {};
  #context: SecureContext | undefined;
  #authorities: SecureContext | undefined;

  constructor(files: TlsFiles) {
    this.files = files;
  }

  /**
   * For the signaling server.
   *
   * @throws GatewayError `signaling.tls` where a file cannot be used, or the certificate has expired.
   */
  context(): SecureContext {
    this.#read();
    const { ca, cert, key } = this.#pems;
    const expiry = cert === undefined ? undefined : expiryOf(cert);
    if (expiry !== undefined && expiry.getTime() < Date.now()) {
      throw new GatewayError(TLS_CODE, `The client certificate in ${this.files.cert} expired on ${expiry.toISOString()}.`, {
        advice: 'Renew it; the file is read again at the next attempt.',
      });
    }
    this.#context ??= createSecureContext({
      ...trusting(ca),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
    return this.#context;
  }

  /** As {@link context}, without the certificate: for other servers than the one that it is meant for. */
  authorities(): SecureContext {
    this.#read();
    this.#authorities ??= createSecureContext(trusting(this.#pems.ca));
    return this.#authorities;
  }

  #read(): void {
    const pems = readTlsFiles(TLS_CODE, this.files);
    const { ca, cert, key } = this.#pems;
    if (pems.ca === ca && pems.cert === cert && pems.key === key) return;
    this.#pems = pems;
    this.#context = undefined;
    this.#authorities = undefined;
  }
}

/** Given authorities would take the place of the usual ones, by which a server on the Internet is known. */
function trusting(ca: string | undefined): { ca?: string[] } {
  return ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] };
}
