import { bracketHost } from '../../base/rtsp-url.ts';
import type { RtspTransport, TlsPolicy } from '../../base/rtsp-transport.ts';
import type { Authenticator } from './authenticator.ts';
import { dialTcp, dialTls, type Dial } from './dial.ts';
import { dialHttpTunnel } from './http-tunnel.ts';
import type { RtspTarget } from './target.ts';

export interface RouteOptions {
  target: RtspTarget;
  transport: RtspTransport;
  tls: TlsPolicy | undefined;
  /** The stream's URL without secrets, for error texts. */
  place: string;
  userAgent: string;
  /** For a web server that asks who opens the tunnel. */
  authenticator: () => Authenticator;
}

/** How the camera is reached, and how its media come then. */
export interface Route {
  dial: Dial;
  media: 'auto' | 'tcp' | 'udp';
}

/** Ports of RTSP and HTTP, without and with TLS (RFC 2326 section 3.2; 322 is that of `rtsps` in IANA's list). */
const PORTS = { rtsp: 554, rtsps: 322, http: 80, https: 443 };

/** The port that the URL names counts for every transport. */
export function routeTo({ target, transport, tls, place, userAgent, authenticator }: RouteOptions): Route {
  const isSecure = target.secure || transport === 'tls';
  const port = target.port ?? PORTS[`${transport === 'http' ? 'http' : 'rtsp'}${isSecure ? 's' : ''}`];
  const dial: Dial = (signal) => (isSecure ? dialTls(target.host, port, tls, place, signal) : dialTcp(target.host, port, signal));
  if (transport === 'http') {
    const host = `${bracketHost(target.host)}:${port}`;
    const tunnel = { dial, host, path: target.path || '/', place, userAgent, authenticator: authenticator() };
    return { dial: (signal) => dialHttpTunnel(tunnel, signal), media: 'tcp' };
  }
  // What was to be encrypted does not go in clear beside it.
  return { dial, media: target.secure || transport === 'tls' ? 'tcp' : transport };
}
