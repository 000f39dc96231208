import { expect, it, vi } from 'vitest';
import { Camera } from '../../../../src/camera/camera.ts';
import { CameraLocations } from '../../../../src/gateway/discovery/camera-locations.ts';
import { cameraAt, FakeNetwork } from './fixture.ts';

it('a camera is at the addresses of its host name, which it keeps while that does not resolve', async () => {
  const names: Record<string, string[]> = { 'cam.example': ['10.0.0.1', '2001:db8::1'] };
  const locations = new CameraLocations(async (name) => {
    const addresses = names[name];
    if (addresses === undefined) throw new Error('ENOTFOUND');
    return addresses.map((address) => ({ address }));
  });
  const network = new FakeNetwork();
  const named = cameraAt(network, 'cam.example');
  const fixed = cameraAt(network, '10.0.0.2', { id: 'fixed', onvif: { host: '10.0.0.2', port: 8080 } });
  expect(locations.of(named).onvif).toMatchObject({ addresses: [] });
  expect(locations.of(fixed)).toEqual({ onvif: { addresses: ['10.0.0.2'], port: 8080, secure: false }, rtspAddresses: [] });
  await locations.refresh([named, fixed]);
  expect(locations.of(named).onvif).toMatchObject({ addresses: ['10.0.0.1', '2001:db8::1'], port: 80 });
  delete names['cam.example'];
  await locations.refresh([named, fixed]);
  expect(locations.of(named).onvif?.addresses).toHaveLength(2);
  names['cam.example'] = ['10.0.0.3'];
  await locations.refresh([named, fixed]);
  expect(locations.of(named).onvif?.addresses).toEqual(['10.0.0.3']);
});

it('with a name server that does not answer two look-ups are under way, and no more come with time', async () => {
  const asked: string[] = [];
  let answer = (): void => undefined;
  const locations = new CameraLocations((name) => {
    asked.push(name);
    return new Promise((_resolve, reject) => {
      answer = () => reject(new Error('ETIMEOUT'));
    });
  });
  const cameras = Array.from({ length: 20 }, (_, index) =>
    cameraAt(new FakeNetwork(), `cam${index}.example`, { id: `${index}` }),
  );
  for (let search = 0; search < 5; search += 1) void locations.refresh(cameras);
  expect(asked).toEqual(['cam0.example', 'cam1.example']);
  answer();
  await vi.waitFor(() => expect(asked).toHaveLength(3));
  const refreshed = locations.refresh(cameras);
  locations.close();
  answer();
  await Promise.race([refreshed, new Promise((resolve) => setImmediate(resolve))]);
  expect(asked).toHaveLength(3);
});

it('a camera by RTSP URLs is at the hosts of all of them', async () => {
  const locations = new CameraLocations(async () => [{ address: '10.0.0.9' }]);
  const camera = new Camera({
    id: 'a',
    name: 'A',
    rtsp: { main: 'rtsp://10.0.0.1/1', sub: 'rtsp://[2001:db8::1]:8554/2', more: 'rtsp://cam/3' },
  });
  camera.start();
  await locations.refresh([camera]);
  expect(locations.of(camera)).toEqual({ onvif: null, rtspAddresses: ['10.0.0.1', '2001:db8::1', '10.0.0.9'] });
  camera.close();
});
