import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CamerasAnswer } from '../../src/base/api.ts';
import { createLogger } from '../../src/base/log.ts';
import type { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { launchChromium, type Browser } from '../support/chromium.ts';
import { recordingLogger, startSimulatedCamera, startSite, type Site } from '../support/site.ts';
import { card, inbound, openViewer, part, play } from '../support/viewer-page.ts';

/* What is wrong with a camera is said in the log, in the API and on the page, and the other cameras run on. */

let browser: Browser;
let site: Site;
let lines: Record<string, unknown>[];
const simulated: SimulatedCamera[] = [];

const WAIT = { timeout: 20_000, interval: 100 };

beforeAll(async () => {
  browser = await launchChromium();
  const good = await startSimulatedCamera('good');
  const locked = await startSimulatedCamera('locked');
  const av1 = await startSimulatedCamera('av1');
  simulated.push(good.simulated, locked.simulated, av1.simulated);
  av1.simulated.rtsp.faults.description = 'av1';
  const rtspLocked = await startSimulatedCamera('rtsp-locked');
  simulated.push(rtspLocked.simulated);
  const recording = recordingLogger((destination) => createLogger({ destination, level: 'info' }));
  lines = recording.lines;
  site = await startSite(
    [
      good.camera,
      { ...locked.camera, credentials: { username: 'viewer', password: 'wrong-password' } },
      { id: 'absent', name: 'absent', onvif: { host: '127.0.0.1', port: 9 } },
      {
        id: 'av1',
        name: 'av1',
        rtsp: { main: av1.rtspUrl },
        credentials: { username: 'viewer', password: 'camera-password' },
      },
      {
        id: 'rtsp-locked',
        name: 'rtsp-locked',
        rtsp: { main: rtspLocked.rtspUrl },
        credentials: { username: 'viewer', password: 'wrong-password' },
      },
      { id: 'rtsp-absent', name: 'rtsp-absent', rtsp: { main: 'rtsp://127.0.0.1:9/main', sub: 'rtsp://127.0.0.1:9/sub' } },
    ],
    { logger: recording.logger },
  );
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
  for (const camera of simulated) await camera.close();
});

async function camera(id: string): Promise<CamerasAnswer['cameras'][number]> {
  const answer = (await (await fetch(`${site.url}/api/cameras`)).json()) as CamerasAnswer;
  const found = answer.cameras.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no camera ${id}`);
  return found;
}

describe.each([
  ['locked', 'camera.unauthorized'],
  ['absent', 'camera.unreachable'],
])('a camera that is %s', (id, code) => {
  it(`is ${code} in the API, on the page with advice, and in the log, without a password`, async () => {
    await vi.waitFor(async () => expect(await camera(id)).toMatchObject({ state: 'failed', reason: { code } }), WAIT);
    const { reason } = await camera(id);
    const page = await openViewer(browser, site.url);
    await page.waitForSelector(`${card(id)}[data-camera-state="failed"]`);
    const shown = await page.textContent(part(id, 'notice-detail'));
    expect(shown).toContain(reason?.message);
    expect(shown).toContain(reason?.advice);
    const said = lines.filter((line) => JSON.stringify(line).includes(id) && Number(line['level']) >= 40);
    expect(said).not.toEqual([]);
    expect(JSON.stringify(lines)).not.toContain('wrong-password');
    await page.close();
  });
});

describe.each([
  ['rtsp-locked', 'rtsp.unauthorized'],
  ['rtsp-absent', 'rtsp.unreachable'],
])('a camera by RTSP URL that is %s', (id, code) => {
  it(`is ${code} once it is played: in the API, on the page with advice, and in the log, without a password`, async () => {
    const page = await openViewer(browser, site.url);
    await page.click(part(id, 'play'));
    await vi.waitFor(async () => expect(await camera(id)).toMatchObject({ state: 'failed', reason: { code } }), WAIT);
    const { reason, profiles } = await camera(id);
    expect(profiles[0]?.stream).toMatchObject({ state: 'failed', reason: { code } });
    const shown = (): Promise<string | null> => page.textContent(part(id, 'notice-detail'));
    await vi.waitFor(async () => expect(await shown()).toContain(reason?.message), WAIT);
    expect(reason?.advice).toBeDefined();
    expect(await shown()).toContain(reason?.advice);
    expect(lines.some((line) => line['camera'] === id && JSON.stringify(line).includes(code))).toBe(true);
    expect(JSON.stringify(lines)).not.toContain('wrong-password');
    await page.click(part(id, 'stop'));
    expect(await page.textContent(part(id, 'retry'))).toBe('Try again');
    await page.close();
  });
});

describe('a camera without H.264', () => {
  it('tells its viewer so, in the API and on the page, instead of letting it wait', async () => {
    const page = await openViewer(browser, site.url);
    await page.click(part('av1', 'play'));
    await vi.waitFor(async () => expect(await page.textContent(card('av1'))).toContain('H.264'), WAIT);
    const [profile] = (await camera('av1')).profiles;
    expect(profile?.stream).toMatchObject({ state: 'failed', reason: { code: 'stream.no_h264' } });
    expect(lines.some((line) => JSON.stringify(line).includes('AV1'))).toBe(true);
    await vi.waitFor(async () => expect(await page.getAttribute(card('av1'), 'data-state')).toBe('failed'), WAIT);
    expect(await page.textContent(part('av1', 'retry'))).toBe('Try again');
    await page.close();
  });
});

describe('the others', () => {
  it('run on', async () => {
    const page = await openViewer(browser, site.url);
    await play(page, 'good');
    expect((await inbound(page, 'good')).video.framesDecoded).toBeGreaterThan(0);
    await page.close();
  });
});
