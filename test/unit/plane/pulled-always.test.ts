import { expect, it, vi } from 'vitest';
import { WAIT } from '../peer/webrtc/loopback-viewer.ts';
import { runServer } from '../simulator/rtsp/server-fixture.ts';
import { cameraAt, startPlane } from './fixture.ts';

/* `media.pull: always` */

it('pulls the first profile of each camera without viewers, and another one when that is the first', async () => {
  const running = await runServer();
  const { control, streams } = startPlane({ pull: 'always', lingerMs: 0 });
  const camera = cameraAt(running);
  control.setCamera(camera);
  await vi.waitFor(() => expect(streams.at(-1)).toBe('main playing'), WAIT);
  control.setCamera({ ...camera, profiles: camera.profiles.toReversed() });
  await vi.waitFor(() => expect(streams).toContain('sub playing'), WAIT);
  await vi.waitFor(() => expect(streams).toContain('main idle'), WAIT);
});

it('does not pull before anybody watches otherwise', async () => {
  const running = await runServer();
  const { control } = startPlane();
  control.setCamera(cameraAt(running));
  expect((await control.stats()).streams).toEqual([]);
  expect(running.server.connections).toBe(0);
});
