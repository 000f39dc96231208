import { expect, it } from 'vitest';
import type { TalkMode } from '../../../src/base/talk-mode.ts';
import { canTalk } from '../../../src/camera/camera-status.ts';
import { Camera } from '../../../src/camera/camera.ts';

it.each([
  ['auto', true, true],
  ['auto', false, false],
  ['on', false, true],
  ['off', true, false],
] as const)('talk: %s, in a profile whose audio decoder is %s, is %s', (mode, audioDecoder, wanted) => {
  expect(canTalk(mode, { audioDecoder })).toBe(wanted);
});

it.each([
  [undefined, false],
  ['on', true],
  ['off', false],
] as const)('of a camera by rtsp nobody knows whether it has a decoder: talk: %s is %s', (talk: TalkMode | undefined, wanted) => {
  const camera = new Camera({
    id: 'dome',
    name: 'Dome',
    rtsp: { main: 'rtsp://192.0.2.1/1' },
    ...(talk === undefined ? {} : { talk }),
  });
  camera.start();
  expect(camera.source().profiles).toEqual([{ token: 'main', uri: 'rtsp://192.0.2.1/1', talk: wanted }]);
  camera.close();
});
