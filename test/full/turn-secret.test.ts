import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { IceServer } from '../../src/base/ice.ts';
import { turnCredentials } from '../../src/base/turn-credentials.ts';
import { Program } from '../support/program.ts';
import { Site } from '../unit/signaling/fixture.ts';

/* Credentials made from a shared secret at a real TURN server (coturn with use-auth-secret), asked by its own client on loopback. */

const SECRET = 'north-wind';
const LOOPBACK = '127.0.0.1';
const RELAY_PORTS = ['--min-port=40000', '--max-port=40100'];

let folder: string;
let coturn: Program;
let port: number;

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, LOOPBACK);
  await once(socket, 'listening');
  const free = socket.address().port;
  socket.close();
  await once(socket, 'close');
  return free;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'coturn-'));
  port = await freePort();
  coturn = new Program([
    ...['turnserver', '-n', '--no-cli', '--log-file=stdout', '--verbose', '--no-tls', '--no-dtls', '--realm=ice.example'],
    ...[`--pidfile=${join(folder, 'pid')}`, `--userdb=${join(folder, 'users')}`, '--allow-loopback-peers', ...RELAY_PORTS],
    ...[`--listening-ip=${LOOPBACK}`, `--relay-ip=${LOOPBACK}`, `--listening-port=${port}`],
    ...['--use-auth-secret', `--static-auth-secret=${SECRET}`],
  ]);
  await coturn.says(/UDP listener opened/);
});

afterEach(async () => {
  coturn.kill('SIGKILL');
  await coturn.exit();
  rmSync(folder, { recursive: true });
});

/** Exit code of coturn's own client, which sends a packet through relays that it allocates; 0: all well. */
async function relay({ username = '', credential = '' }: Partial<IceServer>): Promise<number | null> {
  const traffic = ['-y', '-n', '1', '-m', '1', '-l', '100', '-L', LOOPBACK, '-p', String(port)];
  const client = new Program(['turnutils_uclient', ...traffic, '-u', username, '-w', credential, LOOPBACK]);
  return client.exit();
}

it('the server relays for both sides of a session by what connect gave them', async () => {
  const site = await new Site({ iceServers: [{ urls: [`turn:${LOOPBACK}:${port}`], secret: SECRET }] }).listen();
  const [device, client] = [await site.peer('yard-device'), await site.peer('viewer')];
  const opening = client.request('connect', { peer: 'yard' });
  const asked = await device.call('connect');
  device.respond(asked['id'], {});
  const opened = (await opening) as { iceServers: IceServer[] };
  for (const { iceServers } of [opened, asked.params as unknown as { iceServers: IceServer[] }]) {
    const [server] = iceServers;
    expect(server?.urls).toEqual([`turn:${LOOPBACK}:${port}`]);
    expect(await relay(server ?? {})).toBe(0);
  }
  await site.close();
});

it('credentials that ended open no relay, nor do those that were made by another secret', async () => {
  const now = Date.now() / 1000;
  expect(await relay(turnCredentials(SECRET, now, 60, 'session'))).toBe(0);
  expect(await relay(turnCredentials(SECRET, now, -5, 'session'))).not.toBe(0);
  expect(await relay(turnCredentials('south-wind', now, 60, 'session'))).not.toBe(0);
});
