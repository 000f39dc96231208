import { BlockList, isIP } from 'node:net';

/** What is used of a candidate that a viewer names (RFC 8839 section 5.1). */
export interface RemoteCandidate {
  foundation: string;
  component: number;
  /** In lower case. */
  transport: string;
  priority: number;
  /** An address, or a name. */
  host: string;
  port: number;
  type: string;
  tcpType: string | undefined;
  /** Of which ICE generation it is. */
  usernameFragment: string | undefined;
}

const LINE =
  /^(?:a=)?(?:candidate:)?(\S{1,32}) (\d{1,3}) (\S{1,8}) (\d{1,10}) (\S{1,255}) (\d{1,5}) typ (\S{1,16})((?: \S+ \S+)*) *$/i;
const MULTICAST_NAME = /^[a-z\d-]{1,63}\.local\.?$/i;

/** Undefined where the line is no candidate. */
export function parseCandidate(line: string): RemoteCandidate | undefined {
  const [, foundation, component, transport, priority, host, port, type, rest = ''] = LINE.exec(line.trim()) ?? [];
  if (foundation === undefined || transport === undefined || host === undefined || type === undefined) return undefined;
  if (Number(port) > 65_535) return undefined;
  const words = rest.trim().split(' ');
  const extension = (name: string): string | undefined => {
    const at = words.findIndex((word, index) => index % 2 === 0 && word.toLowerCase() === name);
    return at === -1 ? undefined : words[at + 1];
  };
  return {
    foundation,
    component: Number(component),
    transport: transport.toLowerCase(),
    priority: Number(priority),
    host: host.toLowerCase(),
    port: Number(port),
    type: type.toLowerCase(),
    tcpType: extension('tcptype')?.toLowerCase(),
    usernameFragment: extension('ufrag'),
  };
}

/** Whether the host is a name that is looked up by multicast DNS, as browsers write in place of their addresses. */
export function isMulticastName(host: string): boolean {
  return MULTICAST_NAME.test(host);
}

/** Whether loopback addresses are sent to: nothing else, as others, or not at all. */
export type LoopbackUse = 'only' | 'too' | 'never';

/**
 * Why a candidate is not sent to; undefined where it is. A viewer that is let in may name any address, and could have the gateway knock at doors that
 * it cannot reach itself: what no viewer can be at is left out, and of the system's ports those that browsers leave out.
 *
 * @param candidate its host an address
 */
export function refusal(candidate: RemoteCandidate, loopback: LoopbackUse): string | undefined {
  return kindRefusal(candidate) ?? addressRefusal(candidate.host, candidate.port, loopback);
}

/** The same where its host is a name still. */
export function kindRefusal({ component, transport, tcpType, type }: RemoteCandidate): string | undefined {
  if (component !== 1) return 'only component 1 is used';
  if (!['host', 'srflx', 'relay', 'prflx'].includes(type)) return 'its type is unknown';
  if (transport !== 'udp' && transport !== 'tcp') return 'its transport is unknown';
  if (transport === 'tcp' && tcpType !== 'passive') return 'it listens for no TCP';
  return undefined;
}

/** The same of an address, from wherever it is known. */
export function addressRefusal(host: string, port: number, loopback: LoopbackUse): string | undefined {
  const version = isIP(host);
  if (version === 0) return 'names are looked up by multicast DNS alone';
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (host.includes('%') || UNREACHABLE.check(host, family) || (version === 6 && IPV4_IN_IPV6.check(host, family)))
    return 'nobody is at its address';
  const isLoopback = LOOPBACK.check(host, family);
  if (isLoopback && loopback === 'never') return 'loopback is not in use';
  if (!isLoopback && loopback === 'only') return 'only loopback is in use';
  // As browsers do (libwebrtc, VerifyCandidate).
  if (port >= 1024 || ((port === 80 || port === 443) && !isPrivate(host))) return undefined;
  return 'its port is for services';
}

/** Whether an address is of a local network, or of this machine. */
export function isPrivate(address: string): boolean {
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  return PRIVATE.check(address, family) || LOOPBACK.check(address, family);
}

const UNREACHABLE = blockList({
  // This network, link-local (clouds serve their machines' secrets there), multicast, reserved, broadcast.
  ipv4: ['0.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4'],
  // Unspecified, link-local, site-local, multicast.
  ipv6: ['::/128', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
});
/** A list of its own: Node finds IPv4 addresses in it too. */
const IPV4_IN_IPV6 = blockList({ ipv4: [], ipv6: ['::ffff:0:0/96'] });
const LOOPBACK = blockList({ ipv4: ['127.0.0.0/8'], ipv6: ['::1/128'] });
const PRIVATE = blockList({ ipv4: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'], ipv6: ['fc00::/7'] });

function blockList(networks: { ipv4: string[]; ipv6: string[] }): BlockList {
  const list = new BlockList();
  for (const family of ['ipv4', 'ipv6'] as const) {
    for (const network of networks[family]) {
      const [address = '', prefix] = network.split('/');
      list.addSubnet(address, Number(prefix), family);
    }
  }
  return list;
}
