import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { ConformanceReport } from '../../src/conformance/report.ts';
import { SERVER_CASES } from '../../src/conformance/server/cases/index.ts';
import { runCli } from '../support/cli.ts';
import { FakeServer, TOKENS } from '../unit/conformance/server/fake-server.ts';

/* `conformance server` as a process, against a server written from the text of the specification. */

const LOGIN = ['--client-token', TOKENS.client, '--device-token', TOKENS.device];
const QUICK = ['--settle', '0.05', '--only', '5.2.3', '--only', '5.2.8'];

async function serve(fault?: string): Promise<string> {
  const server = new FakeServer(fault);
  onTestFinished(() => server.close());
  return server.listen();
}

it('prints a report that says pass, and ends with 0, where the server conforms', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const junit = join(folder, 'server.xml');
  const url = await serve();
  const { code, stdout } = await runCli(['conformance', 'server', '--url', url, ...LOGIN, ...QUICK, '--json', '--junit', junit]);
  const report = JSON.parse(stdout) as ConformanceReport;
  const wanted = SERVER_CASES.filter(({ clause }) => clause === '5.2.3' || clause === '5.2.8').length;
  expect(report).toMatchObject({ role: 'server', endpoint: url, interrupted: false, counts: { pass: wanted, fail: 0 } });
  expect(code).toBe(0);
  expect(readFileSync(junit, 'utf8')).toContain('name="disconnected-client: ');
});

it('says of what fails what was expected and what was said, without a token, and ends with 1', async () => {
  const { code, stdout } = await runCli([
    ...['conformance', 'server', '--url', await serve('unregister-again'), ...LOGIN, '--only', 'unregister-again'],
  ]);
  expect(stdout).toContain('FAIL 5.2.3 unregister-again');
  expect(stdout).toContain('error 404 as the answer to a second unregister');
  expect(stdout).toContain('"method":"unregister"');
  expect(stdout).not.toContain(TOKENS.client);
  expect(code).toBe(1);
});

it('leaves out what it was not given the tokens for', async () => {
  const { code, stdout } = await runCli([
    ...['conformance', 'server', '--url', await serve(), ...LOGIN, '--only', 'connect-forbidden', '--json'],
  ]);
  expect(JSON.parse(stdout)).toMatchObject({ counts: { pass: 0, fail: 0, notApplicable: 1 } });
  expect(code).toBe(0);
});

it.each([
  [
    'says before the cases that the device cannot be connected to',
    ['--client-token', TOKENS.client, '--device-token', TOKENS.client],
    true,
  ],
  ['says nothing of the kind where it can', LOGIN, false],
])('%s', async (_what, tokens, expected) => {
  const { stderr } = await runCli(['conformance', 'server', '--url', await serve(), ...tokens, '--only', 'register-client']);
  expect(/^No session comes about .*Is --device-token the token of a device/m.test(stderr)).toBe(expected);
  expect(stderr).toContain('1 cases begin.');
});

it('lists its cases', async () => {
  const { code, stdout } = await runCli(['conformance', 'server', '--list']);
  expect(stdout.trim().split('\n')).toHaveLength(SERVER_CASES.length);
  expect(code).toBe(0);
});

it.each([
  [['--url', 'ws://127.0.0.1:9/x?access_token=hunter2'], 1, 'There is no server at ws://127.0.0.1:9/x?access_token=***'],
  [[], 2, '--url wss://host/path'],
  [['--url', 'https://127.0.0.1'], 2, 'wss://host/path'],
  [['--url', 'ws://127.0.0.1:9/x#part'], 2, 'wss://host/path'],
  [['--url', 'ws://me:hunter2@127.0.0.1:9/x'], 2, 'without a user'],
  [['--url', 'ws://127.0.0.1:9/x', '--client-token', 'hunter2\n'], 2, '--client-token holds spaces, line breaks'],
  [['--url', 'wss://127.0.0.1:9', '--ca', '/nowhere.pem'], 2, '/nowhere.pem cannot be read'],
])('says in a sentence what is missing: %j', async (args, expected, sentence) => {
  const { code, stderr } = await runCli(['conformance', 'server', ...args]);
  expect(stderr).toContain(sentence);
  expect(stderr).not.toContain('hunter2');
  expect(code).toBe(expected);
});
