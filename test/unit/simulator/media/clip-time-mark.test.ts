import { describe, expect, it } from 'vitest';
import { clipTimeMark, readClipTime } from '../../../../src/simulator/clip-time-mark.ts';

/** Luma with a grey ground and the mark of a clip time. */
function picture(clipMs: number, width: number, height: number, levels = { black: 16, white: 235 }): Uint8Array {
  const luma = new Uint8Array(width * height).fill(120);
  for (const block of clipTimeMark(clipMs)) {
    for (let y = Math.round(block.top * height); y < Math.round((block.top + block.height) * height); y += 1) {
      const from = Math.round(block.left * width);
      luma.fill(
        block.white ? levels.white : levels.black,
        y * width + from,
        y * width + Math.round((block.left + block.width) * width),
      );
    }
  }
  return luma;
}

function withSamples(luma: Uint8Array, samples: number): Uint8Array {
  return Uint8Array.from({ length: luma.length * samples }, (_, at) =>
    at % samples === 3 ? 255 : (luma[Math.floor(at / samples)] ?? 0),
  );
}

describe('clip time mark', () => {
  it('gives back every hundredth of a second', () => {
    for (let time = 0; time < 10_000; time += 10) expect(readClipTime(picture(time, 128, 72), 128, 72)).toBe(time);
  });

  it('rounds to hundredths', () => {
    expect(readClipTime(picture(200 / 3, 640, 360), 640, 360)).toBe(70);
    expect(readClipTime(picture(9_996, 640, 360), 640, 360)).toBe(0);
  });

  it.each([
    [1280, 720],
    [640, 360],
    [480, 270],
    [320, 180],
    [1920, 1080],
    [854, 480],
  ])('is read at %i x %i', (width, height) => {
    expect(readClipTime(picture(7_480, width, height), width, height)).toBe(7_480);
  });

  it('is read from luma, RGB and RGBA', () => {
    const luma = picture(1_230, 320, 180);
    expect(readClipTime(withSamples(luma, 3), 320, 180)).toBe(1_230);
    expect(readClipTime(withSamples(luma, 4), 320, 180)).toBe(1_230);
    expect(readClipTime(withSamples(luma, 2), 320, 180)).toBeUndefined();
  });

  it('is read at another brightness, but not without contrast', () => {
    expect(readClipTime(picture(5_550, 320, 180, { black: 60, white: 170 }), 320, 180)).toBe(5_550);
    expect(readClipTime(picture(5_550, 320, 180, { black: 100, white: 140 }), 320, 180)).toBeUndefined();
    expect(readClipTime(picture(5_550, 320, 180, { black: 235, white: 16 }), 320, 180)).toBeUndefined();
  });

  it('is not read from a picture that has none, nor from two blended ones', () => {
    expect(readClipTime(new Uint8Array(320 * 180).fill(128), 320, 180)).toBeUndefined();
    expect(readClipTime(new Uint8Array(320 * 180), 320, 180)).toBeUndefined();
    const [a, b] = [picture(3_000, 320, 180), picture(3_040, 320, 180)];
    const blended = a.map((value, at) => (value + (b[at] ?? 0)) / 2);
    expect(readClipTime(blended, 320, 180)).toBeUndefined();
  });

  it('notices any one or two blocks read wrong', () => {
    const [width, height] = [128, 72];
    const blockAt = (index: number): [number, number] => [(index * width) / 64, ((index + 1) * width) / 64];
    const flip = (luma: Uint8Array, index: number): void => {
      const [from, to] = blockAt(index);
      for (let y = height - 2; y < height; y += 1)
        for (let x = from; x < to; x += 1) luma[y * width + x] = 251 - (luma[y * width + x] ?? 0);
    };
    const [firstBit, afterLastBit] = [2, 18];
    for (let first = firstBit; first < afterLastBit; first += 1) {
      for (let second = first; second < afterLastBit; second += 1) {
        const luma = picture(4_360, width, height);
        flip(luma, first);
        if (second !== first) flip(luma, second);
        expect(readClipTime(luma, width, height)).toBeUndefined();
      }
    }
  });
});
