import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CameraInfo, CamerasAnswer } from '../../src/base/api.ts';
import { CliProcess } from '../support/cli.ts';
import { createConnectedNamespace, layCable, type ConnectedNamespace } from '../support/network-namespace.ts';

/*
 * The gateway as it runs on a site, in network namespaces of the test's own, with two interfaces and cameras behind each:
 *
 *   east 10.82.1.x -- lan0 gateway lan1 -- 10.82.2.x west
 *
 * A camera is a process in a namespace. It goes without a Bye, with its address, as when its cable is pulled.
 */

const LIMIT_MS = 15_000;
const UUIDS = ['5f1c2a00-0000-4000-8000-000000000001', '5f1c2a00-0000-4000-8000-000000000002'] as const;

type Side = 'east' | 'west';

const site = new Map<'gateway' | Side, ConnectedNamespace>();
let folder: string;
let cameras: { side: Side; host: string; process: CliProcess }[] = [];
const gateways: CliProcess[] = [];
const figures: string[] = [];

const at = (name: 'gateway' | Side): ConnectedNamespace => {
  const namespace = site.get(name);
  if (namespace === undefined) throw new Error(`There is no namespace ${name}.`);
  return namespace;
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'following-'));
  writeFileSync(join(folder, 'password'), 'right-password\n');
  for (const name of ['gateway', 'east', 'west'] as const) {
    site.set(name, createConnectedNamespace(`following-${name}-${process.pid}`));
  }
  const end = (name: 'gateway' | Side, interfaceName: string, address: string): Parameters<typeof layCable>[0] => {
    return { namespace: at(name), interfaceName, address: `${address}/24` };
  };
  layCable(end('gateway', 'lan0', '10.82.1.1'), end('east', 'eth0', '10.82.1.254'));
  layCable(end('gateway', 'lan1', '10.82.2.1'), end('west', 'eth0', '10.82.2.254'));
  const counters = ['lan0', 'lan1'].map((name) => `add rule inet watch out oifname "${name}" udp dport 3702 counter`);
  const chain = 'add chain inet watch out { type filter hook output priority 0; }';
  at('gateway').run('nft', ['add table inet watch', chain, ...counters].join('; '));
});

afterEach(async () => {
  for (const gateway of gateways.splice(0)) await stop(gateway);
  for (const { side, host } of [...cameras]) await pull(side, host);
});

afterAll(() => {
  for (const namespace of site.values()) namespace.close();
  rmSync(folder, { recursive: true });
  process.stdout.write(`${figures.map((figure) => `\n  ${figure}`).join('')}\n`);
});

async function stop(process: CliProcess): Promise<void> {
  process.kill('SIGTERM');
  await process.exit();
}

/** A camera at an address that is its own; it runs when this resolves. */
async function plugIn(side: Side, host: string, ...identity: string[]): Promise<void> {
  at(side).run('ip', 'address', 'add', `${host}/24`, 'dev', 'eth0');
  const args = ['simulate', '--cameras', '1', '--host', host, '--onvif-port', '80', '--password-file', join(folder, 'password')];
  const camera = new CliProcess([...args, ...identity, '--json'], { prefix: at(side).prefix });
  cameras.push({ side, host, process: camera });
  await camera.says(/"cameras":/);
}

async function pull(side: Side, host: string): Promise<void> {
  for (const camera of cameras.filter((candidate) => candidate.side === side && candidate.host === host)) {
    camera.process.kill('SIGKILL');
    await camera.process.exit();
    at(side).run('ip', 'address', 'delete', `${host}/24`, 'dev', 'eth0');
  }
  cameras = cameras.filter((camera) => camera.side !== side || camera.host !== host);
}

function start(config: string): CliProcess {
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, `http: {listen: "127.0.0.1:8080"}\n${config}`);
  const gateway = new CliProcess(['run', '--config', file], { prefix: at('gateway').prefix });
  gateways.push(gateway);
  return gateway;
}

const CONFIGURED = 'cameras:\n  - {id: front-door, onvif: 10.82.1.20, username: admin, password_file: password}\n';

/** What the API says, asked in the namespace of the gateway. */
function ask(): CamerasAnswer {
  const script = "fetch('http://127.0.0.1:8080/api/cameras').then(async (answer) => console.log(await answer.text()))";
  return JSON.parse(at('gateway').run(process.execPath, '-e', script)) as CamerasAnswer;
}

function frontDoor(): CameraInfo | undefined {
  return ask().cameras.find(({ id }) => id === 'front-door');
}

/** Waits until the gateway knows the camera's device: the second search is over. */
async function settle(gateway: CliProcess): Promise<void> {
  await gateway.says(/camera front-door online/, 20_000);
  await vi.waitFor(() => expect(searches()).toBeGreaterThan(1), { timeout: 20_000, interval: 500 });
}

function searches(): number {
  const script = "fetch('http://127.0.0.1:8080/metrics').then(async (answer) => console.log(await answer.text()))";
  return Number(/discovery_searches_total (\d+)/.exec(at('gateway').run(process.execPath, '-e', script))?.[1]);
}

async function foundAgain(gateway: CliProcess, what: string, since: number): Promise<void> {
  await gateway.says(/camera front-door: found again at 10\.82\.1\.37/, LIMIT_MS * 2);
  const took = performance.now() - since;
  figures.push(`${what}: online again after ${(took / 1000).toFixed(1)} s`);
  expect(took).toBeLessThan(LIMIT_MS);
  expect(frontDoor()).toMatchObject({
    state: 'online',
    peer: 'front-door',
    address: '10.82.1.37',
    configuredAddress: '10.82.1.20',
  });
}

/** Probes that left by an interface of the gateway, counted since the start. */
function probesLeft(interfaceName: string): number {
  const table = at('gateway').run('nft', 'list', 'table', 'inet', 'watch');
  return Number(new RegExp(`oifname "${interfaceName}" .*packets (\\d+)`).exec(table)?.[1]);
}

describe('a gateway', () => {
  it('that is not to discover sends no probe and listens to none', async () => {
    const gateway = start(`discovery: {enabled: false}\n${CONFIGURED}`);
    await gateway.says(/camera front-door failed/, 20_000);
    expect([probesLeft('lan0'), probesLeft('lan1')]).toEqual([0, 0]);
    expect(at('gateway').run('ss', '-H', '-l', '-n', '-u')).not.toContain(':3702');
    expect(ask()).not.toHaveProperty('found');
  });

  it('searches on the interfaces that the config names, and on no other', async () => {
    await plugIn('east', '10.82.1.20');
    await plugIn('west', '10.82.2.20');
    const gateway = start(`discovery: {interfaces: [lan1]}\n${CONFIGURED}`);
    await gateway.says(/viewer page at/);
    await vi.waitFor(() => expect((ask().found ?? []).map(({ address }) => address)).toEqual(['10.82.2.20']), {
      timeout: 20_000,
      interval: 500,
    });
    expect(probesLeft('lan1')).toBeGreaterThan(0);
    expect(probesLeft('lan0')).toBe(0);
  });
});

describe('two interfaces with a camera on each', () => {
  it('both are found and listed, and nothing is adopted that the config does not want', async () => {
    await plugIn('east', '10.82.1.20');
    await plugIn('west', '10.82.2.20');
    const gateway = start('cameras: [{id: other, rtsp: {main: "rtsp://127.0.0.1:9/1"}}]');
    await gateway.says(/viewer page at/);
    const addresses = (): string[] => (ask().found ?? []).map(({ address }) => address).toSorted();
    await vi.waitFor(() => expect(addresses()).toEqual(['10.82.1.20', '10.82.2.20']), { timeout: 20_000, interval: 500 });
    expect(ask().cameras.map(({ id }) => id)).toEqual(['other']);
  });

  it('both are adopted, and one by a filter on its network', async () => {
    await plugIn('east', '10.82.1.20', '--uuid', UUIDS[0]);
    await plugIn('west', '10.82.2.20', '--uuid', UUIDS[1]);
    const login = 'username: admin, password_file: password';
    const online = (): string[] =>
      ask()
        .cameras.filter(({ state }) => state === 'online')
        .map(({ id, address }) => `${id} ${address}`)
        .toSorted();
    const all = start(`discovery: {adopt: all, ${login}}`);
    await all.says(/viewer page at/);
    await vi.waitFor(() => expect(online()).toHaveLength(2), { timeout: 20_000, interval: 500 });
    const both = online();
    expect(both.map((camera) => camera.replace(/ .*/, '')).every((id) => /^cam-[0-9a-f]{8}$/.test(id))).toBe(true);
    await stop(all);

    // The ids are the same in the next run.
    const one = start(`discovery: {adopt: [{address: 10.82.2.0/24}], ${login}}`);
    await one.says(/camera cam-\w+ online/, 20_000);
    expect(online()).toEqual(both.filter((camera) => camera.endsWith(' 10.82.2.20')));
    await vi.waitFor(() => expect((ask().found ?? []).map(({ address }) => address)).toEqual(['10.82.1.20']), {
      timeout: 20_000,
      interval: 500,
    });
  });
});

describe('a configured camera whose address changes', () => {
  it('is online again by itself with the same id, found by its endpoint reference', async () => {
    await plugIn('east', '10.82.1.20', '--uuid', UUIDS[0]);
    const gateway = start(CONFIGURED);
    await settle(gateway);
    await pull('east', '10.82.1.20');
    const changedAt = performance.now();
    await plugIn('east', '10.82.1.37', '--uuid', UUIDS[0]);
    await foundAgain(gateway, 'address changed', changedAt);
    expect(gateway.stderr).toContain('(configured: 10.82.1.20), by its endpoint reference; change the address in the config');
  });

  it('is online again where it calls itself something else, too, found by its serial number', async () => {
    await plugIn('east', '10.82.1.20', '--serial-number', 'ACME-0042');
    await plugIn('east', '10.82.1.30', '--serial-number', 'ACME-0043');
    const gateway = start(CONFIGURED);
    await settle(gateway);
    await pull('east', '10.82.1.20');
    const changedAt = performance.now();
    await plugIn('east', '10.82.1.37', '--serial-number', 'ACME-0042');
    await foundAgain(gateway, 'address and endpoint reference changed', changedAt);
    expect(gateway.stderr).toContain('by its serial number');
  });

  it('is online again where the gateway was restarted in the meantime, and a stranger that lets it in has the old address', async () => {
    await plugIn('east', '10.82.1.20', '--uuid', UUIDS[0]);
    const config = `state_directory: state\n${CONFIGURED}`;
    const before = start(config);
    await settle(before);
    await stop(before);
    await pull('east', '10.82.1.20');
    await plugIn('east', '10.82.1.20');
    const gateway = start(config);
    await gateway.says(/camera front-door failed: At 10\.82\.1\.20 is another device/, 20_000);
    expect(frontDoor()).toMatchObject({ state: 'failed', reason: { code: 'camera.other_device' } });
    const changedAt = performance.now();
    await plugIn('east', '10.82.1.37', '--uuid', UUIDS[0]);
    await foundAgain(gateway, 'gateway restarted, stranger at the old address', changedAt);

    // Once more, with the camera where it was found before the gateway starts.
    await stop(gateway);
    const again = start(config);
    const againAt = performance.now();
    await foundAgain(again, 'gateway restarted, camera elsewhere already', againAt);
  });
});
