import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DEVICE_CASES } from '../../src/conformance/device/cases/index.ts';
import type { ConformanceReport } from '../../src/conformance/report.ts';
import { certificateFiles } from '../support/certificate.ts';
import { CliProcess, runCli } from '../support/cli.ts';
import { FakeDevice } from '../unit/conformance/device/fake-device.ts';

/* `conformance device` as a process, against a device written from the text of the specification. */

const TOKEN = 'token-of-the-camera';

/** A run of the kit to which a device comes as soon as it says where to. */
async function test(args: string[], fault?: string): Promise<{ kit: CliProcess; code: number | null }> {
  const kit = new CliProcess(['conformance', 'device', '--token', TOKEN, '--settle', '0.2', ...args]);
  onTestFinished(() => kit.kill('SIGKILL'));
  const [, url = ''] = await kit.says(/signaling server (wss?:\S+)/, 30_000);
  const device = new FakeDevice({ url, token: TOKEN, fault });
  onTestFinished(() => device.close());
  device.start();
  return { kit, code: await kit.exit() };
}

it('prints a report that says pass, and ends with 0, where the device conforms', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const junit = join(folder, 'device.xml');
  const { kit, code } = await test([
    '--only',
    '5.2.5',
    '--only',
    'register-first',
    '--only',
    'session-live',
    '--json',
    '--junit',
    junit,
  ]);
  const report = JSON.parse(kit.stdout) as ConformanceReport;
  const wanted = DEVICE_CASES.filter(({ clause }) => clause === '5.2.5').length + 2;
  expect(report.cases.filter(({ result }) => result !== 'pass')).toEqual([]);
  expect(report).toMatchObject({
    role: 'device',
    endpoint: 'Fake device (127.0.0.1)',
    interrupted: false,
    counts: { pass: wanted },
  });
  expect(code).toBe(0);
  expect(readFileSync(junit, 'utf8')).toContain('classname="onvif-webrtc.device.clause 5-2-5"');
  expect(kit.stderr).toContain('pass  5.2.5   offer-trickle');
});

it('says of what fails what was expected and what was said, without the token, and ends with 1', async () => {
  const { kit, code } = await test(['--only', 'offer-setup', '--only', 'handshake-token'], 'offer-setup');
  expect(kit.stdout).toContain('FAIL 5.2.5 offer-setup');
  expect(kit.stdout).toContain('expected: a=setup:actpass in each media section');
  expect(kit.stdout).toMatch(/device -> kit: .*"method":"invite"/);
  expect(kit.stdout).toContain('1 passed, 1 failed, 0 not applicable');
  expect(kit.stdout + kit.stderr).not.toContain(TOKEN);
  expect(code).toBe(1);
});

it('leaves out what it was not told of, and says what that is', async () => {
  const { kit, code } = await test(['--only', 'connect-profile', '--only', 'offer-audio-profile']);
  expect(kit.stdout).toMatch(/n\/a +connect-profile .*no --profile was given/);
  expect(kit.stdout).toMatch(/n\/a +offer-audio-profile .*no --profile-audio was given/);
  expect(code).toBe(0);
});

it('shows what it found so far when it is interrupted, and ends with 1', async () => {
  const kit = new CliProcess(['conformance', 'device', '--json']);
  onTestFinished(() => kit.kill('SIGKILL'));
  const [, url = ''] = await kit.says(/signaling server (ws:\S+)/, 30_000);
  const device = new FakeDevice({ url, token: '', fault: 'trickle-end' });
  onTestFinished(() => device.close());
  device.start();
  await kit.says(/offer-crlf/, 30_000);
  kit.kill('SIGINT');
  expect(await kit.exit()).toBe(1);
  const report = JSON.parse(kit.stdout) as ConformanceReport;
  expect(report.interrupted).toBe(true);
  expect(report.cases.map(({ id }) => id)).toContain('offer-crlf');
  expect(report.cases.length).toBeLessThan(DEVICE_CASES.length);
});

it('listens with TLS where it is given a certificate', async () => {
  const files = certificateFiles();
  onTestFinished(() => files.remove());
  const kit = new CliProcess([
    'conformance',
    'device',
    '--only',
    'register-first',
    '--tls-cert',
    files.cert,
    '--tls-key',
    files.key,
  ]);
  onTestFinished(() => kit.kill('SIGKILL'));
  const [, url = ''] = await kit.says(/signaling server (wss:\S+)/, 30_000);
  const device = new FakeDevice({ url, token: '', ca: files.pem });
  onTestFinished(() => device.close());
  device.start();
  expect(await kit.exit()).toBe(0);
});

it('lists its cases', async () => {
  const { code, stdout } = await runCli(['conformance', 'device', '--list', '--json']);
  expect((JSON.parse(stdout) as { id: string }[]).map(({ id }) => id)).toEqual(DEVICE_CASES.map(({ id }) => id));
  expect(code).toBe(0);
});

it.each([
  [['--wait', '0.2'], 1, 'Nothing connected within 0.2 s.'],
  [['--listen', 'nonsense'], 2, 'Write HOST:PORT'],
  [['--only', 'no-such-case'], 2, '--only no-such-case is neither a case nor a clause'],
  [['--wait', '0.2'], 1, 'Only programs of this machine reach that; for a camera give --listen ADDRESS:PORT.'],
  [['--junit', '/no/such/folder/device.xml'], 2, '/no/such/folder/device.xml cannot be written'],
  [['--stun', 'turn:192.0.2.1'], 2, 'Write stun:HOST:PORT or stuns:HOST:PORT.'],
  [['--turn', 'http://192.0.2.1'], 2, 'Write turn:HOST:PORT or turns:HOST:PORT.'],
  [['--turn', 'turn:192.0.2.1', '--turn-user', 'kit'], 2, '--turn, --turn-user and --turn-password go together.'],
  [['--turn-user', 'kit'], 2, '--turn, --turn-user and --turn-password go together.'],
  [['--tls-cert', 'x.pem'], 2, '--tls-cert and --tls-key go together'],
])('says in a sentence what is missing: %j', async (args, expected, sentence) => {
  const { code, stderr } = await runCli(['conformance', 'device', ...args]);
  expect(stderr).toContain(sentence);
  expect(code).toBe(expected);
});
