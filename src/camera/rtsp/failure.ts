import { GatewayError } from '../../base/errors.ts';
import { redactUrl } from '../../base/log.ts';
import type { RtspResponse } from './message.ts';

/*
 * What can go wrong on the way to a camera's stream, as `rtsp.*` errors. `place` is the stream's URL without secrets.
 */

/** No connection: refused, no route, name unknown, no answer. */
export function unreachable(place: string, why: string, cause?: unknown): GatewayError {
  return new GatewayError('rtsp.unreachable', `No connection to ${place}: ${why}.`, {
    advice:
      'Check that the camera is on, that address and port are right (RTSP is usually 554) and that RTSP is enabled in the camera.',
    cause,
  });
}

/** The camera is not who it should be by its certificate, whose SHA-256 fingerprint is `shown`. */
export function untrusted(place: string, why: string, shown: string): GatewayError {
  return new GatewayError('rtsp.certificate', `The certificate of ${place} is refused: ${why}.`, {
    advice: `If it is the camera's own, accept it by its fingerprint (tls_fingerprint: "${shown}").`,
  });
}

/** Media were to come by UDP, and there is no pair of ports for them. */
export function noUdpPorts(place: string, cause: unknown): GatewayError {
  return new GatewayError('rtsp.udp', `No pair of UDP ports is free for the media of ${place}.`, {
    advice: 'Fetch this camera over TCP (transport: tcp).',
    cause,
  });
}

export function timedOut(place: string, method: string, timeoutMs: number): GatewayError {
  return new GatewayError('rtsp.timeout', `${place} did not answer ${method} within ${timeoutMs / 1000} s.`, {
    advice: 'The camera may be overloaded or restarting; check how many clients pull its streams.',
  });
}

export function stalled(place: string, what: 'video' | 'media', stallMs: number): GatewayError {
  return new GatewayError('rtsp.stalled', `${place} has sent no ${what} for ${stallMs / 1000} s.`, {
    advice: 'If this goes on, check the network to the camera and whether it serves other viewers at the same time.',
  });
}

/** The camera answers, and sends nothing: nothing moves in front of one that sends on motion only, or its encoder has stopped. */
export function silent(place: string, what: 'video' | 'media'): GatewayError {
  return new GatewayError('rtsp.silent', `${place} answers, but sends no ${what}.`, {
    advice:
      'If it is not one that sends on motion only, restart it; over UDP, see that no firewall is in between (transport: tcp).',
  });
}

export function closed(place: string, why: string, cause?: Error): GatewayError {
  return new GatewayError('rtsp.closed', `The RTSP connection to ${place} ended: ${why}.`, { cause });
}

export function protocol(place: string, what: string, advice?: string): GatewayError {
  return new GatewayError('rtsp.protocol', `${place} ${what}.`, advice === undefined ? {} : { advice });
}

/** The camera wants to know who asks, and what we have is nothing, not wanted or wrong. */
export function unauthorized(place: string, why: keyof typeof UNAUTHORIZED): GatewayError {
  return new GatewayError('rtsp.unauthorized', `${place} ${UNAUTHORIZED[why].what}.`, { advice: UNAUTHORIZED[why].advice });
}

const UNAUTHORIZED = {
  none: {
    what: 'asks for a user name and a password',
    advice: 'Give the camera a username and a password in the configuration.',
  },
  unsupported: {
    what: 'asks for a kind of authentication that is not supported',
    advice: 'Set the camera to Digest authentication (MD5 or SHA-256) or Basic.',
  },
  in_clear: {
    what: 'asks for the password in clear, and the config does not name this address',
    advice: 'Set the camera to Digest authentication, or write its address into the configuration.',
  },
  refused: {
    what: 'refused the user name or the password',
    advice: 'Check both, and whether the camera has locked the account after too many attempts.',
  },
};

/** The camera sends us out of its private network, from TLS to none, or in circles. */
export function redirected(place: string, location: string): GatewayError {
  return new GatewayError('rtsp.redirected', `${place} sends us on to ${redactUrl(location)}, where we do not go.`, {
    advice: 'If the stream is there, write this URL in the configuration.',
  });
}

/** An answer that is not 2xx. */
export function refused(place: string, method: string, response: RtspResponse): GatewayError {
  if (response.status === 404) {
    return new GatewayError('rtsp.not_found', `${place} does not exist on the camera (${method} was answered with 404).`, {
      advice: 'Check the path of the stream; for an ONVIF camera the profile may have been deleted.',
    });
  }
  // The camera's words reach logs and terminals: printable, and not too many.
  const status = `${response.status} ${response.reason}`
    .replace(/[^\x20-\x7e]/g, '?')
    .trim()
    .slice(0, 200);
  const advice = STATUS_ADVICE.get(response.status);
  const code = NOT_UNDERSTOOD.has(response.status) ? 'rtsp.bad_request' : 'rtsp.status';
  return new GatewayError(code, `${place} answered ${method} with ${status}.`, advice === undefined ? {} : { advice });
}

/** Bad Request, Session Not Found: what some cameras say of a path that they do not have any more. */
const NOT_UNDERSTOOD = new Set([400, 454]);

const STATUS_ADVICE = new Map([
  [403, 'The account may lack the right to watch live video.'],
  [453, 'The camera has no bandwidth left for another client; close other viewers or raise its limit.'],
  [461, 'The camera refuses this way of transport; choose another (transport: tcp, udp or http), or allow it in the camera.'],
  [503, 'The camera may serve as many clients as it can already.'],
]);
