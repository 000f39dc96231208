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

const picture = { ...videoTrack(), control: '' } as unknown as Track;
const metadata = (encodingName: string): Track =>
  ({ ...videoTrack(), kind: 'application', encodingName, payloadType: 107, control: '' }) as unknown as Track;

const PLAIN = metadata('VND.ONVIF.METADATA');
const EXI = metadata('VND.ONVIF.METADATA.EXI.ONVIF');

it.each([
  // [events are wanted, the profile lists metadata, what the stream has], [offered, made of events] before the pull and after it
  [true, false, [picture], [true, true], [true, true]],
  [true, true, [picture, PLAIN], [true, false], [true, false]],
  [true, true, [picture], [true, false], [true, true]],
  [true, true, [picture, EXI], [true, false], [true, true]],
  [true, false, [picture, PLAIN], [true, true], [true, false]],
  [true, undefined, [picture], [true, false], [true, true]],
  [undefined, false, [picture], [false, false], [false, false]],
  [undefined, true, [picture, PLAIN], [true, false], [true, false]],
  [undefined, true, [picture], [true, false], [false, false]],
  [undefined, undefined, [picture], [undefined, false], [false, false]],
] as const)(
  'metadata are offered, and made of events, by what the config, the profile and its stream say (%#)',
  (events, listed, tracks, before, after) => {
    const profile = { token: 'main', uri: 'rtsp://127.0.0.1:9/main', ...(listed === undefined ? {} : { metadata: listed }) };
    const pulled = new PulledProfile({
      camera: { id: 'yard', profiles: [], clockOffsetMs: 0, ...(events === undefined ? {} : { events }) },
      profile,
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
    expect([pulled.metadata, pulled.listensToEvents]).toEqual(before);
    pulled.retain();
    (camera.options as RtspSourceOptions).choose?.([...tracks]);
    expect([pulled.metadata, pulled.listensToEvents]).toEqual(after);
  },
);
