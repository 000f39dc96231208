import { expect, it, onTestFinished, vi } from 'vitest';
import { clientAddress } from '../../../src/gateway/gateway-camera.ts';
import { Gateway } from '../../../src/gateway/gateway.ts';
import { DEFAULT_MEDIA_SETTINGS } from '../../../src/gateway/media-settings.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { startSite } from '../../support/site.ts';
import { WAIT } from '../peer/webrtc/loopback-viewer.ts';
import { RawPeer } from '../signaling/fixture.ts';

/* Where viewers are sent for a camera. */

const CAMERA = { id: 'yard', name: 'Yard', rtsp: { main: 'rtsp://127.0.0.1:9/1' } };
const SECRET = 'wss://device:pass-word@signaling.example:8443/onvif?access_token=device-key&pass-word=1#pass-word';

it.each([
  [SECRET, 'wss://signaling.example:8443/onvif'],
  ['ws://[::1]:9000', 'ws://[::1]:9000/'],
  ['wss://signaling.example/token=device-key/x', 'wss://signaling.example/token=***/x'],
])('of %s a viewer is told %s', (server, told) => {
  expect(clientAddress({ server })).toBe(told);
});

it('viewers of cameras at the embedded server are sent to its path, those of a camera with a server of its own there', async () => {
  const gateway = new Gateway({
    listen: { host: '127.0.0.1', port: 0 },
    cameras: [
      { camera: CAMERA },
      { camera: { ...CAMERA, id: 'gate' }, signaling: { server: 'ws://127.0.0.1:9/own?key=device-key' } },
    ],
    viewerTokens: [],
    media: { ...DEFAULT_MEDIA_SETTINGS, workers: 0 },
    logger: silentLogger,
  });
  onTestFinished(() => gateway.close());
  await gateway.start();
  expect(gateway.signaling()).toBe('/signaling');
  expect(gateway.cameras().map(({ signaling }) => signaling.server)).toEqual(['/signaling', 'ws://127.0.0.1:9/own']);
  expect(JSON.stringify(gateway.cameras())).not.toContain('device-key');
});

it('viewers of all cameras are sent to the server of the gateway, without its secret', async () => {
  const server = 'ws://user:device-key@127.0.0.1:9/all?access_token=device-key';
  const { gateway } = await startSite([CAMERA], { signaling: { server } });
  onTestFinished(() => gateway.close());
  expect(gateway.signaling()).toBe('ws://127.0.0.1:9/all');
  const [camera] = gateway.cameras();
  expect(camera?.signaling.server).toBe('ws://127.0.0.1:9/all');
  await vi.waitFor(() => expect(gateway.cameras()[0]?.signaling.state).toBe('failed'), WAIT);
  expect(JSON.stringify(gateway.cameras())).not.toContain('device-key');
  expect(gateway.signalingStats()).toBeUndefined();
});

it('what the embedded server counts can be asked for', async () => {
  const { gateway } = await startSite([CAMERA]);
  onTestFinished(() => gateway.close());
  await vi.waitFor(() => expect(gateway.signalingStats()).toMatchObject({ devices: 1, clients: 0 }), WAIT);
});

it('a viewer of a camera that was never there is told so without its address, and the refusal is counted', async () => {
  const { gateway, signaling } = await startSite([{ id: 'yard', name: 'Yard', onvif: { host: '127.0.0.1', port: 9 } }]);
  onTestFinished(() => gateway.close());
  await vi.waitFor(() => expect(gateway.cameras()[0]).toMatchObject({ state: 'failed', peer: 'yard' }), WAIT);
  const viewer = new RawPeer(signaling);
  onTestFinished(() => viewer.socket.terminate());
  await viewer.opened;
  await viewer.request('register');
  const refusal = await viewer.request('connect', { peer: 'yard' }).catch((error: unknown) => String(error));
  expect(refusal).toBe('Error: 480 The gateway gets no connection to the camera.');
  expect(gateway.deviceStats()).toEqual([
    { camera: 'yard', failedAttempts: 0, lostConnections: 0, malformedFrames: 0, droppedMessages: 0, refusedSessions: 1 },
  ]);
});
