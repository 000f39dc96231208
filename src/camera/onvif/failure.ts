import { GatewayError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import type { SoapFault } from './soap-answer.ts';

/*
 * What can go wrong between us and an ONVIF device, as `camera.*` errors. `place` is its `host:port`.
 */

/** A fault that is no refusal of credentials; callers that can do without the answer look for it. */
export class OnvifFault extends GatewayError {
  constructor(place: string, name: string, fault: SoapFault) {
    const code = fault.codes.slice(1).join('/') || fault.codes.join('/') || 'no fault code';
    const said = fault.text === '' ? code : `${fault.text} (${code})`;
    super('camera.fault', `The camera at ${place} refused ${name}: ${said}.`, { advice: faultAdvice(fault) });
  }
}

/** Whoever is there answered, and not with what was asked for: a fault, an HTTP status, a page, nothing. */
export function isBroken(error: unknown): boolean {
  return error instanceof OnvifFault || (error instanceof GatewayError && BROKEN_CODES.has(error.code));
}

const BROKEN_CODES: ReadonlySet<string> = new Set(['camera.not_onvif', 'camera.unavailable']);

/** By subcode (ONVIF Core, section 5.8.2.3, and the services' own). */
const FAULT_ADVICE: readonly (readonly [RegExp, string])[] = [
  [/^ActionNotSupported$|^(PTZ|Imaging|Audio\w*)NotSupported$/, 'The camera cannot do this; a newer firmware may.'],
  [/^OperationProhibited$/, 'Give this user of the camera the role of an operator or administrator.'],
  [
    /^No(Profile|Config|Entity|Source|Token|PTZProfile|ImagingForSource)$|^ResourceUnknownFault$/,
    'It is no longer there; try again.',
  ],
  [/^Max|Conflict$|^InvalidStreamSetup$|^ConfigModify$/, "Look at the profiles on the camera's own web page."],
  [/^(OutofMemory|CriticalError|ConnectionExhausted)$/i, 'Restart the camera; close other programs that use it.'],
];

function faultAdvice({ codes }: SoapFault): string {
  for (const [pattern, advice] of FAULT_ADVICE) {
    if (codes.some((code) => pattern.test(code))) return advice;
  }
  return 'If this stays, restart the camera and look for a newer firmware.';
}

export function notOnvif(place: string, what: string): GatewayError {
  return new GatewayError('camera.not_onvif', `${place} is not an ONVIF camera: it ${what}`, {
    advice: 'Check address and port, and that ONVIF is switched on in the camera.',
  });
}

/** It answers in HTTP that it cannot just now (5xx). */
export function unavailable(place: string, name: string, status: number): GatewayError {
  return new GatewayError('camera.unavailable', `The camera at ${place} answers ${name} with HTTP status ${status}.`, {
    advice: 'It may be starting or overloaded; if this stays, restart it and close other programs that use it.',
  });
}

/** Nobody is followed to where an answer points: whoever sits in between could lead the credentials away. */
export function redirected(place: string, location: string): GatewayError {
  const to = printable(location);
  return new GatewayError('camera.redirected', `The camera at ${place} sends us on to ${to}, where we do not go.`, {
    advice: 'If the camera is there, write this address in the config (onvif: ...).',
  });
}

export function unreachable(place: string, why: string, cause: unknown): GatewayError {
  return new GatewayError('camera.unreachable', `No connection to the camera at ${place}: ${why}.`, {
    advice: 'Check its power, its cable and its address.',
    cause,
  });
}

/** It took the connection and fell silent. */
export function timedOut(place: string, timeoutMs: number): GatewayError {
  return new GatewayError(
    'camera.timeout',
    `The camera at ${place} took the connection but did not answer within ${timeoutMs / 1000} s.`,
    { advice: 'It may be starting or overloaded; if this stays, restart the camera.' },
  );
}

/** It is not who it should be by its certificate, whose SHA-256 fingerprint is `shown`. */
export function untrusted(place: string, why: string, shown: string): GatewayError {
  return new GatewayError('camera.certificate', `The certificate of the camera at ${place} is refused: ${why}.`, {
    advice: `If it is the camera's own, accept it by its fingerprint (tls_fingerprint: "${shown}").`,
  });
}

const OLD_TLS = 'its TLS is too old to be trusted unless the config names its certificate (tls_fingerprint: ...)';

const NETWORK_REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'it refuses connections on this port',
  ECONNRESET: 'it cut the connection',
  EPIPE: 'it cut the connection',
  EHOSTUNREACH: 'no such host on the network',
  EHOSTDOWN: 'the host is down',
  ENETUNREACH: 'no route to this network',
  ENOTFOUND: 'the name does not resolve',
  EAI_AGAIN: 'the name server does not answer',
  ETIMEDOUT: 'no answer',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: OLD_TLS,
  ERR_SSL_UNSUPPORTED_PROTOCOL: OLD_TLS,
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS on this port (write http:// instead of https://)',
};

/** The error of a socket or of the HTTP parser in our words. */
export function networkError(place: string, error: unknown): Error {
  if (error instanceof GatewayError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code.startsWith('HPE_')) return notOnvif(place, 'does not answer in HTTP.');
  return unreachable(place, NETWORK_REASONS[code] ?? (error instanceof Error ? error.message : String(error)), error);
}
