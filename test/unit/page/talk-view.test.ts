import { expect, it } from 'vitest';
import { talkObstacle } from '../../../src/page/talk-view.ts';

const FREE = { profile: { talk: true }, canTalk: true, isSecure: true };

it.each([
  ['of a profile that takes speech, in a session that does, over https', FREE, null],
  ['of a camera of which only the peer id is known, in a session that takes speech', { ...FREE, profile: null }, null],
  ['of a profile that takes none', { ...FREE, profile: { talk: false } }, 'Nobody can talk to this camera.'],
  ['before it plays', { ...FREE, canTalk: null }, 'Wait until the camera plays.'],
  ['in a session that takes none', { ...FREE, canTalk: false }, 'Nobody can talk to this camera.'],
])('a viewer %s', (_, conditions, obstacle) => {
  expect(talkObstacle(conditions)).toBe(obstacle);
});

it('without https is told that it needs that', () => {
  expect(talkObstacle({ ...FREE, isSecure: false })).toContain('https');
});
