import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createLogger } from '../../../src/base/log.ts';
import type { SignalingConfig } from '../../../src/config/gateway-config.ts';
import { Gateway } from '../../../src/gateway/gateway.ts';
import { DEFAULT_MEDIA_SETTINGS } from '../../../src/gateway/media-settings.ts';
import { OAuthServer } from '../../support/oauth-server.ts';
import { recordingLogger } from '../../support/site.ts';
import { WAIT } from '../peer/webrtc/loopback-viewer.ts';
import { Site } from '../signaling/fixture.ts';

/* How the cameras of a gateway come by their tokens at a signaling server of somebody else. */

const SECRET = 'hunter2';
const OAUTH = { id: 'site', method: 'client_secret_basic', secret: SECRET } as const;
const IDS = ['a', 'b', 'c', 'd', 'e'];

/** A signaling server that takes devices by the tokens of this set, and says which it was shown. */
async function site(): Promise<{ server: Site; good: Set<string>; shown: (string | undefined)[] }> {
  const good = new Set<string>();
  const shown: (string | undefined)[] = [];
  const verify = (token: string | undefined): { role: 'device' } | undefined => {
    shown.push(token);
    return token !== undefined && good.has(token) ? { role: 'device' } : undefined;
  };
  const server = await new Site({ tokens: { verify } }).listen();
  onTestFinished(() => server.close());
  return { server, good, shown };
}

async function oauthServer(): Promise<OAuthServer> {
  const server = await new OAuthServer({ client: OAUTH }).start();
  onTestFinished(() => server.close());
  return server;
}

async function gatewayAt(
  signaling: SignalingConfig,
  own: Record<string, SignalingConfig> = {},
): Promise<{ gateway: Gateway; log: () => string }> {
  const { logger, lines } = recordingLogger((destination) => createLogger({ level: 'trace', destination }));
  const gateway = new Gateway({
    listen: { host: '127.0.0.1', port: 0 },
    cameras: IDS.map((id) => ({
      camera: { id, name: id, rtsp: { main: 'rtsp://127.0.0.1:9/1' } },
      ...(own[id] === undefined ? {} : { signaling: own[id] }),
    })),
    viewerTokens: [],
    signaling,
    media: { ...DEFAULT_MEDIA_SETTINGS, workers: 0 },
    logger,
  });
  onTestFinished(() => gateway.close());
  await gateway.start();
  return { gateway, log: () => JSON.stringify(lines) };
}

async function untilAll(gateway: Gateway, state: string, count = IDS.length): Promise<void> {
  await vi.waitFor(() => {
    const states = gateway.cameras().filter(({ signaling }) => signaling.state === state);
    expect(states).toHaveLength(count);
  }, WAIT);
}

it('cameras share one token of OAuth; one with a section of its own has its own', async () => {
  const [{ server, good, shown }, common, own] = [await site(), await oauthServer(), await oauthServer()];
  own.tokenOf = (number) => `own-${number}`;
  for (const token of ['token-1', 'own-1']) good.add(token);
  const oauth = (at: OAuthServer): SignalingConfig => ({ server: server.url, oauth: { issuer: at.issuer, client: OAUTH } });
  const { gateway, log } = await gatewayAt(oauth(common), { c: oauth(own) });
  await untilAll(gateway, 'registered');
  expect(Object.groupBy(shown, (token) => token ?? 'none')).toEqual({ 'own-1': ['own-1'], 'token-1': Array(4).fill('token-1') });
  expect([common.issued, own.issued]).toEqual([['token-1'], ['own-1']]);
  expect(log() + JSON.stringify(gateway.cameras())).not.toMatch(/hunter2|token-1|own-1/);
});

it('a token that is taken back while all are away is fetched anew once, and all come back', async () => {
  const [{ server, good }, oauth] = [await site(), await oauthServer()];
  good.add('token-1');
  const { gateway } = await gatewayAt({ server: server.url, oauth: { tokenEndpoint: oauth.tokenEndpoint, client: OAUTH } });
  await untilAll(gateway, 'registered');
  good.clear();
  good.add('token-2');
  await server.restart();
  await untilAll(gateway, 'registered');
  expect(oauth.issued).toEqual(['token-1', 'token-2']);
});

it('tokens that are not accepted leave the cameras failed with the reason, until the file holds another', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'token-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, 'token-old\n');
  const { server, good } = await site();
  const { gateway, log } = await gatewayAt({ server: server.url, tokenFile });
  await untilAll(gateway, 'failed');
  expect(gateway.cameras()[0]?.signaling.reason?.code).toBe('signaling.unauthorized');
  expect(gateway.ready()).toMatchObject({ ready: false });
  good.add('token-new');
  writeFileSync(tokenFile, 'token-new\n');
  await untilAll(gateway, 'registered');
  expect(log()).not.toMatch(/token-old|token-new/);
});

it('an authorization server that gives no token is said at each camera, with its error', async () => {
  const [{ server }, oauth] = [await site(), await oauthServer()];
  const client = { ...OAUTH, secret: 'wrong' };
  const { gateway, log } = await gatewayAt({ server: server.url, oauth: { tokenEndpoint: oauth.tokenEndpoint, client } });
  await untilAll(gateway, 'failed');
  expect(gateway.cameras()[0]?.signaling.reason).toMatchObject({
    code: 'oauth.refused',
    message: expect.stringContaining(`${oauth.tokenEndpoint} gave no token (invalid_client`) as string,
  });
  expect(oauth.requests.length).toBeLessThan(IDS.length);
  expect(log()).not.toContain('wrong"');
});

it('a token that would go in clear to another machine is warned of', async () => {
  const { log } = await gatewayAt({ server: 'ws://192.0.2.1/onvif?key=hunter2', token: 'T' });
  expect(log()).toContain('Tokens go unencrypted to ws://192.0.2.1/onvif?key=***');
});
