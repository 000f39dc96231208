import { SignJWT } from 'jose';
import { expect, it, onTestFinished } from 'vitest';
import type { ConformanceReport } from '../../src/conformance/report.ts';
import { SERVER_CASES } from '../../src/conformance/server/cases/index.ts';
import { DEFAULT_MEDIA_SETTINGS } from '../../src/gateway/media-settings.ts';
import { certificateFiles } from '../support/certificate.ts';
import { runCli } from '../support/cli.ts';
import { startSite } from '../support/site.ts';

/* The whole gateway as a signaling server, by TLS and JSON Web Tokens, put to the kit as a command, with the times of daily use. */

const SECRET = 'a secret of at least thirty-two bytes';

function token(claims: Record<string, unknown>): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1h').sign(new TextEncoder().encode(SECRET));
}

it('the gateway conforms as a signaling server in every case', async () => {
  const files = certificateFiles();
  onTestFinished(() => files.remove());
  const iceServers = [{ urls: ['stun:192.0.2.1'] }, { urls: ['turn:192.0.2.1'], secret: 'shared-with-the-turn-server' }];
  const site = await startSite([], {
    tls: files,
    jwt: { secret: SECRET },
    media: { ...DEFAULT_MEDIA_SETTINGS, ice: { ...DEFAULT_MEDIA_SETTINGS.ice, loopbackOnly: true, iceServers } },
    sessionLifetimeSeconds: 3,
  });
  onTestFinished(() => site.close());
  const { port } = new URL(site.url);
  const { code, stdout } = await runCli([
    ...['conformance', 'server', '--url', `wss://127.0.0.1:${port}/signaling`, '--ca', files.cert, '--json'],
    ...['--client-token', await token({}), '--limited-client-token', await token({ cameras: ['elsewhere'] })],
    ...['--device-token', await token({ role: 'device', peer: 'kit' })],
    ...['--other-device-token', await token({ role: 'device', peer: 'kit-2' })],
  ]);
  const { cases, counts } = JSON.parse(stdout) as ConformanceReport;
  expect(cases.filter(({ result }) => result !== 'pass')).toEqual([]);
  expect(counts.pass).toBe(SERVER_CASES.length);
  expect(code).toBe(0);
});
