import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** A network namespace with a loopback and one interface that leads nowhere but counts what would leave. */
export interface NetworkNamespace {
  /** What a command is run by inside. */
  prefix: readonly string[];
  run(command: string, ...args: readonly string[]): string;
  /** Packets that left by anything but loopback since the start. */
  packetsLeft(): number;
  close(): void;
}

/** @throws Error that names what is missing where the machine allows no namespaces; root is needed. */
export function createNetworkNamespace(name: string): NetworkNamespace {
  const ip = (...args: readonly string[]): string => tool('ip', args);
  const inside = ['ip', 'netns', 'exec', name] as const;
  const run = (command: string, ...args: readonly string[]): string => ip('netns', 'exec', name, command, ...args);
  ip('netns', 'add', name);
  try {
    run('sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1');
    run('ip', 'link', 'set', 'lo', 'up');
    run('ip', 'link', 'add', 'outside', 'type', 'veth', 'peer', 'name', 'nowhere');
    run('ip', 'link', 'set', 'nowhere', 'up');
    run('ip', 'address', 'add', '198.51.100.2/24', 'dev', 'outside');
    run('ip', 'link', 'set', 'outside', 'up');
    run('ip', 'route', 'add', 'default', 'via', '198.51.100.1');
    run(
      'nft',
      'add table ip watch; add chain ip watch out { type filter hook output priority 0; }; add rule ip watch out oifname != "lo" counter',
    );
  } catch (error) {
    ip('netns', 'delete', name);
    throw error;
  }
  return {
    prefix: inside,
    run,
    packetsLeft: () => Number(/counter packets (\d+)/.exec(run('nft', 'list', 'table', 'ip', 'watch'))?.[1]),
    close: () => ip('netns', 'delete', name),
  };
}

/** One of several namespaces that a test connects by cables; it has a loopback, and IPv6 where the machine has. */
export interface ConnectedNamespace {
  name: string;
  prefix: readonly string[];
  run(command: string, ...args: readonly string[]): string;
  /** Of all that runs in it. */
  pids(): number[];
  close(): void;
}

/** @throws Error as {@link createNetworkNamespace}. */
export function createConnectedNamespace(name: string): ConnectedNamespace {
  const ip = (...args: readonly string[]): string => tool('ip', args);
  const run = (command: string, ...args: readonly string[]): string => ip('netns', 'exec', name, command, ...args);
  ip('netns', 'add', name);
  try {
    run('ip', 'link', 'set', 'lo', 'up');
    // Addresses can be used at once: nobody else is on the cable.
    if (hasIPv6()) run('sysctl', '-qw', 'net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0');
  } catch (error) {
    ip('netns', 'delete', name);
    throw error;
  }
  return {
    name,
    prefix: ['ip', 'netns', 'exec', name],
    run,
    pids: () => ip('netns', 'pids', name).split('\n').filter(Boolean).map(Number),
    close: () => ip('netns', 'delete', name),
  };
}

export interface CableEnd {
  namespace: ConnectedNamespace;
  /** Of the interface that appears in the namespace. */
  interfaceName: string;
  /** `10.0.0.1/24`; none where it becomes the port of a bridge. */
  address?: string;
}

/** Connects two namespaces by a pair of interfaces that are up. */
export function layCable(...ends: [CableEnd, CableEnd]): void {
  const [here, there] = ends.map(({ namespace, interfaceName }) => [interfaceName, 'netns', namespace.name]);
  tool('ip', ['link', 'add', ...(here ?? []), 'type', 'veth', 'peer', 'name', ...(there ?? [])]);
  for (const { namespace, interfaceName, address } of ends) {
    if (address !== undefined) namespace.run('ip', 'address', 'add', address, 'dev', interfaceName);
    namespace.run('ip', 'link', 'set', interfaceName, 'up');
  }
}

export function hasIPv6(): boolean {
  return existsSync('/proc/net/if_inet6');
}

function tool(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { stderr = '', code } = error as { stderr?: string; code?: string };
    const why = code === 'ENOENT' ? `there is no ${command}` : stderr.trim();
    throw new Error(`This test needs network namespaces (root, and: apt-get install iproute2 nftables procps): ${why}`, {
      cause: error,
    });
  }
}
