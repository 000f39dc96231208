import { expect, it, onTestFinished, vi } from 'vitest';
import { atOnce } from '../../../src/base/dial-stagger.ts';
import { silentLogger } from '../../../src/base/log.ts';
import type { RtspSourceOptions } from '../../../src/camera/rtsp/source.ts';
import { RequestPace } from '../../../src/media/keyframe-policy.ts';
import { PulledProfile } from '../../../src/plane/pulled-profile.ts';
import { videoTrack } from '../media/h264-camera.ts';

const camera = vi.hoisted(() => ({ options: undefined as unknown }));

vi.mock('../../../src/camera/rtsp/source.ts', () => ({
  RtspSource: class {
    counters = { reconnects: 0, stalls: 0, garbageBytes: 0 };
    start = (): void => undefined;
    close = (): Promise<void> => Promise.resolve();
    constructor(options: unknown) {
      camera.options = options;
    }
  },
}));

type Track = Parameters<RtspSourceOptions['onRtp']>[0];

const sound = (encodingName: string): Track =>
  ({ ...videoTrack(), kind: 'audio', encodingName, payloadType: 0, clockRate: 8000, control: '' }) as unknown as Track;
const picture = { ...videoTrack(), control: '' } as unknown as Track;

it.each<[string, boolean | undefined, Track[], boolean]>([
  ['sound that its profile does not list (go2rtc)', false, [picture, sound('PCMA')], true],
  ['no sound though its profile lists it', true, [picture], false],
  ['sound that browsers do not play, which is converted', false, [picture, sound('L16')], true],
  ['sound that nobody knows', true, [picture, sound('TRUESPEECH')], false],
  ['sound, of which nothing was known', undefined, [picture, sound('PCMU')], true],
])(
  'what a stream turns out to have counts more than what was known before, from then on: %s',
  async (_, audio, tracks, found) => {
    const pulled = new PulledProfile({
      camera: { id: 'yard', profiles: [], clockOffsetMs: 0 },
      profile: { token: 'main', uri: 'rtsp://127.0.0.1:9/main', ...(audio === undefined ? {} : { audio }) },
      lingerMs: 0,
      keyframeCacheBytes: 1e6,
      turn: atOnce,
      clock: { now: () => 0 },
      logger: silentLogger,
      onState: () => undefined,
      keyframePace: new RequestPace(),
      onKeyframeWanted: () => undefined,
    });
    onTestFinished(() => pulled.close());
    expect(pulled.audio).toBe(audio);
    pulled.retain();
    (camera.options as RtspSourceOptions).choose?.(tracks);
    expect(pulled.audio).toBe(found);
    await pulled.close();
    expect(pulled.audio).toBe(found);
  },
);
