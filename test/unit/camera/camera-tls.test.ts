import { expect, it, vi } from 'vitest';
import { GatewayError } from '../../../src/base/errors.ts';
import { Camera, type CameraDevice } from '../../../src/camera/camera.ts';
import type { OnvifConnectOptions } from '../../../src/camera/onvif/adapter.ts';

it('a camera is reached by https, and its certificate judged, as the config says, by ONVIF and for its streams alike', async () => {
  const onvif = { host: 'cam', port: 443, secure: true };
  const tls = { fingerprint: 'ab'.repeat(32) };
  const away = new GatewayError('camera.unreachable', 'away');
  const connect = vi.fn<(options: OnvifConnectOptions) => Promise<CameraDevice>>(() => Promise.reject(away));
  const camera = new Camera({ id: 'gate', name: 'Gate', onvif, tls, connect });
  camera.start();
  await vi.waitFor(() => expect(connect).toHaveBeenCalledTimes(1));
  camera.close();
  expect(connect.mock.calls[0]?.[0]).toMatchObject({ ...onvif, tls });
  expect(camera.source().tls).toEqual(tls);
  expect(camera.address).toBe('https://cam');
});
