import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RtspClientOptions } from '../../../../src/camera/rtsp/client-options.ts';
import type { RtspRequest } from '../../../../src/camera/rtsp/message.ts';
import type { RtspTrack } from '../../../../src/camera/rtsp/sdp.ts';
import { parseRtcp } from '../../../../src/media/rtp/rtcp.ts';
import { cameraWith as cameraAt, clientOf, type Pull } from './pull.ts';
import type { ScriptedCamera, Script } from './scripted-camera.ts';
import { UdpCamera } from './udp-camera.ts';

/** Of the cameras here, so that what other tests send on loopback by UDP is that of strangers. */
const ADDRESS = '127.0.0.3';

const cameras: UdpCamera[] = [];
afterEach(() => {
  for (const camera of cameras.splice(0)) camera.close();
});

function cameraWith(script?: Script): Promise<ScriptedCamera> {
  return cameraAt(script, undefined, ADDRESS);
}

async function udpCamera(address = ADDRESS): Promise<UdpCamera> {
  const camera = await UdpCamera.open(address);
  cameras.push(camera);
  return camera;
}

/** An RTP packet whose length tells its sequence number: 100 bytes and so many more. */
function packet(sequenceNumber: number, ssrc = 9): Buffer {
  const bytes = Buffer.alloc(100 + sequenceNumber);
  bytes.set([0x80, 0x60]);
  bytes.writeUInt16BE(sequenceNumber, 2);
  bytes.writeUInt32BE(ssrc, 8);
  return bytes;
}

function order({ told }: Pull): number[] {
  return told.flatMap((each) => (each.startsWith('rtp H264') ? [Number(each.split(' ')[2]) - 100] : []));
}

interface Site extends Pull {
  camera: ScriptedCamera;
  udp: UdpCamera;
}

/** A client that plays the video of a camera that can send by UDP only. */
async function playing(parameters = '', options: Partial<RtspClientOptions> = {}): Promise<Site> {
  const udp = await udpCamera();
  const camera = await cameraWith({ SETUP: (request) => udp.setUp(request, parameters) });
  const pull = clientOf(camera.url, { choose: (tracks) => tracks.filter(({ kind }) => kind === 'video'), ...options });
  await pull.client.start();
  return { ...pull, camera, udp };
}

function transports(camera: ScriptedCamera): (string | undefined)[] {
  return camera.asked('SETUP').map((request) => /^RTP\/AVP(?:\/TCP)?/.exec(request.headers.get('Transport') ?? '')?.[0]);
}

describe('RTSP client over UDP', () => {
  it('is tried when the camera refuses TCP with 461, and not when it agrees or TCP alone is wanted', async () => {
    const refusing = await playing();
    expect(transports(refusing.camera)).toEqual(['RTP/AVP/TCP', 'RTP/AVP']);
    const agreeing = await cameraWith();
    await clientOf(agreeing.url).client.start();
    expect(transports(agreeing)).toEqual(['RTP/AVP/TCP', 'RTP/AVP/TCP']);
    await expect(playing('', { transport: 'tcp' })).rejects.toMatchObject({ code: 'rtsp.status' });
  });

  it('asks for the tracks after the first by UDP at once', async () => {
    const udp = await udpCamera();
    const camera = await cameraWith({ SETUP: (request) => udp.setUp(request) });
    await clientOf(camera.url).client.start();
    expect(transports(camera)).toEqual(['RTP/AVP/TCP', 'RTP/AVP', 'RTP/AVP']);
  });

  it('comes back to TCP for the tracks after one that the camera refuses either way', async () => {
    const camera = await cameraWith({
      DESCRIBE: () => ({ body: 'm=audio 0 RTP/AVP 0\r\na=control:a\r\nm=video 0 RTP/AVP 26\r\na=control:v\r\n' }),
      SETUP: (request: RtspRequest) => (request.uri.endsWith('/a') ? { status: 461 } : {}),
    });
    const { tracks } = await clientOf(camera.url).client.start();
    expect(tracks.map((track) => track.encodingName)).toEqual(['JPEG']);
    expect(transports(camera)).toEqual(['RTP/AVP/TCP', 'RTP/AVP', 'RTP/AVP/TCP']);
  });

  it('is tried when the camera answers UDP to who asked for TCP', async () => {
    const udp = await udpCamera();
    const camera = await cameraWith({
      SETUP: (request, count) =>
        count === 0 ? { headers: [['Transport', 'RTP/AVP;unicast;server_port=5000-5001']] } : udp.setUp(request),
    });
    await clientOf(camera.url, { choose: (tracks) => tracks.filter(({ kind }) => kind === 'video') }).client.start();
    expect(transports(camera)).toEqual(['RTP/AVP/TCP', 'RTP/AVP']);
    const stubborn = await cameraWith({ SETUP: () => ({ headers: [['Transport', 'RTP/AVP;server_port=5000-5001']] }) });
    const start = clientOf(stubborn.url, { transport: 'tcp' }).client.start();
    await expect(start).rejects.toMatchObject({ code: 'rtsp.status' });
  });

  it('gives way to TCP where the camera answers that', async () => {
    const camera = await cameraWith({
      SETUP: (_, count) => ({ headers: [['Transport', `RTP/AVP/TCP;unicast;interleaved=${2 * count}-${2 * count + 1}`]] }),
    });
    const { client, told } = clientOf(camera.url, { transport: 'udp' });
    await client.start();
    camera.sendFrame(2, packet(1));
    await vi.waitFor(() => expect(told.at(-1)).toMatch(/^rtp PCMU 101/));
    expect(client.overUdp).toBe(false);
  });

  it('refuses a camera that sends by multicast though it was asked for unicast', async () => {
    const camera = await cameraWith({
      SETUP: () => ({ headers: [['Transport', 'RTP/AVP;multicast;destination=239.1.1.1;port=5000-5001']] }),
    });
    const start = clientOf(camera.url, { transport: 'udp' }).client.start();
    await expect(start).rejects.toMatchObject({ code: 'rtsp.protocol', message: expect.stringContaining('multicast') as string });
  });

  it('asks for an even port and the next one', async () => {
    const { udp } = await playing('', { transport: 'udp' });
    const [rtp, rtcp] = udp.clientPorts;
    expect([rtp % 2, rtcp - rtp]).toEqual([0, 1]);
  });

  it('sends to both ports of the camera before and after PLAY, so that NAT lets its packets in', async () => {
    const udp = await udpCamera();
    const beforePlay = { rtp: 0, rtcp: 0 };
    const camera = await cameraWith({ SETUP: (request) => udp.setUp(request), PLAY: () => ({ silent: true }) });
    const { client } = clientOf(camera.url, { choose: (tracks) => tracks.filter(({ kind }) => kind === 'video') });
    const start = client.start();
    await vi.waitFor(() => {
      beforePlay.rtp = udp.received.rtp.length;
      beforePlay.rtcp = udp.received.rtcp.length;
      expect([camera.methods.at(-1), beforePlay]).toEqual(['PLAY', { rtp: 1, rtcp: 1 }]);
    });
    camera.sendRaw(Buffer.from('RTSP/1.0 200 OK\r\n\r\n'));
    await start;
    await vi.waitFor(() => expect([udp.received.rtp.length, udp.received.rtcp.length]).toEqual([2, 2]));
    expect(udp.received.rtp[0]?.readUInt8(0)).toBe(0x80);
    expect(parseRtcp(udp.received.rtcp[0] ?? Buffer.alloc(0)).malformed).toBe(false);
  });

  it('puts packets in order that overtook each other', async () => {
    const pull = await playing();
    for (const sequenceNumber of [1, 3, 2, 4, 4, 5]) pull.udp.sendRtp(packet(sequenceNumber));
    await vi.waitFor(() => expect(order(pull)).toEqual([1, 2, 3, 4, 5]));
  });

  it('goes on behind a lost packet', async () => {
    let now = 0;
    const pull = await playing('', { clock: { now: () => now } });
    for (const sequenceNumber of [1, 3, 4]) pull.udp.sendRtp(packet(sequenceNumber));
    await vi.waitFor(() => expect(order(pull)).toEqual([1]));
    now = 1000;
    await vi.waitFor(() => {
      pull.udp.sendRtp(packet(5));
      expect(order(pull)).toEqual([1, 3, 4, 5]);
    });
  });

  it('follows a camera whose sequence numbers start again', async () => {
    let now = 0;
    const pull = await playing('', { clock: { now: () => now } });
    for (const sequenceNumber of [1000, 1001]) pull.udp.sendRtp(packet(sequenceNumber));
    await vi.waitFor(() => expect(order(pull)).toEqual([1000, 1001]));
    let next = 10;
    await vi.waitFor(() => {
      now += 100;
      pull.udp.sendRtp(packet(next));
      next += 1;
      expect(order(pull).at(-1)).toBeLessThan(next);
    });
    expect(order(pull).slice(0, 2)).toEqual([1000, 1001]);
  });

  it('brings the first packets after a pause in order too', async () => {
    let now = 0;
    const pull = await playing('', { clock: { now: () => now } });
    pull.udp.sendRtp(packet(1));
    await vi.waitFor(() => expect(order(pull)).toEqual([1]));
    now = 10_000;
    for (const sequenceNumber of [3, 2, 4]) pull.udp.sendRtp(packet(sequenceNumber));
    await vi.waitFor(() => expect(order(pull)).toEqual([1, 2, 3, 4]));
  });

  it('takes RTCP, and sends it to the port that the camera named', async () => {
    const tracks: RtspTrack[] = [];
    const { client, told, udp } = await playing('', { onTracks: (each) => tracks.push(...each) });
    udp.sendRtcp(Buffer.alloc(28));
    await vi.waitFor(() => expect(told).toContain('rtcp H264 28'));
    const [track] = tracks;
    const report = Buffer.from('report');
    expect(track !== undefined && client.sendRtcp(track, report)).toBe(true);
    await vi.waitFor(() => expect(udp.received.rtcp).toContainEqual(report));
  });

  it('takes packets from the camera only, and counts the others', async () => {
    const pull = await playing();
    const stranger = await udpCamera('127.0.0.2');
    stranger.sendTo([...pull.udp.clientPorts]);
    stranger.sendRtp(packet(7));
    stranger.sendRtcp(Buffer.alloc(28));
    await vi.waitFor(() => expect(pull.client.counters.datagramsRefused).toBe(2));
    pull.udp.sendRtp(packet(1));
    await vi.waitFor(() => expect(order(pull)).toEqual([1]));
    expect(pull.told).not.toContain('rtcp H264 28');
  });

  it('takes packets from the source that the camera names, and sends nothing there', async () => {
    const pull = await playing(';source=127.0.0.2');
    const other = await udpCamera('127.0.0.2');
    other.sendTo([...pull.udp.clientPorts]);
    other.sendRtp(packet(1));
    await vi.waitFor(() => expect(order(pull)).toEqual([1]));
    expect([other.received, pull.udp.received.rtp.length]).toEqual([{ rtp: [], rtcp: [] }, 2]);
  });

  it('hears the announced SSRC alone from when it shows', async () => {
    const pull = await playing(';ssrc=0000002A');
    pull.udp.sendRtp(packet(1, 7));
    pull.udp.sendRtp(packet(10, 42));
    pull.udp.sendRtp(packet(2, 7));
    pull.udp.sendRtp(packet(11, 42));
    await vi.waitFor(() => expect(order(pull)).toEqual([1, 10, 11]));
    expect(pull.client.counters.datagramsRefused).toBe(1);
  });

  it('follows a camera that changes its SSRC without having announced one', async () => {
    const pull = await playing();
    for (const each of [packet(10, 7), packet(11, 7), packet(3, 8), packet(4, 8)]) pull.udp.sendRtp(each);
    await vi.waitFor(() => expect(order(pull)).toEqual([10, 11, 3, 4]));
  });

  it('puts the packets of one source in order, while another sends by turns with it', async () => {
    const pull = await playing();
    for (const [own, other] of [
      [10, 40],
      [12, 41],
      [11, 42],
      [13, 43],
    ] as const) {
      pull.udp.sendRtp(packet(other, 7));
      pull.udp.sendRtp(packet(own, 8));
    }
    await vi.waitFor(() => expect(order(pull)).toEqual([40, 10, 11, 12, 13]));
    expect(pull.client.counters.datagramsRefused).toBe(3);
  });

  it('drops what is no RTP', async () => {
    const pull = await playing();
    pull.udp.sendRtp(Buffer.from('hello, this is a port scan'));
    pull.udp.sendRtp(Buffer.alloc(4, 0x80));
    await vi.waitFor(() => expect(pull.client.counters.datagramsRefused).toBe(2));
    expect(order(pull)).toEqual([]);
  });

  it('lets go of its ports when it is closed, and when the camera refuses', async () => {
    const pull = await playing();
    const [rtp, rtcp] = pull.udp.clientPorts;
    await pull.client.close();
    const asked: number[] = [rtp, rtcp];
    const camera = await cameraWith({
      SETUP: (request) => {
        asked.push(...(/=(\d+)-(\d+)/.exec(request.headers.get('Transport') ?? '') ?? []).slice(1).map(Number));
        return { status: 500 };
      },
    });
    await expect(clientOf(camera.url, { transport: 'udp' }).client.start()).rejects.toMatchObject({ code: 'rtsp.status' });
    expect(asked).toHaveLength(4);
    for (const port of asked) expect(await isFree(port)).toBe(true);
  });
});

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
}
