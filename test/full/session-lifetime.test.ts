import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { type Browser, launchChromium } from '../support/chromium.ts';
import { type Site, startSimulatedCamera, startSite } from '../support/site.ts';
import { card, inbound, openViewer, play } from '../support/viewer-page.ts';

/* Sessions with an end, as a browser lives them: extended by a token that is good, over with one that has ended. */

const SECRET = 'a secret of thirty-two characters';
const WAIT = { timeout: 20_000, interval: 50 };
const LIFETIME_SECONDS = 4;
/** Tokens are taken for this long beyond their end, since clocks differ. */
const SKEW_SECONDS = 30;

let simulated: SimulatedCamera;
let site: Site;
let browser: Browser;

beforeAll(async () => {
  const yard = await startSimulatedCamera('yard');
  simulated = yard.simulated;
  site = await startSite([yard.camera], { jwt: { secret: SECRET }, sessionLifetimeSeconds: LIFETIME_SECONDS });
  browser = await launchChromium();
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await site?.close();
  await simulated?.close();
});

function token(secondsLeft: number): Promise<string> {
  const jwt = new SignJWT({ exp: Date.now() / 1000 + secondsLeft }).setProtectedHeader({ alg: 'HS256' });
  return jwt.sign(new TextEncoder().encode(SECRET));
}

it('a viewer watches on without a break as long as the token is good', async () => {
  const page = await openViewer(browser, `${site.url}/?token=${await token(600)}`);
  await play(page, 'yard');
  // What the gateway knows of its sessions may be a second old.
  const first = await vi.waitFor(() => {
    const [session] = site.gateway.sessions();
    expect(session).toBeDefined();
    return session;
  }, WAIT);
  const { video } = await inbound(page, 'yard');
  // The simulated camera sends 25 pictures a second.
  const beyond = video.framesDecoded + 25 * LIFETIME_SECONDS * 2;
  await vi.waitFor(async () => expect((await inbound(page, 'yard')).video.framesDecoded).toBeGreaterThan(beyond), {
    timeout: 60_000,
    interval: 200,
  });
  expect(site.gateway.sessions().map(({ id }) => id)).toEqual([first?.id]);
  await page.close();
  await vi.waitFor(() => expect(site.gateway.sessions()).toEqual([]), { timeout: 40_000 });
});

it('and no longer: the session ends, and the page asks for another token', async () => {
  const page = await openViewer(browser, `${site.url}/?token=${await token(10 - SKEW_SECONDS)}`);
  await play(page, 'yard');
  await page.waitForSelector('[data-testid="token"]', { timeout: 60_000 });
  await vi.waitFor(async () => expect(await page.getAttribute(card('yard'), 'data-state')).toBe('failed'), { timeout: 60_000 });
  await vi.waitFor(() => expect(site.gateway.sessions()).toEqual([]), { timeout: 40_000 });
  await page.close();
});
