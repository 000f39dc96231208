import { clipTimeMark } from '../../src/simulator/clip-time-mark.ts';
import { SCENE_WIDTH, sceneAt } from '../../src/simulator/scene.ts';
import { drawObject } from './actors.ts';
import type { Canvas } from './canvas.ts';
import { drawText, textWidth } from './font.ts';
import { BEEP_MS } from './sound.ts';
import { drawStreet } from './street.ts';

const DOT = 0.045;

/** Renders the clip's pictures at one size. */
export class Renderer {
  readonly #street: Canvas;

  constructor(width: number, height: number) {
    this.#street = drawStreet(width, height);
  }

  /** The picture at a clip time, RGB with 8 bits each, rows from the top. */
  picture(clipMs: number): Buffer {
    const canvas = this.#street.copy();
    for (const object of sceneAt(clipMs)) drawObject(canvas, object);
    drawCaption(canvas, clipMs);
    const bytes = withNoise(canvas, clipMs);
    drawMark(bytes, canvas.width, canvas.height, clipMs);
    return bytes;
  }
}

function drawCaption(canvas: Canvas, clipMs: number): void {
  drawText(canvas, 'SIMULATED CAMERA', 0.35, 0.3, DOT);
  const hundredths = Math.round(clipMs / 10);
  const seconds = String(Math.floor(hundredths / 100)).padStart(2, '0');
  const time = `00:${seconds}.${String(hundredths % 100).padStart(2, '0')}`;
  const left = SCENE_WIDTH - 0.35 - textWidth(time, DOT);
  drawText(canvas, time, left, 0.3, DOT);
  // Lights up with the sound of each second.
  const isSounding = clipMs % 1000 < BEEP_MS;
  canvas.circle(left - 0.35, 0.3 + 3.5 * DOT, 0.15, [10, 10, 12], 0.5);
  canvas.circle(left - 0.35, 0.3 + 3.5 * DOT, 0.11, isSounding ? [255, 70, 60] : [120, 50, 48]);
}

/** A sensor's noise, the same at every run: it gives the encoder what a real camera gives it. */
function withNoise(canvas: Canvas, clipMs: number): Buffer {
  const bytes = Buffer.allocUnsafe(canvas.pixels.length);
  let state = (Math.round(clipMs) * 2_654_435_761) >>> 0 || 1;
  for (let at = 0; at < bytes.length; at += 3) {
    // xorshift32; two 16-bit halves make a triangular distribution.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const noise = (((state >>> 16) - (state & 0xffff)) / 65_536) * 5;
    for (let part = at; part < at + 3; part += 1)
      bytes[part] = Math.min(255, Math.max(0, Math.round((canvas.pixels[part] ?? 0) + noise)));
  }
  return bytes;
}

function drawMark(bytes: Buffer, width: number, height: number, clipMs: number): void {
  for (const block of clipTimeMark(clipMs)) {
    const [left, right] = [Math.round(block.left * width), Math.round((block.left + block.width) * width)];
    for (let y = Math.round(block.top * height); y < Math.round((block.top + block.height) * height); y += 1) {
      bytes.fill(block.white ? 235 : 16, (y * width + left) * 3, (y * width + right) * 3);
    }
  }
}
