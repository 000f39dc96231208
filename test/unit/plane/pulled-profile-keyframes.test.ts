import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { atOnce } from '../../../src/base/dial-stagger.ts';
import { silentLogger } from '../../../src/base/log.ts';
import type { RtspSourceOptions } from '../../../src/camera/rtsp/source.ts';
import { RequestPace } from '../../../src/media/keyframe-policy.ts';
import { parseRtcp } from '../../../src/media/rtp/rtcp.ts';
import { PulledProfile } from '../../../src/plane/pulled-profile.ts';
import { H264Camera, IDR, PPS, SLICES, SPS, videoTrack } from '../media/h264-camera.ts';

/** The connection to the camera, driven by the test. */
const camera = vi.hoisted(() => ({ options: undefined as unknown, rtcp: [] as Buffer[] }));

vi.mock('../../../src/camera/rtsp/source.ts', () => ({
  RtspSource: class {
    counters = { reconnects: 0, stalls: 0, garbageBytes: 0 };
    start = (): void => undefined;
    close = (): Promise<void> => Promise.resolve();
    sendRtcp = (_: unknown, packet: Buffer): void => void camera.rtcp.push(packet);
    constructor(options: unknown) {
      camera.options = options;
    }
  },
}));

const TRACK = { ...videoTrack(), control: '', mediaIndex: 0, ssrc: 7 } as unknown as Parameters<RtspSourceOptions['onRtp']>[0];

interface Pulled {
  pulled: PulledProfile;
  source: RtspSourceOptions;
  /** Requests by ONVIF. */
  asked: () => number;
  warnings: string[];
  /** Pictures of a second, after which that second is over. */
  second: (keyframe: boolean) => void;
}

function play(pace = new RequestPace(), isAwaited = true): Pulled {
  camera.rtcp = [];
  let asked = 0;
  const warnings: string[] = [];
  const pulled = new PulledProfile({
    camera: { id: 'yard', profiles: [], clockOffsetMs: 0 },
    profile: { token: 'main', uri: 'rtsp://127.0.0.1:9/main' },
    lingerMs: 0,
    keyframeCacheBytes: 1e6,
    turn: atOnce,
    clock: { now: () => Date.now() },
    logger: silentLogger,
    onState: (_state, _reason, media) => warnings.splice(0, warnings.length, ...(media?.warnings ?? []).map(({ code }) => code)),
    keyframePace: pace,
    onKeyframeWanted: () => (asked += 1),
  });
  onTestFinished(() => pulled.close());
  pulled.retain(isAwaited);
  const source = camera.options as RtspSourceOptions;
  source.choose?.([TRACK]);
  source.onTracks([TRACK]);
  source.onPlay?.();
  source.onState?.('playing');
  const encoder = new H264Camera();
  const second = (keyframe: boolean): void => {
    const send = (...nals: Buffer[]): void => {
      for (const packet of encoder.picture(nals)) source.onRtp(TRACK, packet, Date.now());
    };
    if (keyframe) send(SPS, PPS, IDR);
    for (const slice of SLICES.slice(0, 3)) send(slice);
    vi.advanceTimersByTime(1000);
  };
  return { pulled, source, asked: () => asked, warnings, second };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('the camera is asked for a keyframe when it begins, by ONVIF and by a picture loss indication for its source', () => {
  const { asked } = play();
  expect(asked()).toBe(1);
  const messages = camera.rtcp.flatMap((compound) => parseRtcp(compound).messages);
  expect(messages).toContainEqual(expect.objectContaining({ type: 'pli', mediaSsrc: 7 }));
});

it('the camera is not asked for a keyframe of a profile that nobody waits for, until somebody does', () => {
  const { pulled, source, asked } = play(undefined, false);
  expect(asked()).toBe(0);
  pulled.retain();
  source.onState?.('failed');
  source.onPlay?.();
  expect(asked()).toBe(1);
});

it('what many viewers want at once is one request, and one more half a second later', () => {
  const { pulled, second, asked } = play();
  second(true);
  for (let viewer = 0; viewer < 50; viewer += 1) pulled.requestKeyframe();
  expect(asked()).toBe(2);
  second(true);
  expect(asked()).toBe(2);
});

it('a camera that gives none twice is asked no more, and says so once; after a new connection it is asked again', () => {
  const { pulled, source, second, asked, warnings } = play();
  second(true);
  pulled.requestKeyframe();
  second(false);
  second(false);
  expect([asked(), warnings]).toEqual([3, ['stream.no_keyframe_on_request']]);
  pulled.requestKeyframe();
  second(false);
  second(true);
  pulled.requestKeyframe();
  second(false);
  expect([asked(), warnings]).toEqual([3, ['stream.no_keyframe_on_request']]);
  source.onState?.('connecting');
  source.choose?.([TRACK]);
  source.onPlay?.();
  expect(asked()).toBe(4);
});

it('two profiles of one camera share its patience', () => {
  const pace = new RequestPace();
  const main = play(pace);
  const sub = play(pace);
  expect([main.asked(), sub.asked()]).toEqual([1, 0]);
  vi.advanceTimersByTime(500);
  expect([main.asked(), sub.asked()]).toEqual([1, 1]);
});

it('a profile that is let go leaves no timer', async () => {
  const { pulled } = play();
  await pulled.close();
  expect(vi.getTimerCount()).toBe(0);
});
