import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import type { Reason } from '../../../../src/base/errors.ts';
import type { CameraFrame } from '../../../../src/media/video-track.ts';
import type { ConverterOptions } from '../../../../src/plane/conversion/converter.ts';
import { VideoToH264 } from '../../../../src/plane/conversion/video-to-h264.ts';
import { hex } from '../../media/rtp-bytes.ts';

/* What the pictures' conversion does with its process, which a test plays: when it is given pictures, and when it is begun anew. */

/** A converter whose process a test plays. */
interface FakeConverter {
  options: ConverterOptions;
  written: number;
  dropped: number;
  begun: number;
  /** Of the bit rates, each that a process was begun with. */
  caps: number[];
}

function capOf(programArguments: readonly string[]): number {
  return Number(programArguments[programArguments.indexOf('-maxrate') + 1]);
}

const made: FakeConverter[] = [];

vi.mock('../../../../src/plane/conversion/converter.ts', () => ({
  Converter: class {
    readonly state = 'running';
    readonly options: ConverterOptions;
    written = 0;
    dropped = 0;
    begun = 0;
    caps: number[] = [];

    constructor(options: ConverterOptions) {
      this.options = options;
      made.push(this);
    }

    start(): void {
      this.begun += 1;
      this.options.begin();
      this.caps = [...this.caps, capOf(this.options.argumentsFor('from', 'to'))];
    }

    startAnew(): void {
      this.start();
    }

    write(): boolean {
      this.written += 1;
      return true;
    }

    drop(): void {
      this.dropped += 1;
    }
  },
}));

beforeEach(() => {
  made.length = 0;
});

/** 25 pictures a second; a keyframe says the size of the pictures. */
const STEP_MS = 40;
const BYTES = 1000;

interface Playing {
  process: FakeConverter;
  warned: (string | undefined)[];
  keyframesWanted: () => number;
  /** The camera sends another picture, 40 ms after the one before. */
  push: (keyframe?: boolean, bytes?: number, size?: string) => void;
  /** Something was made of the oldest picture of which nothing was made. */
  make: () => void;
}

function play(): Playing {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const warned: (string | undefined)[] = [];
  let wanted = 0;
  const conversion = new VideoToH264('H265', {
    start: () => ({ id: 'one', stop: () => undefined }),
    onState: (reason: Reason | undefined) => warned.push(reason?.code),
    onPicture: () => undefined,
    onKeyframeWanted: () => (wanted += 1),
  });
  const [process] = made;
  if (process === undefined) throw new Error('no converter');
  conversion.converter.start();
  let pictures = 0;
  let makes = 0;
  return {
    process,
    warned,
    keyframesWanted: () => wanted,
    push: (keyframe = false, bytes = BYTES, size = '02 03') => {
      vi.advanceTimersByTime(STEP_MS);
      const payloads = [hex(keyframe ? `42 01 01 ${size}` : '02 01 01 02 03')];
      const frame: CameraFrame = { codec: 'H265', payloads, timestamp: pictures * 3600, keyframe, discardable: false, bytes };
      conversion.push(frame);
      pictures += 1;
    },
    make: () => {
      process.options.onFrame({ data: hex('000000016501'), keyframe: false, timestamp: 0 }, 1 + makes * (STEP_MS / 1000));
      makes += 1;
    },
  };
}

/** Half of the pictures are made in time, up to the one that is found to be too late. */
function fallBehind({ push, make, process }: Playing): void {
  push(true);
  for (let index = 1; process.dropped === 0; index += 1) {
    push();
    if (index % 2 === 0) make();
    if (index > 250) throw new Error('never late');
  }
}

it('pictures that are converted too slowly are left out up to a keyframe, with which another process begins; it is said', () => {
  const playing = play();
  fallBehind(playing);
  const { process, push, warned, keyframesWanted } = playing;
  // Two seconds behind after four, and so for three more.
  expect(process.written).toBeGreaterThan(100);
  expect(process.written).toBeLessThan(200);
  const { written } = process;
  push();
  expect([process.written, process.dropped, process.begun, warned]).toEqual([written, 2, 1, ['transcode.too_slow']]);
  expect(keyframesWanted()).toBe(2);
  push(true);
  push();
  expect([process.written, process.dropped, process.begun]).toEqual([written + 2, 2, 2]);
});

it('a process that has caught up when the keyframe comes goes on', () => {
  const playing = play();
  fallBehind(playing);
  const { process, push, make } = playing;
  for (let index = 0; index < process.written; index += 1) make();
  push();
  push(true);
  expect([process.dropped, process.begun]).toEqual([2, 1]);
});

it('that it was too slow is said for a minute', () => {
  const playing = play();
  fallBehind(playing);
  const { push, make, warned, process } = playing;
  for (let index = 0; index < process.written; index += 1) make();
  vi.advanceTimersByTime(59_000);
  push(true);
  expect(warned).toEqual(['transcode.too_slow']);
  vi.advanceTimersByTime(1000);
  push();
  expect(warned).toEqual(['transcode.too_slow', undefined]);
});

it.each([
  // 4 Mbit/s is enough for H.265 of 2 Mbit/s, and not half of what 8 Mbit/s needs.
  ['8 Mbit/s is begun anew at the second keyframe, for twice that', 40_000, [4_000_000, 16_000_000]],
  ['2 Mbit/s goes on as it was', 10_000, [4_000_000]],
  ['100 Mbit/s is given what is given at most', 500_000, [4_000_000, 20_000_000]],
])('a process that was begun before it was known that the camera sends %s', (_, bytes, caps) => {
  const { process, push, make } = play();
  for (let index = 0; index < 250; index += 1) {
    push(index % 50 === 0, bytes);
    make();
  }
  expect(process.caps.map((cap) => Math.round(cap / 1e6) * 1e6)).toEqual(caps);
  expect(process.dropped).toBe(0);
});

it('pictures of another size have another process begun, and none that has not been given any', () => {
  const { process, push } = play();
  for (const size of ['0a', '0a', '0b', '0b', '0c']) push(true, BYTES, size);
  expect(process.begun).toBe(3);
  // One that ended by itself.
  process.options.begin();
  push(true, BYTES, '0d');
  expect(process.begun).toBe(3);
  push(true, BYTES, '0e');
  expect(process.begun).toBe(4);
});
