import { execFileSync } from 'node:child_process';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { delay } from '../../src/base/delay.ts';
import { ConvertedVideo } from '../../src/media/converted-video.ts';
import { NAL_SPS, nalType } from '../../src/media/h264/nal.ts';
import { h264Units } from '../../src/media/h264/payload-units.ts';
import { parseSequenceParameters } from '../../src/media/h264/sequence-parameters.ts';
import { timestampDistance } from '../../src/media/rtp/packet.ts';
import { VideoTrack, type CameraFrame, type VideoFrame } from '../../src/media/video-track.ts';
import { childrenRunning, conversionsOfStream, type Converting } from '../support/conversions.ts';
import { sendRtp } from '../support/ffmpeg-rtp.ts';

/* Pictures as real encoders send them, through a real ffmpeg in real time, to H.264 as viewers are sent it. */

const WAIT = { timeout: 20_000, interval: 10 };
const FRAMES = 50;
const RATE = 25;
const BASELINE = 66;

/** Pictures of a stream: `size` in colours that move, a keyframe each second. */
async function pictures(encoder: readonly string[], size = '320x240', start = 4_294_900_000): Promise<CameraFrame[]> {
  const { track, packets } = await sendRtp([
    ...['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${RATE}`, '-frames:v', String(RATE + FRAMES), '-pix_fmt', 'yuv420p'],
    ...['-threads', '1', ...encoder],
  ]);
  const frames: CameraFrame[] = [];
  const video = new VideoTrack(track, start, 1150, {
    frame: (frame) => frames.push(frame),
    keyframeWanted: () => undefined,
    reordered: () => undefined,
    interlaced: () => undefined,
  });
  for (const [index, packet] of packets.entries()) video.receive(packet, 1000 + index);
  // In the first group of pictures it is found out whether they are in order.
  return frames.slice(RATE);
}

interface Made extends VideoFrame {
  atMs: number;
}

/** Pushes pictures when they are due, as a camera would. */
class Player {
  readonly made: Made[] = [];
  readonly pushedAt = new Map<number, number>();
  #video: ConvertedVideo | undefined;
  readonly #converting: Converting;

  constructor(converting: Converting) {
    this.#converting = converting;
    onTestFinished(() => this.#video?.close());
  }

  async play(frames: readonly CameraFrame[]): Promise<void> {
    const begun = performance.now();
    for (const [index, frame] of frames.entries()) {
      const dueMs = (index * 1000) / RATE;
      while (performance.now() - begun < dueMs) await delay(Math.max(1, dueMs - (performance.now() - begun)));
      this.push(frame);
    }
  }

  push(frame: CameraFrame): void {
    this.#video ??= ConvertedVideo.begin(
      { maxPayload: 1150, keyframeCacheBytes: 4_000_000, conversions: this.#converting.conversions },
      frame.codec,
      [],
      (made) => this.made.push({ ...made, atMs: performance.now() }),
    );
    this.pushedAt.set(frame.timestamp, performance.now());
    this.#video?.push(frame);
  }

  get sizes(): string[] {
    const parameters = this.made
      .flatMap(({ payloads }) => h264Units(payloads))
      .filter((unit) => nalType(unit) === NAL_SPS)
      .map(parseSequenceParameters);
    return [...new Set(parameters.map((each) => `${each?.width}x${each?.height} ${each?.profileIdc}`))];
  }
}

/** How many pictures a decoder that knows nothing of us makes of them. */
function decoded(frames: readonly VideoFrame[]): number {
  const bytes = Buffer.concat(
    frames.flatMap(({ payloads }) => h264Units(payloads).flatMap((unit) => [Buffer.from([0, 0, 0, 1]), unit])),
  );
  const program = [
    ...['-hide_banner', '-loglevel', 'error', '-xerror', '-f', 'h264', '-i', 'pipe:0'],
    ...['-vsync', 'passthrough', '-vf', 'scale=16:16', '-f', 'rawvideo', 'pipe:1'],
  ];
  const raw = execFileSync('ffmpeg', program, { input: bytes, maxBuffer: 64 * 1024 * 1024 });
  return raw.length / (16 * 16 * 1.5);
}

const X265 = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'keyint=25:bframes=0:log-level=none:pools=1'];
const CODECS: readonly { name: string; encoder: readonly string[]; keyframeEvery: number; held: number }[] = [
  { name: 'H.265', encoder: X265, keyframeEvery: 25, held: 0 },
  { name: 'MPEG-4', encoder: ['-c:v', 'mpeg4', '-g', '25', '-q:v', '4'], keyframeEvery: 25, held: 0 },
  {
    name: 'JPEG',
    encoder: ['-c:v', 'mjpeg', '-q:v', '5', '-huffman', 'default', '-pix_fmt', 'yuvj420p'],
    keyframeEvery: 50,
    held: 0,
  },
  {
    name: 'H.264 with B-frames',
    encoder: ['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '2', '-g', '25', '-x264-params', 'b-adapt=0:scenecut=0'],
    keyframeEvery: 25,
    // Those that are shown behind the last ones wait for what comes before them.
    held: 2,
  },
];

describe('pictures to H.264', () => {
  it.each(CODECS)('from $name are all there, at their times, with keyframes where the camera has them', async (codec) => {
    const { encoder, keyframeEvery, held } = codec;
    const frames = await pictures(encoder);
    expect(frames).toHaveLength(FRAMES);
    const player = new Player(conversionsOfStream());
    await player.play(frames);
    await vi.waitFor(() => expect(player.made.length).toBeGreaterThanOrEqual(FRAMES - held), WAIT);
    const shown = frames.map(({ timestamp }) => timestamp).toSorted((a, b) => timestampDistance(b, a));
    expect(player.made.map(({ timestamp }) => timestamp)).toEqual(shown.slice(0, player.made.length));
    const first = shown[0] ?? 0;
    const keyframes = player.made
      .filter(({ keyframe }) => keyframe)
      .map(({ timestamp }) => timestampDistance(first, timestamp) / 3600);
    expect(keyframes).toEqual([0, 25, 50].filter((at) => at % keyframeEvery === 0 && at < FRAMES));
    expect(player.sizes).toEqual([`320x240 ${BASELINE}`]);
    expect(decoded(player.made)).toBe(player.made.length);
    const added = player.made
      .map(({ timestamp, atMs }) => atMs - (player.pushedAt.get(timestamp) ?? Number.NaN))
      .toSorted((a, b) => a - b);
    console.log(`${codec.name} to H.264 adds ${added[Math.floor(added.length / 2)]?.toFixed(1)} ms (median)`);
  });

  it('go on in another size at the keyframe from which on the camera sends it', async () => {
    const small = await pictures(X265);
    const last = small.at(-1)?.timestamp ?? 0;
    const large = await pictures(X265, '640x480', (last + 3600) >>> 0);
    const player = new Player(conversionsOfStream());
    await player.play([...small, ...large]);
    await vi.waitFor(() => expect(player.made.at(-1)?.timestamp).toBe(large.at(-1)?.timestamp), WAIT);
    expect(player.sizes).toEqual([`320x240 ${BASELINE}`, `640x480 ${BASELINE}`]);
    // All of the new size are there; of the old one those that were on their way are lost.
    const from = player.made.findIndex(({ timestamp }) => timestamp === large[0]?.timestamp);
    expect(player.made.slice(from).map(({ timestamp }) => timestamp)).toEqual(large.map(({ timestamp }) => timestamp));
    expect(player.made[from]?.keyframe).toBe(true);
  });

  it('go on at the next keyframe after ffmpeg was killed, and one is asked for', async () => {
    const converting = conversionsOfStream();
    const player = new Player(converting);
    const [first = [], second = [], third = []] = await threeInARow();
    await player.play(first);
    await vi.waitFor(() => expect(player.made.length).toBeGreaterThan(0), WAIT);
    const [pid = 0] = childrenRunning('ffmpeg');
    process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expect(converting.conversions.stats).toMatchObject([{ restarts: 1 }]), WAIT);
    // From the middle of a group on.
    await player.play(second.slice(5, 25));
    expect(converting.keyframesWanted()).toBeGreaterThan(0);
    await player.play(third);
    await vi.waitFor(() => expect(player.made.at(-1)?.timestamp).toBe(third.at(-1)?.timestamp), WAIT);
    const from = player.made.findIndex(({ timestamp }) => timestamp === third[0]?.timestamp);
    expect(player.made[from]?.keyframe).toBe(true);
    expect(player.made.some(({ timestamp }) => second.slice(5, 25).some((frame) => frame.timestamp === timestamp))).toBe(false);
  });
});

async function threeInARow(): Promise<CameraFrame[][]> {
  const first = await pictures(X265, '320x240', 1000);
  const after = (frames: readonly CameraFrame[], ticks: number): CameraFrame[] =>
    frames.map((frame) => ({ ...frame, timestamp: frame.timestamp + ticks }));
  return [first, after(first, FRAMES * 3600), after(first, 2 * FRAMES * 3600)];
}
