import { connect, createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadClips } from '../../../src/simulator/clips.ts';
import { SimulatedCamera, type SimulatedCameraOptions } from '../../../src/simulator/simulated-camera.ts';
import { Simulator } from '../../../src/simulator/simulator.ts';
import {
  DEVICE,
  EVENTS,
  MEDIA2,
  NOTIFICATION,
  find,
  post,
  securityHeader,
  soapEnvelope,
  type Answer,
} from './onvif/soap-client.ts';

const clips = await loadClips();
const opened: { close(): Promise<void> }[] = [];

const WAIT = { timeout: 10_000, interval: 10 };

afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

function makeCamera(options: Partial<SimulatedCameraOptions> = {}): SimulatedCamera {
  const camera = new SimulatedCamera({ name: 'Yard', username: 'viewer', password: 'secret', clips, ...options });
  opened.push(camera);
  return camera;
}

function call(url: string, namespace: string, operation: string, content = ''): Promise<Answer> {
  const created = new Date().toISOString();
  return post(
    url,
    soapEnvelope(namespace, operation, content, securityHeader({ username: 'viewer', password: 'secret', created })),
  );
}

/** Listens on a port as soon as the camera has left it. */
function take(port: number): Promise<Server> {
  return vi.waitFor(async () => {
    const server = createServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }, WAIT);
}

const getTime = (url: string): Promise<Answer> => post(url, soapEnvelope(DEVICE, 'GetSystemDateAndTime'));

describe('SimulatedCamera', () => {
  it('listens for RTSP where its stream URI says', async () => {
    const { onvifUrl, rtspPort } = await makeCamera().start();
    const content = '<a:Protocol>RTSP</a:Protocol><a:ProfileToken>main</a:ProfileToken>';
    const uri = find((await call(onvifUrl.replace('device', 'media2'), MEDIA2, 'GetStreamUri', content)).body, 'Uri')?.text ?? '';
    expect(uri).toBe(`rtsp://127.0.0.1:${rtspPort}/main`);
    const socket = connect(rtspPort, '127.0.0.1');
    socket.write(`OPTIONS ${uri} RTSP/1.0\r\nCSeq: 1\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^RTSP\/1\.0 (200|401) /);
    socket.destroy();
  });

  it('jumps to the next GOP at SetSynchronizationPoint', async () => {
    const camera = makeCamera();
    const { onvifUrl } = await camera.start();
    const jumped = vi.fn();
    camera.timeline.events.on('jump', jumped);
    await call(onvifUrl.replace('device', 'media2'), MEDIA2, 'SetSynchronizationPoint', '<a:ProfileToken>sub</a:ProfileToken>');
    expect(jumped).toHaveBeenCalledOnce();
  });

  it('refuses connections while it reboots, on both ports, and comes back on the same', async () => {
    const camera = makeCamera();
    const { onvifUrl, rtspPort } = await camera.start();
    const viewer = connect(rtspPort, '127.0.0.1');
    await once(viewer, 'connect');
    const dropped = once(viewer, 'close');
    const back = camera.reboot(300);
    await dropped;
    await vi.waitFor(() => expect(getTime(onvifUrl)).rejects.toMatchObject({ code: 'ECONNREFUSED' }));
    await expect(once(connect(rtspPort, '127.0.0.1'), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await back;
    expect((await getTime(onvifUrl)).status).toBe(200);
    const again = connect(rtspPort, '127.0.0.1');
    await once(again, 'connect');
    again.destroy();
  });

  it('answers SystemReboot before it goes, and has forgotten its subscriptions afterwards', async () => {
    const camera = makeCamera();
    const { onvifUrl } = await camera.start();
    const reboot = vi.spyOn(camera, 'reboot').mockImplementation(() => SimulatedCamera.prototype.reboot.call(camera, 0));
    const created = await call(onvifUrl.replace('device', 'event'), EVENTS, 'CreatePullPointSubscription');
    const subscription = find(created.body, 'Address')?.text ?? '';
    expect((await call(onvifUrl, DEVICE, 'SystemReboot')).status).toBe(200);
    await vi.waitFor(() => expect(reboot).toHaveResolved());
    const answer = await call(subscription, NOTIFICATION, 'Unsubscribe');
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('ResourceUnknownFault');
  });

  it('does not come back from a reboot once it was closed', async () => {
    const camera = makeCamera();
    const { onvifUrl } = await camera.start();
    const back = camera.reboot(60_000);
    await camera.close();
    await back;
    await expect(getTime(onvifUrl)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('comes back from a reboot once ports that were taken meanwhile are free, and warns of them', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const camera = makeCamera();
    const { onvifUrl, onvifPort, rtspPort } = await camera.start();
    const back = camera.reboot(300);
    const others = await Promise.all([take(onvifPort), take(rtspPort)]);
    await vi.waitFor(() => expect(warned).toHaveBeenCalledTimes(2), WAIT);
    for (const port of [onvifPort, rtspPort]) expect(warned).toHaveBeenCalledWith(expect.stringContaining(`127.0.0.1:${port}`));
    for (const other of others) other.close();
    await back;
    expect(warned).toHaveBeenCalledTimes(2);
    expect((await getTime(onvifUrl)).status).toBe(200);
    const again = connect(rtspPort, '127.0.0.1');
    await once(again, 'connect');
    again.destroy();
  });

  it('can be closed while its ports are taken', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const camera = makeCamera();
    const { onvifPort } = await camera.start();
    const back = camera.reboot(100);
    const other = await take(onvifPort);
    await vi.waitFor(() => expect(warned).toHaveBeenCalledOnce(), WAIT);
    await camera.close();
    await back;
    other.close();
  });

  it('answers late, or not at all, and then again', async () => {
    const camera = makeCamera();
    const { onvifUrl } = await camera.start();
    camera.onvifFaults.delayMs = 60;
    const asked = performance.now();
    await getTime(onvifUrl);
    expect(performance.now() - asked).toBeGreaterThanOrEqual(55);
    camera.onvifFaults.delayMs = 0;

    camera.setUnresponsive(true);
    expect(camera.rtsp.faults.unresponsive).toBe(true);
    const patience = AbortSignal.timeout(250);
    await expect(fetch(onvifUrl, { method: 'POST', body: '', signal: patience })).rejects.toMatchObject({ name: 'TimeoutError' });
    camera.setUnresponsive(false);
    expect((await getTime(onvifUrl)).status).toBe(200);
  });

  it('has a clock of its own that can be set wrong', async () => {
    const camera = makeCamera({ clockOffsetMs: 86_400_000, clock: { now: () => Date.parse('2026-11-21T10:00:00Z') } });
    const { onvifUrl } = await camera.start();
    expect(find((await getTime(onvifUrl)).body, 'Day')?.text).toBe('22');
    camera.clockOffsetMs = -86_400_000;
    expect(find((await getTime(onvifUrl)).body, 'Day')?.text).toBe('20');
  });

  it('says which port is taken', async () => {
    const { onvifPort } = await makeCamera().start();
    const second = makeCamera({ onvifPort });
    const error: unknown = await second.start().catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'simulator.port-taken',
      message: `The simulated camera cannot listen on 127.0.0.1:${onvifPort}.`,
    });
  });
});

describe('Simulator', () => {
  it('runs several cameras, each with its own name, identity and ports', async () => {
    const simulator = new Simulator({ cameras: 3, username: 'viewer', password: 'secret', discovery: false });
    opened.push(simulator);
    const cameras = await simulator.start();
    expect(cameras.map(({ name }) => name)).toEqual(['Simulated camera 1', 'Simulated camera 2', 'Simulated camera 3']);
    expect(
      new Set(cameras.flatMap(({ onvifPort, rtspPort, endpointReference }) => [onvifPort, rtspPort, endpointReference])).size,
    ).toBe(9);
    for (const { onvifUrl } of cameras) expect((await getTime(onvifUrl)).status).toBe(200);
  });
});
