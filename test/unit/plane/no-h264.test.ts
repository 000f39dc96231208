import { expect, it, vi } from 'vitest';
import { WAIT } from '../peer/webrtc/loopback-viewer.ts';
import { runServer } from '../simulator/rtsp/server-fixture.ts';
import { cameraAt, open, startPlane } from './fixture.ts';

/* A profile that browsers cannot play: its viewers are told, and not left to wait. */

it('ends the sessions of a camera without one that they can, refuses those that follow, and serves them once the camera was set right', async () => {
  const running = await runServer();
  running.server.faults.description = 'av1';
  const plane = startPlane({ lingerMs: 200 });
  const { profiles, ...camera } = cameraAt(running);
  plane.control.setCamera({ ...camera, profiles: profiles.slice(0, 1) });

  const first = open(plane.control, 'first', 'main');
  await vi.waitFor(() => expect(first.states.at(-1)).toBe('closed stream.no_h264'), WAIT);
  const second = open(plane.control, 'second', 'main');
  await vi.waitFor(() => expect(second.states).toEqual(['closed stream.no_h264']), WAIT);
  expect(plane.media.at(-1)).toMatchObject({ video: 'AV1' });

  running.server.faults.description = undefined;
  await vi.waitFor(() => expect(plane.streams.at(-1)).toBe('main idle'), WAIT);
  const third = open(plane.control, 'third', 'main');
  await vi.waitFor(() => expect(plane.streams.at(-1)).toBe('main playing'), WAIT);
  expect(third.states).toEqual(['connecting']);
});
