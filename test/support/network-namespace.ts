import { execFileSync } from 'node:child_process';

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
