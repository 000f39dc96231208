import { expect, it } from 'vitest';
import { GatewayError } from '../../../src/base/errors.ts';
import { NO_CONFIGURATIONS, type OnvifProfile } from '../../../src/camera/onvif/profiles.ts';
import { profilesOfVideoSource, videoSourcesOf } from '../../../src/camera/video-sources.ts';

function profile(name: string, videoSource: string | null): OnvifProfile {
  const none = { video: null, audio: null, metadata: false, audioDecoder: false, ptz: false, configurations: NO_CONFIGURATIONS };
  return { token: name, name, videoSource, ...none };
}

/** As NVRs list them: all main streams, then all sub streams; and one profile with sound alone. */
const NVR = [
  profile('main A', 'vs-a'),
  profile('main B', 'vs-b'),
  profile('sound', null),
  profile('sub A', 'vs-a'),
  profile('sub B', 'vs-b'),
];

function refusal(run: () => unknown): GatewayError {
  try {
    run();
  } catch (error) {
    if (error instanceof GatewayError) return error;
  }
  throw new Error('it was not refused');
}

it('inputs are counted in the order of the list, whatever else stands between their profiles', () => {
  expect(videoSourcesOf(NVR).map(({ token, profiles }) => [token, profiles.map(({ name }) => name)])).toEqual([
    ['vs-a', ['main A', 'sub A']],
    ['vs-b', ['main B', 'sub B']],
  ]);
  expect(profilesOfVideoSource(NVR, 2, 'gate').map(({ name }) => name)).toEqual(['main B', 'sub B']);
});

it('a device that names no source has one', () => {
  const unnamed = [profile('main', null), profile('sub', null)];
  expect(videoSourcesOf(unnamed)).toEqual([{ token: null, profiles: unnamed }]);
  expect(profilesOfVideoSource(unnamed, 1, 'gate')).toEqual(unnamed);
});

it('an input that is not there is answered with those that are', () => {
  const { code, message, advice } = refusal(() => profilesOfVideoSource(NVR, 3, 'gate'));
  expect([code, message, advice]).toEqual([
    'camera.no_video_source',
    'Camera gate is set to video source 3, but its device has 2 video sources: 1 (main A, sub A), 2 (main B, sub B).',
    'Write one of these numbers as video_source.',
  ]);
  const large = Array.from({ length: 256 }, (_, index) => profile(`channel ${index + 1}`, `vs-${index}`));
  expect(refusal(() => profilesOfVideoSource(large, 300, 'gate')).message).toMatch(/32 \(channel 32\), \.\.\.\.$/);
});
