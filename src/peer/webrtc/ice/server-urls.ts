import { isIP } from 'node:net';
import type { IceServer } from '../../../base/ice.ts';
import { printable } from '../../../base/printable.ts';

export interface StunServer {
  /** A name or an address; IPv6 without brackets. */
  host: string;
  port: number;
}

export interface TurnServer extends StunServer {
  transport: 'udp' | 'tcp' | 'tls';
  username: string;
  credential: string;
}

export interface UsableServers {
  /** TURN servers over UDP among them: they answer STUN too (RFC 8656 section 2.1). */
  stun: StunServer[];
  /** One list for each host: its transports lead to one relay. */
  turn: TurnServer[][];
  /** What cannot be used, and why; without secrets. */
  skipped: string[];
}

/** Of each kind; a peer may name many, and each is asked for each viewer. */
const MAX_HOSTS = 8;
const URL_FORM = /^(stuns?|turns?):(?:\[([\da-f:.]+)\]|([^:?[\]@/\s]+))(?::(\d{1,5}))?(?:\?transport=([a-z]+))?$/i;

/** The servers that ICE asks, in the order of the list (RFC 7064, RFC 7065). */
export function usableServers(servers: readonly IceServer[]): UsableServers {
  const stun = new Map<string, StunServer>();
  const turn = new Map<string, TurnServer[]>();
  const skipped: string[] = [];
  for (const server of servers) {
    for (const url of server.urls) {
      const parsed = parseUrl(url);
      if (typeof parsed === 'string') {
        skipped.push(`${shown(url)}: ${parsed}`);
        continue;
      }
      const { host, port, transports } = parsed;
      const key = `${host} ${port}`;
      if (transports.length > 0) {
        const { username, credential } = server;
        if (username === undefined || credential === undefined) {
          skipped.push(`${shown(url)}: it comes without username and credential`);
          continue;
        }
        const group = turn.get(host) ?? [];
        if (group.length === 0 && turn.size === MAX_HOSTS) {
          skipped.push(`${shown(url)}: there are ${MAX_HOSTS} TURN servers before it`);
          continue;
        }
        turn.set(host, group);
        const isNew = ({ transport }: TurnServer): boolean =>
          !group.some((known) => known.transport === transport && known.port === port && known.username === username);
        group.push(...transports.map((transport) => ({ host, port, transport, username, credential })).filter(isNew));
      }
      if (!stun.has(key) && stun.size < MAX_HOSTS && (transports.length === 0 || transports.includes('udp')))
        stun.set(key, { host, port });
      else if (!stun.has(key) && transports.length === 0)
        skipped.push(`${shown(url)}: there are ${MAX_HOSTS} STUN servers before it`);
    }
  }
  return { stun: [...stun.values()], turn: [...turn.values()], skipped };
}

/** Without `transports` a STUN server; a text says why it is none. */
function parseUrl(url: string): (StunServer & { transports: readonly TurnServer['transport'][] }) | string {
  const [, scheme, bracketed, name, digits, given] = URL_FORM.exec(url.trim()) ?? [];
  const host = (bracketed ?? name)?.toLowerCase();
  if (scheme === undefined || host === undefined || (bracketed !== undefined && isIP(bracketed) !== 6))
    return 'it is no URL of a STUN or TURN server';
  const kind = scheme.toLowerCase();
  const port = digits === undefined ? (kind.endsWith('s') ? 5349 : 3478) : Number(digits);
  if (port < 1 || port > 65_535) return 'its port is none';
  const transports = TRANSPORTS.get(`${kind} ${given?.toLowerCase() ?? ''}`);
  if (transports !== undefined) return { host, port, transports };
  return kind.startsWith('stun') ? 'STUN is asked over UDP alone' : 'TURN is spoken over UDP, TCP, and TLS on TCP alone';
}

/** By scheme and `transport` of the URL; none for STUN. */
const TRANSPORTS: ReadonlyMap<string, readonly TurnServer['transport'][]> = new Map([
  ['stun ', []],
  // UDP comes first (RFC 7065 section 3.1, RFC 5928 section 3); many a network lets TCP out only.
  ['turn ', ['udp', 'tcp']],
  ['turn udp', ['udp']],
  ['turn tcp', ['tcp']],
  ['turns ', ['tls']],
  ['turns tcp', ['tls']],
]);

/** Somebody may have written a password into it. */
function shown(url: string): string {
  return printable(url).replace(/^([a-z]+:).*@/i, '$1***@');
}
