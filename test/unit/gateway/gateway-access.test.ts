import { expect, it, onTestFinished, vi } from 'vitest';
import { createLogger } from '../../../src/base/log.ts';
import { recordingLogger, startSite } from '../../support/site.ts';
import { WAIT } from '../peer/webrtc/loopback-viewer.ts';

/* Who may see what, as a whole gateway has it from its config. */

const CAMERA = { id: 'yard', name: 'Yard', rtsp: { main: 'rtsp://127.0.0.1:9/1' } };

it('an issuer whose keys cannot be had is named at the start; tokens of the config open the gateway meanwhile', async () => {
  const { logger, lines } = recordingLogger((destination) => createLogger({ destination }));
  const jwt = { jwks: 'http://127.0.0.1:9/keys?key=secret', audience: 'gateway' };
  const { gateway, url } = await startSite([CAMERA], { viewerTokens: [{ token: 'viewer' }], jwt, logger });
  onTestFinished(() => gateway.close());
  const complaint = expect.stringContaining('The keys of tokens cannot be read from http://127.0.0.1:9/keys?key=***: ') as string;
  await vi.waitFor(() => expect(lines.map(({ msg }) => msg)).toContainEqual(complaint), WAIT);
  const ask = async (token: string): Promise<number> =>
    (await fetch(`${url}/api/cameras`, { headers: { authorization: `Bearer ${token}` } })).status;
  await expect(ask('viewer')).resolves.toBe(200);
  await expect(ask('a.b.c')).resolves.toBe(401);
});
