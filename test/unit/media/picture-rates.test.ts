import { describe, expect, it } from 'vitest';
import { PictureRates, type StreamRates } from '../../../src/media/picture-rates.ts';

const TICKS = 3600;
/** Of 25 pictures a second, 48 bytes a packet beside its payload. */
const KEYFRAME = { bytes: 9000, packets: 10 };
const OTHER = { bytes: 904, packets: 2 };
const BITS = { keyframe: (9000 + 480) * 8, other: (904 + 96) * 8 };

class Camera {
  readonly subject = new PictureRates();
  #timestamp = 0xffff_0000;

  picture(keyframe: boolean, discardable = false, { bytes, packets } = keyframe ? KEYFRAME : OTHER): void {
    this.#timestamp = (this.#timestamp + TICKS) >>> 0;
    const payloads = Array.from({ length: packets }, () => Buffer.alloc(1));
    this.subject.note({ codec: 'H264', payloads, bytes, keyframe, discardable, timestamp: this.#timestamp });
  }

  /** Every other picture is discardable. */
  group(pictures: number, other = OTHER): void {
    for (let at = 0; at < pictures; at += 1) this.picture(at === 0, at % 2 === 1, at === 0 ? KEYFRAME : other);
  }

  get rates(): StreamRates {
    return this.subject.rates ?? { all: 0, kept: 0, keyframes: 0 };
  }
}

describe('what a stream of pictures takes', () => {
  it('is not known before a group of them has come', () => {
    const camera = new Camera();
    camera.group(50);
    expect(camera.subject.rates).toBeUndefined();
    camera.picture(true);
    expect(camera.subject.rates).toBeDefined();
  });

  it('is not known of the moment between a first keyframe and one that was asked for', () => {
    const camera = new Camera();
    camera.picture(true);
    camera.group(24);
    camera.picture(true);
    // 24 pictures and one.
    expect(camera.rates.all).toBeCloseTo(2 * BITS.keyframe + 23 * BITS.other);
    const sooner = new Camera();
    sooner.picture(true);
    sooner.group(23);
    sooner.picture(true);
    expect(sooner.subject.rates).toBeUndefined();
  });

  it('is known of pictures that are all keyframes, however many there are in a second', () => {
    const camera = new Camera();
    for (let pictures = 0; pictures < 30; pictures += 1) camera.picture(true);
    expect(camera.rates.keyframes).toBeCloseTo(25 * BITS.keyframe);
  });

  it('is counted with headers over whole groups, of all, without the discardable, and of keyframes, wherever in a group it is asked for', () => {
    const camera = new Camera();
    for (let group = 0; group < 10; group += 1) camera.group(50);
    for (let picture = 0; picture < 49; picture += 1) {
      camera.picture(picture === 0, picture % 2 === 1);
      const keyframes = BITS.keyframe / 2;
      expect(camera.rates.keyframes).toBeCloseTo(keyframes);
      expect(camera.rates.all).toBeCloseTo(keyframes + (49 / 2) * BITS.other);
      expect(camera.rates.kept).toBeCloseTo(keyframes + (24 / 2) * BITS.other);
    }
  });

  it('follows a camera that sends more within some ten seconds', () => {
    const camera = new Camera();
    for (let group = 0; group < 10; group += 1) camera.group(50);
    const before = camera.rates.all;
    for (let group = 0; group < 5; group += 1) camera.group(50, { bytes: 1808, packets: 4 });
    expect(camera.rates.all).toBeGreaterThan(before * 1.5);
    expect(camera.rates.keyframes).toBeCloseTo(BITS.keyframe / 2);
  });

  it('is known of a group that has lasted eight seconds, and follows what comes of one that lasts for minutes; its keyframe counts ever less', () => {
    const camera = new Camera();
    camera.group(200);
    expect(camera.subject.rates).toBeUndefined();
    camera.picture(false);
    expect(camera.rates.all).toBeCloseTo((BITS.keyframe + 200 * BITS.other) / 8);
    for (let picture = 0; picture < 1300; picture += 1) camera.picture(false);
    expect(camera.rates.keyframes).toBeCloseTo(BITS.keyframe / 60, -1);
    for (let picture = 0; picture < 1000; picture += 1) camera.picture(false, false, { bytes: 1808, packets: 4 });
    expect(camera.rates.all / (25 * BITS.other)).toBeGreaterThan(1.85);
  });

  it('stays as it was where the camera is let go, and the time in between is not counted', () => {
    const camera = new Camera();
    for (let group = 0; group < 6; group += 1) camera.group(50);
    const { rates } = camera;
    camera.subject.breakOff();
    expect(camera.rates).toEqual(rates);
    // Where the timeline goes on by arrival.
    for (let pause = 0; pause < 100; pause += 1) camera.picture(false);
    camera.picture(true);
    expect(camera.rates).toEqual(rates);
    for (let group = 0; group < 6; group += 1) camera.group(50);
    expect(camera.rates.all).toBeCloseTo(rates.all);
  });

  it('is that of keyframes where a camera sends nothing else', () => {
    const camera = new Camera();
    for (let picture = 0; picture < 10_000; picture += 1) camera.picture(true);
    expect(camera.rates.keyframes).toBeCloseTo(BITS.keyframe * 25);
    expect(camera.rates.all).toBe(camera.rates.keyframes);
  });
});
