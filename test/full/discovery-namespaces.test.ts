import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { FoundCamera } from '../../src/cli/discover-camera.ts';
import { CliProcess, runCli } from '../support/cli.ts';
import { createConnectedNamespace, hasIPv6, layCable, type ConnectedNamespace } from '../support/network-namespace.ts';

/*
 * A site of network namespaces. The gateway's has two interfaces with a camera on each; behind the second camera's network is
 * another one, to which only routing leads:
 *
 *   east 10.81.1.2 -- lan0 gateway lan1 -- 10.81.2.2 west 10.81.3.1 -- 10.81.3.2 far
 */

const names = ['gateway', 'east', 'west', 'far'] as const;
const site = new Map<string, ConnectedNamespace>();
const cameras: CliProcess[] = [];
const scripts: ChildProcess[] = [];
let folder: string;

const at = (name: (typeof names)[number]): ConnectedNamespace => {
  const namespace = site.get(name);
  if (namespace === undefined) throw new Error(`There is no namespace ${name}.`);
  return namespace;
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'discovery-'));
  writeFileSync(join(folder, 'password'), 'right-password\n');
  for (const name of names) site.set(name, createConnectedNamespace(`discovery-${name}-${process.pid}`));
  const end = (name: (typeof names)[number], interfaceName: string, address: string): Parameters<typeof layCable>[0] => {
    return { namespace: at(name), interfaceName, address: `${address}/24` };
  };
  layCable(end('gateway', 'lan0', '10.81.1.1'), end('east', 'eth0', '10.81.1.2'));
  layCable(end('gateway', 'lan1', '10.81.2.1'), end('west', 'eth0', '10.81.2.2'));
  layCable(end('west', 'eth1', '10.81.3.1'), end('far', 'eth0', '10.81.3.2'));
  at('west').run('sysctl', '-qw', 'net.ipv4.ip_forward=1');
  at('gateway').run('ip', 'route', 'add', '10.81.3.0/24', 'via', '10.81.2.2');
  at('far').run('ip', 'route', 'add', 'default', 'via', '10.81.3.1');
  const counters = ['lan0', 'lan1'].map((name) => `add rule inet watch out oifname "${name}" udp dport 3702 counter`);
  const chain = 'add chain inet watch out { type filter hook output priority 0; }';
  at('gateway').run('nft', ['add table inet watch', chain, ...counters].join('; '));
});

afterAll(async () => {
  for (const camera of cameras) camera.kill('SIGTERM');
  await Promise.all(cameras.map((camera) => camera.exit()));
  await Promise.all(scripts.map(end));
  for (const namespace of site.values()) namespace.close();
  rmSync(folder, { recursive: true });
});

async function startCamera(name: (typeof names)[number], host: string): Promise<void> {
  const args = ['simulate', '--cameras', '1', '--host', host, '--password-file', join(folder, 'password'), '--json'];
  const camera = new CliProcess(args, { prefix: at(name).prefix });
  cameras.push(camera);
  await camera.says(/"cameras":/);
}

interface Script {
  child: ChildProcess;
  /** Waits until its output matches. */
  says(pattern: RegExp): Promise<void>;
}

/** A script in a namespace. */
function run(name: (typeof names)[number], script: string): Script {
  const [command = '', ...prefix] = at(name).prefix;
  const args = [...prefix, process.execPath, '--input-type=module', '-e', script];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  scripts.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const says = async (pattern: RegExp): Promise<void> => {
    await vi.waitFor(() => expect(output).toMatch(pattern), { timeout: 10_000 });
  };
  return { child, says };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** A device that is reached by IPv6 link-local alone: says Hello at its start, and answers probes. */
const IPV6_DEVICE = `
  import { createSocket } from 'node:dgram';
  const device = '<EndpointReference><Address>urn:uuid:ipv6</Address></EndpointReference><XAddrs>http://[fe80::1]/onvif/device_service</XAddrs>';
  const message = (header, body) => '<Envelope><Header>' + header + '</Header><Body>' + body + '</Body></Envelope>';
  const socket = createSocket({ type: 'udp6', ipv6Only: true, reuseAddr: true });
  socket.on('message', (datagram, from) => {
    const id = /MessageID>([^<]*)</.exec(datagram.toString())?.[1];
    const match = '<ProbeMatches><ProbeMatch>' + device + '</ProbeMatch></ProbeMatches>';
    socket.send(message('<RelatesTo>' + id + '</RelatesTo>', match), from.port, from.address);
  });
  socket.bind(3702, '::', () => {
    socket.addMembership('ff02::c', '::%eth0');
    socket.setMulticastInterface('::%eth0');
    socket.send(message('<MessageID>urn:uuid:h</MessageID>', '<Hello>' + device + '</Hello>'), 3702, 'ff02::c%eth0');
    console.log('ready');
  });`;

const LISTENER = `
  import { DiscoveryListener } from '${new URL('../../src/camera/discovery/listener.ts', import.meta.url).href}';
  const listener = new DiscoveryListener({
    onHello: (device) => console.log('hello ' + device.endpointReference + ' ' + device.addresses),
    onBye: (reference, address) => console.log('bye ' + reference + ' ' + address),
  });
  await listener.start();
  console.log('ready');
  setInterval(() => undefined, 1000);`;

/** Probes that left by an interface of the gateway, counted since the start. */
function probesLeft(interfaceName: string): number {
  const table = at('gateway').run('nft', 'list', 'table', 'inet', 'watch');
  return Number(new RegExp(`oifname "${interfaceName}" .*packets (\\d+)`).exec(table)?.[1]);
}

/** The addresses of what was found, sorted: who answers first is chance. */
async function discover(...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await runCli(['discover', '--json', '--timeout', '2', ...args], {
    prefix: at('gateway').prefix,
  });
  expect(code, stderr).toBe(0);
  return (JSON.parse(stdout) as FoundCamera[]).flatMap(({ addresses }) => addresses).toSorted();
}

const linkLocal = expect.stringMatching(/^fe80::.*%lan1$/) as string;

describe('two interfaces with a camera on each', () => {
  it('the listener hears each camera come, by IPv4 and IPv6', async () => {
    const listener = run('gateway', LISTENER);
    await listener.says(/ready/);
    await startCamera('east', '10.81.1.2');
    await startCamera('west', '10.81.2.2');
    await startCamera('far', '10.81.3.2');
    await listener.says(/hello urn:uuid:\S+ 10\.81\.1\.2\n/);
    await listener.says(/hello urn:uuid:\S+ 10\.81\.2\.2\n/);
    if (hasIPv6()) {
      const device = run('west', IPV6_DEVICE);
      await device.says(/ready/);
      await listener.says(/hello urn:uuid:ipv6 fe80::\S+%lan1\n/);
    }
    await end(listener.child);
    expect(probesLeft('lan0') + probesLeft('lan1')).toBe(0);
  });

  it('nothing is sent on an interface that was not named', async () => {
    expect(await discover('--interface', 'lan0')).toEqual(['10.81.1.2']);
    expect(probesLeft('lan0')).toBeGreaterThan(0);
    expect(probesLeft('lan1')).toBe(0);
    const before = probesLeft('lan0');
    expect(await discover('--interface', '10.81.2.1')).toEqual(['10.81.2.2']);
    expect(probesLeft('lan0')).toBe(before);
  });

  it('all interfaces are searched, by IPv4 and IPv6, and the camera behind the router is not found', async () => {
    const expected = ['10.81.1.2', '10.81.2.2', ...(hasIPv6() ? [linkLocal] : [])];
    expect(await discover()).toEqual(expected);
  });

  it('asked by its network, the camera behind the router is found', async () => {
    const before = probesLeft('lan0');
    expect(await discover('10.81.3.0/24')).toEqual(['10.81.3.2']);
    expect(probesLeft('lan0')).toBe(before);
  });

  it('a listener hears on an interface that came up after its start', async () => {
    const listener = run('east', LISTENER);
    await listener.says(/ready/);
    layCable(
      { namespace: at('east'), interfaceName: 'eth1', address: '10.81.4.1/24' },
      { namespace: at('far'), interfaceName: 'eth1', address: '10.81.4.2/24' },
    );
    await vi.waitFor(() => expect(at('east').run('ip', 'maddress', 'show', 'dev', 'eth1')).toContain('239.255.255.250'), {
      timeout: 30_000,
      interval: 500,
    });
    await startCamera('far', '10.81.4.2');
    await listener.says(/hello urn:uuid:\S+ 10\.81\.4\.2\n/);
    await end(listener.child);
  });
});
