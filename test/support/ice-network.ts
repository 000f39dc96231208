import { createConnectedNamespace, hasIPv6, layCable, type ConnectedNamespace } from './network-namespace.ts';

/*
 * Two homes and the internet between them, in network namespaces of the test's own:
 *
 *   gateway   192.168.10.2 --+
 *                            +-- site (NAT) 198.51.100.2 -- internet 192.0.2.1 -- 203.0.113.2 home (NAT) -- 192.168.20.2 remote
 *   neighbour 192.168.10.3 --+
 *
 * `neighbour` sees the gateway without a router, `remote` through two NATs. As home routers do, both let in only what was asked for from inside
 * (port-restricted), and keep the port of a socket where they can.
 */

const NAMES = ['gateway', 'neighbour', 'site', 'internet', 'home', 'remote'] as const;
export type Place = (typeof NAMES)[number];

/** Of what stands in the internet: signaling server, page, STUN and TURN. */
export const INTERNET = '192.0.2.1';
const GATEWAY = '192.168.10.2';
export const NEIGHBOUR = '192.168.10.3';
export const GATEWAY_IPV6 = 'fd00:10::2';
export const NEIGHBOUR_IPV6 = 'fd00:10::3';
/** What the gateway's site and the remote viewer's home look like from outside. */
export const SITE_OUTSIDE = '198.51.100.2';
export const HOME_OUTSIDE = '203.0.113.2';
/** Ports that the TURN server hands out. */
export const RELAY_PORTS = { first: 50_000, last: 50_199 };

const DROP_UDP = 'add rule inet block forward meta l4proto udp counter drop';
const FORWARD = 'add chain inet block forward { type filter hook forward priority 0; }';

/** What a test may have in the way of media, and where. */
const BLOCKS = {
  /** Nothing goes from one home to the other but from one relayed address to another, so that both need the TURN server. */
  'everything but relay to relay': [
    'internet',
    FORWARD,
    'add rule inet block forward counter drop',
    'add chain inet block input { type filter hook input priority 0; }',
    `add rule inet block input iifname != "lo" udp dport ${RELAY_PORTS.first}-${RELAY_PORTS.last} counter drop`,
  ],
  'UDP of the remote viewer': ['home', FORWARD, DROP_UDP],
  'UDP of the gateway': ['site', FORWARD, DROP_UDP],
  /** A cable that carries no UDP. */
  'UDP of the neighbour': [
    'neighbour',
    'add chain inet block input { type filter hook input priority 0; }',
    'add chain inet block output { type filter hook output priority 0; }',
    'add rule inet block input iifname != "lo" meta l4proto udp counter drop',
    'add rule inet block output oifname != "lo" meta l4proto udp counter drop',
  ],
  'UDP that the gateway begins': [
    'site',
    FORWARD,
    'add rule inet block forward iifname "lan" meta l4proto udp ct state new counter drop',
  ],
  'IPv4 UDP of the neighbour': [
    'neighbour',
    'add chain inet block output { type filter hook output priority 0; }',
    'add rule inet block output oifname != "lo" meta nfproto ipv4 meta l4proto udp counter drop',
  ],
  /** Which is how it reaches the signaling server. */
  'TCP of the neighbour': [
    'neighbour',
    'add chain inet block output { type filter hook output priority 0; }',
    'add rule inet block output oifname != "lo" meta l4proto tcp counter drop',
  ],
  /** The firewall of a host that lets in only what it asked for; names are answered by multicast. */
  'UDP that the gateway did not ask for': [
    'gateway',
    'add chain inet block input { type filter hook input priority 0; }',
    'add rule inet block input iifname != "lo" udp dport != 5353 ct state new counter drop',
  ],
} as const satisfies Record<string, readonly [Place, ...string[]]>;
export type Block = keyof typeof BLOCKS;

export class IceNetwork {
  readonly #namespaces = new Map<Place, ConnectedNamespace>();
  readonly #blocked = new Set<Place>();
  #isLimited = false;

  /** @throws Error as {@link createConnectedNamespace} */
  constructor() {
    try {
      for (const name of NAMES) this.#namespaces.set(name, createConnectedNamespace(`ice-${name}-${process.pid}`));
      this.#cable();
      this.#route();
      for (const router of ['site', 'home'] as const) this.#translateAddresses(router);
      this.#watchGateway();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  at(name: Place): ConnectedNamespace {
    const namespace = this.#namespaces.get(name);
    if (namespace === undefined) throw new Error(`There is no namespace ${name}.`);
    return namespace;
  }

  /** Puts something in the way until {@link unblock}; one block a place. */
  block(name: Block): void {
    const [place, ...rules] = BLOCKS[name];
    this.at(place).run('nft', ['add table inet block', ...rules].join('; '));
    this.#blocked.add(place);
  }

  /** Nothing passes the internet any more by a port of UDP, until {@link unblock}. */
  blockPort(port: number): void {
    const rules = ['sport', 'dport'].map((end) => `add rule inet block forward udp ${end} ${port} counter drop`);
    this.at('internet').run('nft', ['add table inet block', FORWARD, ...rules].join('; '));
    this.#blocked.add('internet');
  }

  unblock(): void {
    for (const place of this.#blocked) this.at(place).run('nft', 'delete table inet block');
    this.#blocked.clear();
    if (this.#isLimited) this.at('internet').run('tc', 'qdisc', 'del', 'dev', 'west', 'root');
    this.#isLimited = false;
  }

  /** What the remote viewer's home gets from the internet is no more than this, with a queue of 300 ms, until {@link unblock}. */
  limitHome(kilobitsPerSecond: number): void {
    const bucket = ['rate', `${kilobitsPerSecond}kbit`, 'burst', '8kb', 'latency', '300ms'];
    this.at('internet').run('tc', 'qdisc', 'replace', 'dev', 'west', 'root', 'tbf', ...bucket);
    this.#isLimited = true;
  }

  /** Packets that the block in a place has dropped. */
  dropped(place: Place): number {
    const rules = this.at(place).run('nft', 'list', 'table', 'inet', 'block');
    return [...rules.matchAll(/counter packets (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
  }

  /** The gateway's site lets UDP in at ports of its outside, and gives it to as many of the gateway's. */
  forwardPorts(outside: number, inside: number, count: number): void {
    const ports = Array.from({ length: count }, (_, index) => `${outside + index} : ${GATEWAY} . ${inside + index}`);
    this.at('site').run(
      'nft',
      [
        'add chain inet router forwarded { type nat hook prerouting priority dstnat; }',
        `add rule inet router forwarded iifname "wan" dnat ip to udp dport map { ${ports.join(', ')} }`,
      ].join('; '),
    );
  }

  /** Every address that the gateway's machine sent something to since {@link forgetDestinations}, sorted. */
  destinations(): string[] {
    const listed = ['four', 'six'].flatMap((set) => {
      const elements = /elements = \{([^}]*)\}/.exec(this.at('gateway').run('nft', 'list', 'set', 'inet', 'watch', set))?.[1];
      return elements?.split(',') ?? [];
    });
    return listed.map((address) => address.trim()).toSorted();
  }

  forgetDestinations(): void {
    for (const set of ['four', 'six']) this.at('gateway').run('nft', 'flush', 'set', 'inet', 'watch', set);
  }

  /** Pulls the neighbour's cable out, or puts it in again. */
  plug(state: 'in' | 'out'): void {
    this.at('site').run('ip', 'link', 'set', 'port2', state === 'in' ? 'up' : 'down');
  }

  /** The neighbour leaves the address that it has for another one of its network, and forgets IPv6. */
  moveNeighbour(address: string): void {
    const neighbour = this.at('neighbour');
    neighbour.run('ip', 'address', 'flush', 'dev', 'eth0');
    neighbour.run('ip', 'address', 'add', `${address}/24`, 'dev', 'eth0');
    neighbour.run('ip', 'route', 'add', 'default', 'via', '192.168.10.1');
  }

  /** Ends all programs in a place at once, without a word to anybody. */
  killAll(place: Place): void {
    for (const id of this.at(place).pids()) {
      try {
        process.kill(id, 'SIGKILL');
      } catch (error) {
        // Processes of a browser end with the first of them.
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
      }
    }
  }

  close(): void {
    for (const namespace of this.#namespaces.values()) namespace.close();
    this.#namespaces.clear();
  }

  #cable(): void {
    const end = (name: Place, interfaceName: string, address?: string): Parameters<typeof layCable>[0] => {
      return { namespace: this.at(name), interfaceName, ...(address === undefined ? {} : { address: `${address}/24` }) };
    };
    const site = this.at('site');
    site.run('ip', 'link', 'add', 'lan', 'type', 'bridge', 'mcast_snooping', '0');
    site.run('ip', 'address', 'add', '192.168.10.1/24', 'dev', 'lan');
    site.run('ip', 'link', 'set', 'lan', 'up');
    layCable(end('gateway', 'eth0', GATEWAY), end('site', 'port1'));
    layCable(end('neighbour', 'eth0', NEIGHBOUR), end('site', 'port2'));
    for (const port of ['port1', 'port2']) site.run('ip', 'link', 'set', port, 'master', 'lan');
    if (hasIPv6()) this.#numberByIPv6();
    layCable(end('site', 'wan', SITE_OUTSIDE), end('internet', 'east', '198.51.100.1'));
    layCable(end('home', 'wan', HOME_OUTSIDE), end('internet', 'west', '203.0.113.1'));
    layCable(end('home', 'lan', '192.168.20.1'), end('remote', 'eth0', '192.168.20.2'));
    const internet = this.at('internet');
    internet.run('ip', 'address', 'add', `${INTERNET}/32`, 'dev', 'lo');
    internet.run('ip', 'link', 'add', 'elsewhere', 'arp', 'off', 'type', 'veth', 'peer', 'name', 'nobody');
    for (const end of ['elsewhere', 'nobody']) internet.run('ip', 'link', 'set', end, 'up');
    internet.run(
      'nft',
      [
        'add table inet filter',
        'add chain inet filter in { type filter hook prerouting priority -300; }',
        'add rule inet filter in iifname nobody drop',
        // coturn would take TURN in clear at its port for TLS too. It is told by the magic cookie (RFC 8489 section 5), not by its first byte alone,
        // which is 0: a segment may begin within a record of TLS, with any byte, and a connection that loses it for good stands still.
        'add rule inet filter in tcp dport 5349 @ih,32,32 0x2112a442 drop',
      ].join('; '),
    );
  }

  /** With a router, though one that leads nowhere: Chromium uses the address from which it would reach the internet. */
  #numberByIPv6(): void {
    this.at('site').run('ip', 'address', 'add', 'fd00:10::1/64', 'dev', 'lan');
    for (const [name, address] of [['gateway', GATEWAY_IPV6] as const, ['neighbour', NEIGHBOUR_IPV6] as const]) {
      this.at(name).run('ip', 'address', 'add', `${address}/64`, 'dev', 'eth0');
      this.at(name).run('ip', 'route', 'add', 'default', 'via', 'fd00:10::1');
    }
  }

  #route(): void {
    for (const router of ['site', 'internet', 'home'] as const) this.at(router).run('sysctl', '-qw', 'net.ipv4.ip_forward=1');
    const defaultRoute = (name: Place, via: string): unknown => this.at(name).run('ip', 'route', 'add', 'default', 'via', via);
    defaultRoute('gateway', '192.168.10.1');
    defaultRoute('neighbour', '192.168.10.1');
    defaultRoute('remote', '192.168.20.1');
    defaultRoute('site', '198.51.100.1');
    defaultRoute('home', '203.0.113.1');
    // As in the internet, what is sent to nobody is lost without a word; coturn closes the relay that is told of it.
    this.at('internet').run('ip', 'route', 'add', 'default', 'dev', 'elsewhere');
  }

  /** What comes before the inside asked for it is dropped, not answered: else the router would keep the port for itself, and no hole could be punched. */
  #translateAddresses(router: 'site' | 'home'): void {
    this.at(router).run(
      'nft',
      [
        'add table inet router',
        'add chain inet router out { type nat hook postrouting priority srcnat; }',
        'add rule inet router out oifname "wan" masquerade',
        'add chain inet router in { type filter hook input priority 0; }',
        'add chain inet router through { type filter hook forward priority 0; }',
        'add rule inet router in iifname "wan" ct state new drop',
        'add rule inet router through iifname "wan" ct state new ct status dnat accept',
        'add rule inet router through iifname "wan" ct state new drop',
      ].join('; '),
    );
  }

  #watchGateway(): void {
    this.at('gateway').run(
      'nft',
      [
        'add table inet watch',
        'add set inet watch four { type ipv4_addr; flags dynamic; }',
        'add set inet watch six { type ipv6_addr; flags dynamic; }',
        'add chain inet watch out { type filter hook output priority 0; }',
        // The kernel's own talk about neighbours and groups stays on the cable.
        'add rule inet watch out oifname != "lo" meta l4proto != { igmp, icmpv6 } add @four { ip daddr }',
        'add rule inet watch out oifname != "lo" meta l4proto != { igmp, icmpv6 } add @six { ip6 daddr }',
      ].join('; '),
    );
  }
}
