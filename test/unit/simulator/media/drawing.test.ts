import { describe, expect, it } from 'vitest';
import { drawObject } from '../../../../scripts/clips/actors.ts';
import { Canvas } from '../../../../scripts/clips/canvas.ts';
import { Renderer } from '../../../../scripts/clips/render.ts';
import { readClipTime } from '../../../../src/simulator/clip-time-mark.ts';
import { SCENE_WIDTH, sceneAt, type SceneObject } from '../../../../src/simulator/scene.ts';

const WIDTH = 640;
const HEIGHT = 360;
const UNITS_PER_PIXEL = SCENE_WIDTH / WIDTH;

/** The extent of what is drawn for an object alone, scene units. */
function drawnExtent(object: SceneObject): { left: number; top: number; right: number; bottom: number } {
  const canvas = new Canvas(WIDTH, HEIGHT, SCENE_WIDTH);
  canvas.pixels.fill(-1);
  drawObject(canvas, object);
  const xs: number[] = [];
  const ys: number[] = [];
  for (let pixel = 0; pixel < WIDTH * HEIGHT; pixel += 1) {
    if (canvas.pixels[pixel * 3] === -1) continue;
    xs.push((pixel % WIDTH) * UNITS_PER_PIXEL);
    ys.push(Math.floor(pixel / WIDTH) * UNITS_PER_PIXEL);
  }
  const extent = (values: number[]): [number, number] =>
    values.reduce(
      ([least, most], value) => [Math.min(least, value), Math.max(most, value + UNITS_PER_PIXEL)],
      [Infinity, -Infinity],
    );
  const [left, right] = extent(xs);
  const [top, bottom] = extent(ys);
  return { left, top, right, bottom };
}

describe('the pictures of the clips', () => {
  it('show each object inside the box that is reported for it, and filling its height', () => {
    for (let time = 0; time < 10_000; time += 410) {
      for (const object of sceneAt(time)) {
        const { left, top, width, height } = object.box;
        const isInPicture = left > 0.1 && left + width < SCENE_WIDTH - 0.1 && top + height < 8.9;
        const drawn = drawnExtent(object);
        // Smooth edges reach one pixel further.
        const fits =
          drawn.left >= left - UNITS_PER_PIXEL &&
          drawn.right <= left + width + UNITS_PER_PIXEL &&
          drawn.top >= top - UNITS_PER_PIXEL &&
          drawn.bottom <= top + height + UNITS_PER_PIXEL &&
          drawn.bottom - drawn.top > height * 0.9;
        expect({ time, id: object.id, drawn, box: object.box, fits: fits || !isInPicture }).toMatchObject({ fits: true });
      }
    }
  });

  it('carry their clip time', () => {
    const renderer = new Renderer(WIDTH, HEIGHT);
    expect(readClipTime(renderer.picture(4_320), WIDTH, HEIGHT)).toBe(4_320);
  });

  it('are the same at every run', () => {
    expect(new Renderer(320, 180).picture(1_000).equals(new Renderer(320, 180).picture(1_000))).toBe(true);
  });
});
