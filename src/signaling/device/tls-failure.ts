import { GatewayError } from '../../base/errors.ts';
import type { TlsFiles } from '../../config/tls-files.ts';

/** Codes of node:tls for certificates (X509_V_ERR_*), without those that start with ERR_. */
const CERTIFICATE_CODES = /^(CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|INVALID_(CA|PURPOSE)|CRL_|HOSTNAME_MISMATCH|PATH_LENGTH)/;

export function isTlsError(error: Error): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return CERTIFICATE_CODES.test(code) || /^ERR_(TLS|SSL)_/.test(code) || (code === 'EPROTO' && /SSL|TLS/i.test(error.message));
}

/**
 * Why no connection by TLS came about, and what to do about it.
 *
 * @param code of the error that is made
 * @param server what and where it is: `signaling server wss://...`
 */
export function tlsFailure(code: string, server: string, error: Error, files: TlsFiles = {}): GatewayError {
  const { code: cause = '' } = error as NodeJS.ErrnoException;
  const make = (message: string, advice: string): GatewayError => new GatewayError(code, message, { advice, cause: error });
  if (cause === 'CERT_HAS_EXPIRED' || cause === 'CERT_NOT_YET_VALID') {
    const state = cause === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet';
    return make(`The certificate of the ${server} ${state}.`, 'Renew it there, and check the clock of this machine.');
  }
  if (cause === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return make(
      `The certificate of the ${server} is for another host name.`,
      'Write the name for which it was made, or give the server one for this name.',
    );
  }
  if (/SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_(GET_ISSUER|VERIFY)|CERT_UNTRUSTED|CERT_CHAIN_TOO_LONG|INVALID_CA/.test(cause)) {
    const known = files.ca === undefined ? '' : ` nor in ${files.ca}`;
    return make(
      `The certificate of the ${server} is by an authority that is not known here${known} (${cause}).`,
      'Name the certificate of that authority (PEM) by signaling.tls.ca; the server must send those in between.',
    );
  }
  if (/ALERT_/.test(cause)) return ofAlert(server, cause, files, make);
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/.test(cause) || cause === 'EPROTO') {
    return make(
      `The ${server} does not answer by TLS (${cause}).`,
      'Check the port, or write the URL without the s (ws:, http:).',
    );
  }
  return make(
    `No TLS connection with the ${server} came about (${cause}).`,
    'Check the certificate and the settings of the server.',
  );
}

/** The server said no: mostly to the certificate of this side, or to there being none. */
function ofAlert(
  server: string,
  cause: string,
  { cert }: TlsFiles,
  make: (message: string, advice: string) => GatewayError,
): GatewayError {
  if (!/CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE|BAD_CERT/.test(cause)) {
    return make(`The ${server} broke the TLS handshake off (${cause}).`, 'Check the settings of TLS there.');
  }
  return cert === undefined
    ? make(`The ${server} wants a client certificate (${cause}).`, 'Name it by signaling.tls.cert and signaling.tls.key.')
    : make(`The ${server} did not accept the client certificate in ${cert} (${cause}).`, 'Check its authority, name and dates.');
}
