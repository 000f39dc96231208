import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CertificateFiles, certificateFiles } from '../support/certificate.ts';
import { type Browser, launchChromium } from '../support/chromium.ts';
import { CREDENTIALS, type Site, startSimulatedCamera, startSite } from '../support/site.ts';
import { openViewer, part, play } from '../support/viewer-page.ts';
import type { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';

/* The whole gateway behind https, opened by a JSON Web Token, in a real browser. */

const SECRET = 'a secret of thirty-two characters';

let files: CertificateFiles;
let simulated: SimulatedCamera;
let site: Site;
let browser: Browser;

beforeAll(async () => {
  files = certificateFiles();
  const yard = await startSimulatedCamera('yard');
  simulated = yard.simulated;
  const gate = { ...yard.camera, id: 'gate', name: 'Gate', credentials: CREDENTIALS };
  site = await startSite([yard.camera, gate], { tls: files, jwt: { secret: SECRET }, sessionLifetimeSeconds: 60 });
  browser = await launchChromium({ ignoreHTTPSErrors: true });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await site?.close();
  await simulated?.close();
  files?.remove();
});

function token(claims: Record<string, unknown>): Promise<string> {
  const jwt = new SignJWT({ exp: Date.now() / 1000 + 300, ...claims }).setProtectedHeader({ alg: 'HS256' });
  return jwt.sign(new TextEncoder().encode(SECRET));
}

it('a token for one camera plays that one over wss and shows no other, and the page may ask for a microphone', async () => {
  expect(site.url).toMatch(/^https:/);
  const page = await openViewer(browser, `${site.url}/?token=${await token({ cameras: ['yard'] })}`);
  await play(page, 'yard');
  expect(await page.isVisible(part('gate', 'play'))).toBe(false);
  const microphone = await page.evaluate(() => {
    const { permissionsPolicy, featurePolicy } = document as unknown as Record<
      string,
      { allowsFeature(name: string): boolean } | undefined
    >;
    const policy = permissionsPolicy ?? featurePolicy;
    return [window.isSecureContext, policy?.allowsFeature('microphone'), policy?.allowsFeature('camera')];
  });
  expect(microphone).toEqual([true, true, false]);
  await page.close();
});

it('a token that ended opens nothing, and the page asks for another', async () => {
  const page = await openViewer(browser, `${site.url}/?token=${await token({ exp: 1 })}`);
  await page.waitForSelector('[data-testid="token"]');
  await page.fill('[data-testid="token"]', await token({ cameras: ['gate'] }));
  await page.press('[data-testid="token"]', 'Enter');
  await play(page, 'gate');
  expect(await page.isVisible('[data-testid="token"]')).toBe(false);
  await page.close();
});
