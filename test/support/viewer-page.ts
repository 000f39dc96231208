import type { Page } from 'playwright-core';
import { expect, vi } from 'vitest';
import { readClipTime } from '../../src/simulator/clip-time-mark.ts';
import { CLIP_MS } from '../../src/simulator/profiles.ts';
import type { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import type { Browser } from './chromium.ts';

export const card = (id: string): string => `[data-camera-id="${id}"]`;
export const part = (id: string, name: string): string => `${card(id)} [data-testid="${name}"]`;

export async function openViewer(browser: Browser, url: string): Promise<Page> {
  const page = await browser.context.newPage();
  await page.goto(url);
  return page;
}

/** Clicks play when the camera can be played, and waits for its first decoded frame. */
export async function play(page: Page, id: string): Promise<void> {
  await page.click(part(id, 'play'), { timeout: 15_000 });
  await vi.waitFor(async () => expect((await inbound(page, id)).video.framesDecoded).toBeGreaterThan(0), {
    timeout: 15_000,
    interval: 50,
  });
}

/** The numbers of Chromium's `inbound-rtp` statistics that the tests look at; 0 where it gives none yet. */
export interface Inbound {
  framesDecoded: number;
  framesDropped: number;
  freezeCount: number;
  /** Seconds. */
  totalFreezesDuration: number;
  packetsReceived: number;
  packetsLost: number;
  nackCount: number;
  /** Milliseconds between the NTP epoch and the playout of what is heard or shown now; 0 before the first sender report. */
  estimatedPlayoutTimestamp: number;
  /** Milliseconds since 1970 at which the statistics were taken. */
  timestamp: number;
}

export async function inbound(page: Page, id: string): Promise<{ video: Inbound; audio: Inbound }> {
  return await page.evaluate(async (camera) => {
    const pick = (entry: Record<string, unknown> | undefined): Inbound => {
      const number = (name: string): number => (typeof entry?.[name] === 'number' ? entry[name] : 0);
      return {
        framesDecoded: number('framesDecoded'),
        framesDropped: number('framesDropped'),
        freezeCount: number('freezeCount'),
        totalFreezesDuration: number('totalFreezesDuration'),
        packetsReceived: number('packetsReceived'),
        packetsLost: number('packetsLost'),
        nackCount: number('nackCount'),
        estimatedPlayoutTimestamp: number('estimatedPlayoutTimestamp'),
        timestamp: number('timestamp'),
      };
    };
    const entries: Record<string, unknown>[] = [];
    const report = await window.viewer.sessions[camera]?.peerConnection?.getStats();
    report?.forEach((entry) => entries.push(entry));
    const of = (kind: string): Inbound =>
      pick(entries.find((entry) => entry['type'] === 'inbound-rtp' && entry['kind'] === kind));
    return { video: of('video'), audio: of('audio') };
  }, id);
}

/** A picture as it is on the screen, small: rows of RGBA. */
export interface Picture {
  /** Milliseconds since 1970 at which the browser presented it. */
  presentedAt: number;
  pixels: Uint8Array;
  width: number;
  height: number;
}

const PICTURE_WIDTH = 320;
const PICTURE_HEIGHT = 180;

/** The next picture that the browser presents of a camera. */
export async function nextPicture(page: Page, id: string): Promise<Picture> {
  const { presentedAt, base64 } = await page.evaluate(
    async ({ camera, width, height }) => {
      const video = window.viewer.sessions[camera]?.video;
      if (video === undefined) throw new Error(`no session of ${camera}`);
      const shown = await new Promise<number>((resolve) => {
        video.requestVideoFrameCallback((now) => resolve(performance.timeOrigin + now));
      });
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext('2d', { willReadFrequently: true });
      if (context === null) throw new Error('no canvas');
      context.drawImage(video, 0, 0, width, height);
      let binary = '';
      for (const byte of context.getImageData(0, 0, width, height).data) binary += String.fromCharCode(byte);
      return { presentedAt: shown, base64: btoa(binary) };
    },
    { camera: id, width: PICTURE_WIDTH, height: PICTURE_HEIGHT },
  );
  return { presentedAt, pixels: Buffer.from(base64, 'base64'), width: PICTURE_WIDTH, height: PICTURE_HEIGHT };
}

/** How old a picture is by the clock in its pixels against the camera's, milliseconds; the mark is rounded to 10, so it may be a little below 0. */
export function pictureBehind(camera: SimulatedCamera, picture: Picture): number {
  const shown = readClipTime(picture.pixels, picture.width, picture.height);
  if (shown === undefined) throw new Error('the picture carries no readable clip time');
  const behind = camera.timeline.clipTimeAt(picture.presentedAt) - shown;
  return behind - CLIP_MS * Math.round(behind / CLIP_MS);
}
