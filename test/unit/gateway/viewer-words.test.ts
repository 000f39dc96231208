import { expect, it } from 'vitest';
import { viewerWords } from '../../../src/gateway/viewer-words.ts';

const SAID = 'It fails at 192.168.1.20, user admin.';

it.each(['session.limit', 'stream.no_h264', 'gateway.closing', 'camera.removed', 'camera.profile_gone'])(
  'what is not about the camera’s place is told as it is: %s',
  (code) => expect(viewerWords({ code, message: 'Why.' })).toBe('Why.'),
);

it.each([
  'camera.unreachable',
  'camera.unauthorized',
  'camera.fault',
  'camera.no_h264',
  'rtsp.unreachable',
  'rtsp.status',
  'rtsp.redirected',
  'transcode.failed',
  'transcode.too_many',
  'internal',
  'discovery.failed',
])('what a camera does is told without where it is: %s', (code) => {
  const words = viewerWords({ code, message: SAID });
  expect(words).toMatch(/^(The|What|Another) .*\.$/);
  expect(words).not.toMatch(/192|admin|fails at/);
});

it('a fault of the stream that has no sentence of its own is told from one of the camera', () => {
  expect(viewerWords({ code: 'rtsp.status', message: SAID })).toContain('stream');
  expect(viewerWords({ code: 'camera.fault', message: SAID })).not.toContain('stream');
});

it('what the gateway cannot convert is told, and not that the camera is at fault', () => {
  for (const code of ['transcode.failed', 'transcode.no_ffmpeg', 'transcode.too_many'])
    expect(viewerWords({ code, message: SAID })).toMatch(/^The gateway .*convert/);
});
