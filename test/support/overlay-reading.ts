import type { Page } from 'playwright-core';
import { readClipTime } from '../../src/simulator/clip-time-mark.ts';
import { CLIP_MS } from '../../src/simulator/profiles.ts';
import { SCENE_HEIGHT, SCENE_WIDTH, sceneAt, visibleBox } from '../../src/simulator/scene.ts';

/* Which moment of the clip picture and boxes show, read from the pixels of both. */

/** The moving vehicles, and a height at which no other box or label of their colour lies across theirs; scene units. */
const VEHICLES = [
  { id: 2, y: 5.6 },
  { id: 3, y: 6.5 },
];
/** Of a vehicle's box, as src/page/metadata/box-painter.ts paints it. */
const COLOUR = [0x5b, 0xc8, 0xff];
/** A small copy of the picture, of which only the rows with the mark are made. */
const PICTURE = { width: 320, height: 180, markRows: 5 };
/** Clip times at which both moving vehicles are in view, and no label lies across their edges. */
const IN_VIEW = { fromMs: 7_680, toMs: 9_000 };
/** How far an edge may be off, of the picture's width: half a pixel, and what the document rounds. */
const EDGE_SHARE = 0.002;

/** What is on the screen at one moment. */
export interface Screen {
  /** Clip time in the pixels of the video. */
  pictureMs: number;
  /** Clip time at which the scene has the boxes whose edges are in the pixels of the overlay; undefined where there is no such time. */
  boxesMs: number | undefined;
  /** What the page says of the boxes. */
  drawn: { utcMs: number | null; pictureMs: number | null; isInStep: boolean } | null;
}

/** Reads video and overlay together, once for each picture that the browser presents while the clip's moving vehicles are in view, until there are so many. */
export async function readScreens(page: Page, id: string, count: number): Promise<Screen[]> {
  const screens: Screen[] = [];
  while (screens.length < count) {
    for (const { pictureMs, ...rest } of await readNext(page, id, 5)) {
      const isInView = pictureMs !== undefined && pictureMs >= IN_VIEW.fromMs && pictureMs < IN_VIEW.toMs;
      if (isInView) screens.push({ pictureMs, ...rest });
    }
  }
  return screens.slice(0, count);
}

async function readNext(
  page: Page,
  id: string,
  count: number,
): Promise<(Omit<Screen, 'pictureMs'> & { pictureMs: number | undefined })[]> {
  const raw = await page.evaluate(
    async ({ camera, pictures, size, heights }) => {
      const video = window.viewer.sessions[camera]?.video;
      const overlay = document.querySelector<HTMLCanvasElement>(`[data-camera-id="${camera}"] [data-testid="overlay"]`);
      const copy = new OffscreenCanvas(size.width, size.markRows).getContext('2d', { willReadFrequently: true });
      if (video === undefined || overlay === null || copy === null) throw new Error(`no session of ${camera}`);
      const encode = (data: Uint8ClampedArray): string => {
        let binary = '';
        for (const byte of data) binary += String.fromCharCode(byte);
        return btoa(binary);
      };
      const screens = [];
      for (let picture = 0; picture < pictures; picture += 1) {
        // After the callbacks of all who wait for this picture, before it is painted.
        await new Promise((resolve) => {
          video.requestVideoFrameCallback(() => requestAnimationFrame(resolve));
        });
        const above = (size.height - size.markRows) / size.height;
        const { videoWidth, videoHeight } = video;
        copy.drawImage(video, 0, videoHeight * above, videoWidth, videoHeight * (1 - above), 0, 0, size.width, size.markRows);
        const drawn = window.viewer.sessions[camera]?.boxes ?? null;
        const width = overlay.width;
        const rows = new OffscreenCanvas(Math.max(1, width), heights.length).getContext('2d', { willReadFrequently: true });
        if (rows === null) throw new Error('no canvas');
        for (const [row, share] of heights.entries()) {
          rows.drawImage(overlay, 0, Math.round(share * overlay.height), width, 1, 0, row, width, 1);
        }
        screens.push({
          video: encode(copy.getImageData(0, 0, size.width, size.markRows).data),
          overlay: heights.map((_share, row) => encode(rows.getImageData(0, row, Math.max(1, width), 1).data)),
          drawn: drawn && { utcMs: drawn.utcMs, pictureMs: drawn.pictureMs, isInStep: drawn.isInStep },
        });
      }
      return screens;
    },
    { camera: id, pictures: count, size: PICTURE, heights: VEHICLES.map(({ y }) => y / SCENE_HEIGHT) },
  );
  return raw.map(({ video, overlay, drawn }) => ({
    pictureMs: readClipTime(withRowsAbove(Buffer.from(video, 'base64')), PICTURE.width, PICTURE.height),
    boxesMs: clipTimeOf(overlay.map((row) => edgesIn(Buffer.from(row, 'base64')))),
    drawn,
  }));
}

/** How far two clip times are apart, in pictures of the main stream, over the end of the clip. */
export function picturesApart(one: number, other: number): number {
  const apart = one - other;
  return Math.abs(apart - CLIP_MS * Math.round(apart / CLIP_MS)) / 40;
}

function withRowsAbove(rows: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(PICTURE.width * PICTURE.height * 4 - rows.length), rows]);
}

/** Where in a row the first and last pixel of the colour is, as shares of its width; undefined where there is none. */
function edgesIn(row: Buffer): { left: number; right: number } | undefined {
  const width = row.length / 4;
  const isColour = (x: number): boolean => COLOUR.every((value, channel) => Math.abs((row[x * 4 + channel] ?? 0) - value) < 24);
  const columns = Array.from({ length: width }, (_, x) => x).filter((x) => (row[x * 4 + 3] ?? 0) > 200 && isColour(x));
  const [first] = columns;
  const last = columns.at(-1);
  return first === undefined || last === undefined ? undefined : { left: first / width, right: (last + 1) / width };
}

/** The one picture of the clip whose moving vehicles have these edges. */
function clipTimeOf(rows: readonly ({ left: number; right: number } | undefined)[]): number | undefined {
  const found: number[] = [];
  for (let clipMs = 0; clipMs < CLIP_MS; clipMs += 40) {
    const fits = VEHICLES.every(({ id }, row) => {
      const edges = rows[row];
      const object = sceneAt(clipMs).find((each) => each.id === id);
      const box = object && visibleBox(object);
      if (box === undefined || edges === undefined) return box === edges;
      // The line is drawn half inside, half outside.
      return near(edges.left, box.left / SCENE_WIDTH) && near(edges.right, box.right / SCENE_WIDTH);
    });
    if (fits) found.push(clipMs);
  }
  return found.length === 1 ? found[0] : undefined;
}

function near(one: number, other: number): boolean {
  return Math.abs(one - other) < EDGE_SHARE;
}
