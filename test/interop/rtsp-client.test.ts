import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RtspClientOptions } from '../../src/camera/rtsp/client-options.ts';
import { RtspClient } from '../../src/camera/rtsp/client.ts';
import type { GatewayError } from '../../src/base/errors.ts';
import { startFfmpegRtspCamera } from '../support/ffmpeg-rtsp-camera.ts';
import { startGstRtspServer, type GstRtspServer, type GstRtspServerOptions } from '../support/gst-rtsp-server.ts';

const credentials = { username: 'viewer', password: 'p@ss:word' };

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function serverWith(options: GstRtspServerOptions = {}): Promise<GstRtspServer> {
  const server = await startGstRtspServer(options);
  cleanUps.push(() => server.close());
  return server;
}

interface Received {
  client: RtspClient;
  /** Packets by encoding name; RTCP as `rtcp H264`. */
  packets: Map<string, number>;
  closed: GatewayError[];
}

function clientOf(url: string, options: Partial<RtspClientOptions> = {}): Received {
  const packets = new Map<string, number>();
  const count = (name: string): void => void packets.set(name, (packets.get(name) ?? 0) + 1);
  const closed: GatewayError[] = [];
  const client = new RtspClient({
    url,
    onRtp: (track, packet) =>
      count((packet.readUInt8(1) & 0x7f) === track.payloadType ? track.encodingName : 'other payload type'),
    onRtcp: (track) => count(`rtcp ${track.encodingName}`),
    onClose: (error) => closed.push(error),
    ...options,
  });
  cleanUps.push(() => client.close());
  return { client, packets, closed };
}

/** The kinds of packets that came, once there are enough of picture and sound, while the session stands. */
async function mediaOf({ packets, closed }: Received): Promise<string[]> {
  await vi.waitFor(
    () => {
      expect(closed).toEqual([]);
      expect(packets.get('H264')).toBeGreaterThan(50);
      expect(packets.get('PCMU')).toBeGreaterThan(5);
    },
    { timeout: 15_000, interval: 50 },
  );
  return [...packets.keys()].filter((name) => !name.startsWith('rtcp')).toSorted();
}

const PICTURE_AND_SOUND = ['H264', 'PCMU'];

describe('RTSP client against gst-rtsp-server', () => {
  it.each([
    { name: 'without a password', auth: undefined },
    { name: 'with Basic', auth: { scheme: 'basic' as const, ...credentials } },
    { name: 'with Digest', auth: { scheme: 'digest' as const, ...credentials } },
  ])('receives picture and sound $name', async ({ auth }) => {
    const server = await serverWith(auth === undefined ? {} : { auth });
    const received = clientOf(server.url, auth === undefined ? {} : { credentials });
    const { tracks } = await received.client.start();
    expect(tracks.map((track) => track.encodingName)).toEqual(['H264', 'PCMU']);
    expect(tracks[0]?.fmtp.get('sprop-parameter-sets')).toMatch(/^Z/);
    expect(await mediaOf(received)).toEqual(PICTURE_AND_SOUND);
    await received.client.close();
    await vi.waitFor(() => expect(server.requests.at(-1)).toBe('teardown'));
  });

  it('keeps the session alive with GET_PARAMETER well within its time, and gets sender reports', async () => {
    const server = await serverWith({ sessionTimeoutS: 2 });
    const received = clientOf(server.url);
    await received.client.start();
    await vi.waitFor(() => expect(server.requests.filter((each) => each === 'get-parameter').length).toBeGreaterThan(2), {
      timeout: 8000,
    });
    await vi.waitFor(() => expect(received.packets.get('rtcp H264')).toBeGreaterThan(0), { timeout: 8000 });
    expect(await mediaOf(received)).toEqual(PICTURE_AND_SOUND);
  });

  it('serves two clients at a time', async () => {
    const server = await serverWith();
    const both = [clientOf(server.url), clientOf(server.url)];
    await Promise.all(both.map(({ client }) => client.start()));
    for (const received of both) expect(await mediaOf(received)).toEqual(PICTURE_AND_SOUND);
  });

  it('names a wrong password, no password, a missing stream and a server that is gone', async () => {
    const server = await serverWith({ auth: { scheme: 'digest', ...credentials } });
    const wrong = { ...credentials, password: 'wrong' };
    await expect(clientOf(server.url, { credentials: wrong }).client.start()).rejects.toMatchObject({
      code: 'rtsp.unauthorized',
    });
    await expect(clientOf(server.url).client.start()).rejects.toMatchObject({ code: 'rtsp.unauthorized' });
    await expect(clientOf(`${server.url}-none`, { credentials }).client.start()).rejects.toMatchObject({
      code: 'rtsp.not_found',
    });
    await server.close();
    await expect(clientOf(server.url, { credentials }).client.start()).rejects.toMatchObject({ code: 'rtsp.unreachable' });
  });
});

describe('RTSP client against a camera made by ffmpeg', () => {
  it('receives picture and sound, and again after it has left', async () => {
    const camera = await startFfmpegRtspCamera();
    cleanUps.push(() => camera.close());
    for (let pull = 0; pull < 2; pull += 1) {
      const received = clientOf(camera.url);
      await received.client.start();
      expect(await mediaOf(received)).toEqual(PICTURE_AND_SOUND);
      await received.client.close();
    }
  });
});
