import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import type { CamerasAnswer, SessionInfo, SessionsAnswer } from '../../src/base/api.ts';
import { launchChromium, type Browser } from '../support/chromium.ts';
import { CliProcess } from '../support/cli.ts';
import { startGstRtspServer, type GstRtspServer } from '../support/gst-rtsp-server.ts';
import { createNetworkNamespace, type NetworkNamespace } from '../support/network-namespace.ts';
import { Program } from '../support/program.ts';
import { inbound, openViewer, part, play } from '../support/viewer-page.ts';
import { WebrtcbinViewer } from '../support/webrtcbin-viewer.ts';

/*
 * Cameras with H.265: GStreamer's webrtcbin decodes it as it comes, while Debian's Chromium, which rejects it, watches the same camera. On a cable of
 * their own, since webrtcbin takes no loopback.
 */

const URL_OF_GATEWAY = 'http://127.0.0.1:8080';
const FRAMES = 25;
const WAIT = { timeout: 30_000, interval: 100 };

let folder: string;
let namespace: NetworkNamespace;
let encoders: GstRtspServer;
let gateway: CliProcess;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'h265-'));
  namespace = createNetworkNamespace(`h265-test-${process.pid}`);
  const { prefix } = namespace;
  encoders = await startGstRtspServer({ allMounts: true, prefix });
  const [h264, h265] = ['h264', 'h265'].map((mount) => encoders.url.replace('/live', `/${mount}`));
  const config = [
    'http: {listen: "127.0.0.1:8080"}',
    'discovery: {enabled: false}',
    'media: {pull: always, linger: 1}',
    'cameras:',
    `- {id: ladder, rtsp: {main: "${h265}", sub: "${h264}"}}`,
    `- {id: alone, rtsp: {main: "${h265}"}}`,
    `- {id: unconverted, rtsp: {main: "${h265}"}, transcode: never}`,
  ];
  writeFileSync(join(folder, 'gateway.yaml'), config.join('\n'));
  gateway = new CliProcess(['run', '--config', join(folder, 'gateway.yaml')], { prefix });
  await gateway.says(/8080/, 30_000);
  browser = await launchChromium({}, { prefix });
  page = await openViewer(browser, URL_OF_GATEWAY);
  // What they send is known then.
  await vi.waitFor(async () => {
    const { cameras } = await api<CamerasAnswer>('cameras');
    expect(cameras.map(({ profiles }) => profiles[0]?.stream.state)).toEqual(['playing', 'playing', 'playing']);
  }, WAIT);
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(gateway.stdout + gateway.stderr);
  for (const id of ['ladder', 'alone']) if (await page.isVisible(part(id, 'stop'))) await page.click(part(id, 'stop'));
});

afterAll(async () => {
  await browser?.close();
  gateway?.kill('SIGTERM');
  await gateway?.exit();
  await encoders?.close();
  namespace?.close();
  rmSync(folder, { recursive: true });
});

async function api<Answer>(path: string): Promise<Answer> {
  const text = await page.evaluate(async (url) => await (await fetch(url)).text(), `/api/${path}`);
  return JSON.parse(text) as Answer;
}

function watchWithWebrtcbin(peer: string): WebrtcbinViewer {
  const where = { server: `${URL_OF_GATEWAY.replace('http', 'ws')}/signaling`, peer };
  const viewer = new WebrtcbinViewer(where, (command) => new Program([...namespace.prefix, ...command]));
  onTestFinished(() => viewer.end());
  return viewer;
}

/** What each viewer of a camera is shown, by the codec: as the API had it when it last looked. */
async function shown(id: string): Promise<Partial<SessionInfo>[]> {
  const { sessions } = await api<SessionsAnswer>('sessions');
  const live = sessions.filter(({ camera, state }) => camera === id && state === 'live');
  return live
    .map(({ profile, requestedProfile, videoCodec, videoConverted }) => ({
      profile,
      requestedProfile,
      videoCodec,
      videoConverted,
    }))
    .toSorted((a, b) => String(b.videoCodec).localeCompare(String(a.videoCodec)));
}

async function decodesInChromium(id: string): Promise<void> {
  await vi.waitFor(async () => expect((await inbound(page, id)).video.framesDecoded).toBeGreaterThan(FRAMES), WAIT);
}

const AS_IT_COMES = { profile: 'main', requestedProfile: 'main', videoCodec: 'H265', videoConverted: false };

it('webrtcbin decodes H.265, and Chromium at the same time the H.264 of another profile of the camera', async () => {
  const viewer = watchWithWebrtcbin('ladder');
  await play(page, 'ladder');
  await Promise.all([viewer.watch(FRAMES), decodesInChromium('ladder')]);
  expect(viewer.codec).toBe('H265');
  const fromLadder = { profile: 'sub', requestedProfile: 'main', videoCodec: 'H264', videoConverted: false };
  await vi.waitFor(async () => expect(await shown('ladder')).toEqual([AS_IT_COMES, fromLadder]), WAIT);
});

it('webrtcbin decodes H.265, and Chromium at the same time H.264 that is made of it, where the camera has nothing else', async () => {
  const viewer = watchWithWebrtcbin('alone');
  await play(page, 'alone');
  await Promise.all([viewer.watch(FRAMES), decodesInChromium('alone')]);
  expect(viewer.codec).toBe('H265');
  await vi.waitFor(
    async () => expect(await shown('alone')).toEqual([AS_IT_COMES, { ...AS_IT_COMES, videoCodec: 'H264', videoConverted: true }]),
    WAIT,
  );
});

it('webrtcbin decodes H.265 of a camera that is never transcoded, and Chromium is told why it sees nothing', async () => {
  const viewer = watchWithWebrtcbin('unconverted');
  await viewer.watch(FRAMES);
  await page.click(part('unconverted', 'play'));
  const notice = (): Promise<string | null> => page.textContent(part('unconverted', 'notice-detail'));
  await vi.waitFor(async () => expect(await notice()).toContain('H.265'), WAIT);
  await vi.waitFor(async () => expect(await shown('unconverted')).toEqual([AS_IT_COMES]), WAIT);
});
