import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { DeviceStation } from '../../../../src/conformance/device/station.ts';
import { Transcript } from '../../../../src/conformance/transcript.ts';

const UNDER_TEST = 'device-under-test';

async function stationForTest(): Promise<DeviceStation> {
  const station = await new DeviceStation({ host: '127.0.0.1', port: 0, transcript: new Transcript([]) }).listen();
  onTestFinished(() => station.close());
  return station;
}

/** The id that a device without a name gets. */
async function register(station: DeviceStation, localAddress: string): Promise<unknown> {
  const socket = new WebSocket(station.urlFor('127.0.0.1'), ['webrtc.onvif.org'], { localAddress });
  onTestFinished(() => socket.terminate());
  socket.on('open', () => socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'register', params: {} })));
  const answer = await new Promise<string>((resolve, reject) => {
    socket.once('message', (data: Buffer) => resolve(data.toString()));
    socket.once('error', reject);
  });
  return (JSON.parse(answer) as { result: { id: unknown } }).result.id;
}

it('does not take a second device for the first, though neither has a name', async () => {
  const station = await stationForTest();
  expect(await register(station, '127.0.0.1')).toBe(UNDER_TEST);
  const first = station.registered;
  expect(await register(station, '127.0.0.2')).not.toBe(UNDER_TEST);
  expect(station.registered).toBe(first);
});

it('takes a device back that lost its connection before the kit knows', async () => {
  const station = await stationForTest();
  await register(station, '127.0.0.1');
  const first = station.registered;
  expect(await register(station, '127.0.0.1')).toBe(UNDER_TEST);
  expect(station.registered).not.toBe(first);
});
