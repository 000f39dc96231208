import { expect, it, vi } from 'vitest';
import { WAIT } from '../peer/webrtc/loopback-viewer.ts';
import { runServer } from '../simulator/rtsp/server-fixture.ts';
import { cameraAt, open, startPlane, view } from './fixture.ts';

/* Alone in its file: what other tests leave to be closed would be counted here. */

const SOCKETS = new Set(['UDPWrap', 'TCPSocketWrap', 'MessagePort']);
/** The simulated camera's pair for RTP over UDP; libuv does not count listeners here. */
const OF_THE_CAMERA = ['UDPWrap', 'UDPWrap'];

function openSockets(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((kind) => SOCKETS.has(kind))
    .sort();
}

it('a media plane that is closed ends its sessions and pulls, and leaves no socket', async () => {
  const camera = await runServer();
  await vi.waitFor(() => expect(openSockets()).toEqual(OF_THE_CAMERA), WAIT);
  const { control, streams } = startPlane({ adaptive: false });
  control.setCamera(cameraAt(camera));
  const opened = open(control, 'a');
  const { viewer } = await view(opened);
  expect(openSockets().length).toBeGreaterThan(OF_THE_CAMERA.length);
  const closing = control.close();
  await control.close();
  await closing;
  expect(opened.states).toEqual(['connecting', 'live', 'closed gateway.closing']);
  expect(streams.at(-1)).toBe('main idle');
  expect(await control.stats()).toMatchObject({ streams: [], sessions: [] });
  await viewer.connection.close();
  await vi.waitFor(() => expect(openSockets()).toEqual(OF_THE_CAMERA), WAIT);
});
