import type { Page } from 'playwright-core';

/** A picture that a browser presented. */
export interface ShownPicture {
  /** Milliseconds since 1970. */
  atMs: number;
  width: number;
}

declare global {
  interface Window {
    shownPictures?: ShownPicture[];
  }
}

/** From now on the page notes each picture of a camera that it presents. */
export async function notePictures(page: Page, camera: string): Promise<void> {
  await page.evaluate((id) => {
    const video = window.viewer.sessions[id]?.video;
    if (video === undefined) throw new Error(`no session of ${id}`);
    const shown: ShownPicture[] = [];
    window.shownPictures = shown;
    const note: VideoFrameRequestCallback = (_now, { presentationTime, width }) => {
      shown.push({ atMs: performance.timeOrigin + presentationTime, width });
      video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
  }, camera);
}

/** Those that were presented since {@link notePictures}, and not before `sinceMs`. */
export async function shownPictures(page: Page, sinceMs = 0): Promise<ShownPicture[]> {
  return await page.evaluate((since) => window.shownPictures?.filter(({ atMs }) => atMs >= since) ?? [], sinceMs);
}

/** The longest time without a new picture, milliseconds; from one moment to another, in which pictures are. */
export function longestGapMs(pictures: readonly ShownPicture[], fromMs: number, toMs: number): number {
  const moments = [fromMs, ...pictures.map(({ atMs }) => atMs).filter((atMs) => atMs > fromMs && atMs < toMs), toMs];
  return Math.max(...moments.slice(1).map((atMs, index) => atMs - (moments[index] ?? atMs)));
}

/** Milliseconds since 1970, by the clock of the page. */
export async function pageTime(page: Page): Promise<number> {
  return await page.evaluate(() => performance.timeOrigin + performance.now());
}
