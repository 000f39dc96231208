import { fileURLToPath } from 'node:url';
import { createConnectedNamespace, hasIPv6, layCable, type ConnectedNamespace } from './network-namespace.ts';
import { Program } from './program.ts';

/*
 * A site and its viewers, each in a network namespace of its own and behind a link of its own:
 *
 *   site 10.77.0.1 -- road (20 ms each way) -- exchange, a bridge -- (shaped) -- viewer 1, 10.77.1.1
 *                                                                -- (shaped) -- viewer 2, 10.77.1.2 ...
 *
 * A link is what `tc tbf` makes of the exchange's port: what goes to the viewer waits in a queue of 300 ms at most, and what does not fit in there is lost.
 * What comes from the viewer is little, and not shaped. Nothing that runs here is to go before others of the machine: what empties the queues is a thread of the kernel
 * (ksoftirqd) that does not either, and a queue that is emptied late carries less than it says.
 */

export const SITE_ADDRESS = '10.77.0.1';
/** Each way. tbf adds none where there is room. */
export const DELAY_MS = 20;
/** What tbf calls its latency. */
export const QUEUE_MS = 300;
/** What tbf lets through at once: one frame, which is the least that it takes. Of a slow link more would be much of what probes of it are made of. */
const BURST_BYTES = 1600;
const START_MS = 15_000;

/** A viewer's place. */
export class ShapedLink {
  readonly namespace: ConnectedNamespace;
  readonly #exchange: ConnectedNamespace;
  readonly #port: string;

  constructor(exchange: ConnectedNamespace, port: string, namespace: ConnectedNamespace) {
    this.#exchange = exchange;
    this.#port = port;
    this.namespace = namespace;
  }

  /** From now on so much goes to the viewer, Ethernet headers included; what waits keeps its place. */
  shape(kbps: number): void {
    const rate = ['rate', `${kbps}kbit`, 'burst', String(BURST_BYTES), 'latency', `${QUEUE_MS}ms`];
    this.#exchange.run('tc', 'qdisc', 'replace', 'dev', this.#port, 'root', 'tbf', ...rate);
  }

  /** From now on so much of the UDP that comes to the viewer, and of what it sends, is lost at random. */
  lose(percent: number): void {
    const drop = `meta l4proto udp numgen random mod 1000 < ${Math.round(percent * 10)} counter drop`;
    const chain = (hook: string): string => `add chain inet radio ${hook} { type filter hook ${hook} priority 0; }`;
    const rules = ['input', 'output'].flatMap((hook) => [chain(hook), `add rule inet radio ${hook} ${drop}`]);
    this.namespace.run('nft', ['add table inet radio', ...rules].join('; '));
  }

  /** What {@link lose} has dropped, packets. */
  get lost(): number {
    const rules = this.namespace.run('nft', 'list', 'table', 'inet', 'radio');
    return [...rules.matchAll(/counter packets (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
  }

  /** What tbf has dropped since it was shaped first, packets. */
  get overflowed(): number {
    return Number(/dropped (\d+)/.exec(this.#statistics)?.[1]);
  }

  /** What waits in tbf's queue now, packets. */
  get waiting(): number {
    return Number(/backlog \S+ (\d+)p/.exec(this.#statistics)?.[1]);
  }

  get #statistics(): string {
    return this.#exchange.run('tc', '-s', 'qdisc', 'show', 'dev', this.#port, 'root');
  }
}

export class ShapedNetwork {
  readonly #namespaces: ConnectedNamespace[] = [];
  readonly road: ConnectedNamespace;
  readonly #delay: Program;
  readonly #exchange: ConnectedNamespace;
  readonly site: ConnectedNamespace;
  #links = 0;

  /** @throws Error as {@link createConnectedNamespace} */
  private constructor() {
    try {
      this.site = this.#add('site');
      this.road = this.#add('road');
      this.#exchange = this.#add('exchange');
      this.#exchange.run('ip', 'link', 'add', 'ports', 'type', 'bridge', 'mcast_snooping', '0');
      this.#exchange.run('ip', 'link', 'set', 'ports', 'up');
      layCable(
        { namespace: this.site, interfaceName: 'eth0', address: `${SITE_ADDRESS}/16` },
        { namespace: this.road, interfaceName: 'near' },
      );
      layCable({ namespace: this.road, interfaceName: 'far' }, { namespace: this.#exchange, interfaceName: 'site' });
      this.#exchange.run('ip', 'link', 'set', 'site', 'master', 'ports');
      const script = fileURLToPath(new URL('delayed-path.py', import.meta.url));
      this.#delay = new Program([...this.road.prefix, 'python3', script, 'near', 'far', String(DELAY_MS)]);
    } catch (error) {
      this.#remove();
      throw error;
    }
  }

  static async create(): Promise<ShapedNetwork> {
    const network = new ShapedNetwork();
    try {
      await network.#delay.says(/ready/, START_MS);
    } catch (error) {
      await network.close();
      throw error;
    }
    return network;
  }

  /** A place for one more viewer. */
  link(kbps: number): ShapedLink {
    this.#links += 1;
    const port = `port${this.#links}`;
    const namespace = this.#add(`viewer${this.#links}`);
    layCable(
      { namespace, interfaceName: 'eth0', address: `10.77.1.${this.#links}/16` },
      { namespace: this.#exchange, interfaceName: port },
    );
    // Chromium uses the address from which it would reach the internet.
    namespace.run('ip', 'route', 'add', 'default', 'via', SITE_ADDRESS);
    this.#exchange.run('ip', 'link', 'set', port, 'master', 'ports');
    const link = new ShapedLink(this.#exchange, port, namespace);
    link.shape(kbps);
    return link;
  }

  async close(): Promise<void> {
    this.#delay.kill('SIGKILL');
    await this.#delay.exit();
    this.#remove();
  }

  #add(name: string): ConnectedNamespace {
    const namespace = createConnectedNamespace(`shaped-${name}-${process.pid}`);
    this.#namespaces.push(namespace);
    // One way from everybody to everybody is enough.
    if (hasIPv6()) namespace.run('sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1');
    return namespace;
  }

  #remove(): void {
    for (const namespace of this.#namespaces.splice(0)) namespace.close();
  }
}
