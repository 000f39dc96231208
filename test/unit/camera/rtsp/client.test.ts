import { afterEach, describe, expect, it, vi } from 'vitest';
import type { GatewayError } from '../../../../src/base/errors.ts';
import { RtspClient, type RtspClientOptions } from '../../../../src/camera/rtsp/client.ts';
import { encodeInterleaved } from '../../../../src/camera/rtsp/interleaved.ts';
import { ScriptedCamera, type Script } from './scripted-camera.ts';

const PACKET = Buffer.from([0x80, 0x60, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9]);
const CLOCK = { now: () => 1234.5 };

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function cameraWith(script: Script = {}): Promise<ScriptedCamera> {
  const camera = await new ScriptedCamera(script).start();
  cleanUps.push(() => camera.close());
  return camera;
}

interface Pull {
  client: RtspClient;
  /** Everything the client told, in order. */
  told: string[];
  closed: GatewayError[];
}

function clientOf(url: string, options: Partial<RtspClientOptions> = {}): Pull {
  const told: string[] = [];
  const closed: GatewayError[] = [];
  const client = new RtspClient({
    url,
    clock: CLOCK,
    connectTimeoutMs: 60_000,
    requestTimeoutMs: 60_000,
    onTracks: (tracks) => told.push(`tracks ${tracks.map((track) => track.encodingName).join(' ')}`),
    onRtp: (track, packet, arrivalMs) => told.push(`rtp ${track.encodingName} ${packet.length} ${arrivalMs}`),
    onRtcp: (track, packet) => told.push(`rtcp ${track.encodingName} ${packet.length}`),
    onClose: (error) => closed.push(error),
    ...options,
  });
  cleanUps.push(() => client.close());
  return { client, told, closed };
}

describe('RTSP client: a session', () => {
  it('goes from OPTIONS to PLAY to TEARDOWN, and never for the backchannel', async () => {
    const camera = await cameraWith();
    const { client } = clientOf(camera.url);
    const { tracks } = await client.start();
    await client.close();
    expect(tracks.map((track) => track.encodingName)).toEqual(['H264', 'PCMU']);
    expect(camera.requests.map((request) => `${request.method} ${request.uri.slice(camera.url.length)}`)).toEqual([
      'OPTIONS ',
      'DESCRIBE ',
      'SETUP /v',
      'SETUP /a',
      'PLAY ',
      'TEARDOWN ',
    ]);
    expect(camera.requests.map((request) => request.headers.get('CSeq'))).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(camera.requests.every((request) => request.headers.get('User-Agent') !== undefined)).toBe(true);
    expect(camera.requests.map((request) => request.headers.get('Session'))).toEqual([
      ...[undefined, undefined, undefined],
      ...['12345678', '12345678', '12345678'],
    ]);
    expect(camera.asked('SETUP').map((request) => request.headers.get('Transport'))).toEqual([
      'RTP/AVP/TCP;unicast;interleaved=0-1',
      'RTP/AVP/TCP;unicast;interleaved=2-3',
    ]);
    expect(camera.asked('PLAY')[0]?.headers.get('Range')).toBe('npt=0-');
  });

  it('follows Content-Base and the control of the session', async () => {
    const camera = await cameraWith({
      DESCRIBE: () => ({
        headers: [['Content-Base', 'rtsp://10.0.0.9/base?x=1']],
        body: 'a=control:*\r\nm=video 0 RTP/AVP 96\r\na=control:trackID=0\r\n',
      }),
    });
    const { client } = clientOf(camera.url);
    await client.start();
    expect(camera.asked('SETUP')[0]?.uri).toBe('rtsp://10.0.0.9/base?x=1/trackID=0');
    expect(camera.asked('PLAY')[0]?.uri).toBe('rtsp://10.0.0.9/base?x=1');
  });

  it('sets up only the tracks that are wanted', async () => {
    const camera = await cameraWith();
    const { client } = clientOf(camera.url, { wants: (track) => track.kind === 'audio' });
    await client.start();
    expect(camera.asked('SETUP').map((request) => request.uri)).toEqual([`${camera.url}/a`]);
  });

  it('names the tracks before it hands on packets that come together with the answer to PLAY', async () => {
    const camera = await cameraWith({
      PLAY: () => ({
        then: Buffer.concat([encodeInterleaved(0, PACKET), encodeInterleaved(3, Buffer.alloc(8)), encodeInterleaved(9, PACKET)]),
      }),
    });
    const { client, told } = clientOf(camera.url);
    await client.start();
    await vi.waitFor(() => expect(told).toEqual(['tracks H264 PCMU', 'rtp H264 12 1234.5', 'rtcp PCMU 8']));
  });

  it.each([
    { answered: 'RTP/AVP/TCP;unicast;interleaved=7-8', rtp: 7, rtcp: 8 },
    { answered: 'RTP/AVP/TCP;interleaved=5', rtp: 5, rtcp: 6 },
    { answered: 'RTP/AVP/TCP;unicast', rtp: 0, rtcp: 1 },
    { answered: 'RTP/AVP/TCP;interleaved=300-301', rtp: 0, rtcp: 1 },
  ])('uses the channels that the camera answers: $answered', async ({ answered, rtp, rtcp }) => {
    const camera = await cameraWith({ SETUP: () => ({ headers: [['Transport', answered]] }) });
    const { client, told } = clientOf(camera.url, { wants: (track) => track.kind === 'video' });
    const { tracks } = await client.start();
    camera.sendFrame(rtp, PACKET);
    camera.sendFrame(rtcp, PACKET);
    await vi.waitFor(() => expect(told.slice(1)).toEqual(['rtp H264 12 1234.5', 'rtcp H264 12']));
    expect(tracks[0] !== undefined && client.sendRtcp(tracks[0], Buffer.from([1, 2]))).toBe(true);
    await vi.waitFor(() => expect(camera.frames).toEqual([{ channel: rtcp, payload: Buffer.from([1, 2]) }]));
  });

  it('keeps the tracks apart for a camera that answers the same channels to all', async () => {
    const camera = await cameraWith({ SETUP: () => ({ headers: [['Transport', 'RTP/AVP/TCP;interleaved=0-1']] }) });
    const { client, told } = clientOf(camera.url);
    await client.start();
    camera.sendFrame(2, PACKET);
    await vi.waitFor(() => expect(told.slice(1)).toEqual(['rtp PCMU 12 1234.5']));
  });

  it('plays the picture of a camera that refuses its sound', async () => {
    const camera = await cameraWith({ SETUP: (request) => (request.uri.endsWith('/a') ? { status: 461 } : {}) });
    const { client } = clientOf(camera.url);
    expect((await client.start()).tracks.map((track) => track.kind)).toEqual(['video']);
  });

  it('plays although OPTIONS is refused', async () => {
    const camera = await cameraWith({ OPTIONS: () => ({ status: 501 }) });
    await clientOf(camera.url).client.start();
    expect(camera.methods).toContain('PLAY');
  });

  it('answers what the camera asks', async () => {
    const camera = await cameraWith();
    await clientOf(camera.url).client.start();
    camera.sendRequest('OPTIONS');
    camera.sendRequest('FROBNICATE');
    await vi.waitFor(() => expect(camera.responses.map((response) => response.status)).toEqual([200, 501]));
    expect(camera.responses.map((response) => response.headers.get('CSeq'))).toEqual(['77', '77']);
  });
});

describe('RTSP client: keep-alive', () => {
  it.each([
    { publicMethods: 'OPTIONS, GET_PARAMETER, SET_PARAMETER', method: 'GET_PARAMETER' },
    { publicMethods: 'OPTIONS, SET_PARAMETER', method: 'OPTIONS' },
  ])('with $method where the camera lists $publicMethods', async ({ publicMethods, method }) => {
    const camera = await cameraWith({
      OPTIONS: () => ({ headers: [['Public', publicMethods]] }),
      SETUP: () => ({ headers: [['Session', 'abc; timeout=1']] }),
    });
    const { closed } = await started(camera);
    const before = camera.requests.length;
    await vi.waitFor(() => expect(camera.requests.length).toBeGreaterThanOrEqual(before + 2), { timeout: 4000 });
    for (const request of camera.requests.slice(before)) {
      expect([request.method, request.headers.get('Session'), request.uri]).toEqual([method, 'abc', camera.url]);
    }
    expect(closed).toEqual([]);
  });

  it('turns to OPTIONS where GET_PARAMETER is listed and refused', async () => {
    const camera = await cameraWith({
      OPTIONS: () => ({ headers: [['Public', 'GET_PARAMETER']] }),
      GET_PARAMETER: () => ({ status: 451 }),
      SETUP: () => ({ headers: [['Session', 'abc;timeout=1']] }),
    });
    await started(camera);
    await vi.waitFor(() => expect(camera.methods.slice(-2)).toEqual(['GET_PARAMETER', 'OPTIONS']), { timeout: 4000 });
  });

  it('ends when the camera has forgotten the session', async () => {
    const camera = await cameraWith({
      OPTIONS: (_, count) => ({ status: count === 0 ? 200 : 454 }),
      SETUP: () => ({ headers: [['Session', 'abc;timeout=1']] }),
    });
    const { closed } = await started(camera);
    await vi.waitFor(() => expect(closed.map((error) => error.code)).toEqual(['rtsp.closed']), { timeout: 4000 });
  });
});

describe('RTSP client: authentication', () => {
  const credentials = { username: 'viewer', password: 'secret-word' };
  const digest = (nonce: string): [string, string] => ['WWW-Authenticate', `Digest realm="cam", nonce="${nonce}", qop="auth"`];
  const nonceOf = (header: string | undefined): string | undefined => /nonce="(\w+)"/.exec(header ?? '')?.[1];

  it('answers the challenge once and goes on with it, counting', async () => {
    const camera = await cameraWith({
      DESCRIBE: (request) =>
        request.headers.get('Authorization') === undefined
          ? { status: 401, headers: [['WWW-Authenticate', 'Basic realm="cam"'], digest('n1')] }
          : { body: 'm=video 0 RTP/AVP 96\r\n' },
    });
    await clientOf(camera.url, { credentials }).client.start();
    const sent = camera.requests.map((request) => /^Digest .*nc=(\d+)/.exec(request.headers.get('Authorization') ?? '')?.[1]);
    expect(camera.methods).toEqual(['OPTIONS', 'DESCRIBE', 'DESCRIBE', 'SETUP', 'PLAY']);
    expect(sent).toEqual([undefined, undefined, '00000001', '00000002', '00000003']);
  });

  it('takes a new nonce in the middle of a session', async () => {
    const camera = await cameraWith({
      DESCRIBE: (request) =>
        nonceOf(request.headers.get('Authorization')) === 'n1'
          ? { body: 'm=video 0 RTP/AVP 96\r\n' }
          : { status: 401, headers: [digest('n1')] },
      PLAY: (request) => (nonceOf(request.headers.get('Authorization')) === 'n2' ? {} : { status: 401, headers: [digest('n2')] }),
    });
    await clientOf(camera.url, { credentials }).client.start();
    expect(camera.methods).toEqual(['OPTIONS', 'DESCRIBE', 'DESCRIBE', 'SETUP', 'PLAY', 'PLAY']);
  });

  it.each([
    { kind: 'the same nonce', challenge: () => digest('same') },
    { kind: 'another nonce each time', challenge: (count: number) => digest(`n${count}`) },
    { kind: 'Basic', challenge: () => ['WWW-Authenticate', 'Basic realm="x"'] satisfies [string, string] },
  ])('tries a wrong password once only, with $kind', async ({ challenge }) => {
    const camera = await cameraWith({ DESCRIBE: (_, count) => ({ status: 401, headers: [challenge(count)] }) });
    const error = await clientOf(camera.url, { credentials })
      .client.start()
      .catch((thrown: unknown) => thrown as GatewayError);
    expect(error).toMatchObject({ code: 'rtsp.unauthorized', message: expect.stringContaining('refused') as string });
    expect(JSON.stringify([error, (error as GatewayError).message, (error as GatewayError).advice])).not.toContain('secret-word');
    expect(camera.asked('DESCRIBE').map((request) => request.headers.get('Authorization') !== undefined)).toEqual([false, true]);
  });

  it('says when the camera wants a password and there is none, or a scheme that there is not', async () => {
    const camera = await cameraWith({ DESCRIBE: () => ({ status: 401, headers: [['WWW-Authenticate', 'Negotiate']] }) });
    await expect(clientOf(camera.url).client.start()).rejects.toMatchObject({
      code: 'rtsp.unauthorized',
      advice: 'Give the camera a username and a password in the configuration.',
    });
    await expect(clientOf(camera.url, { credentials }).client.start()).rejects.toMatchObject({
      code: 'rtsp.unauthorized',
      message: expect.stringContaining('not supported') as string,
    });
  });

  it('takes user name and password out of the URL, and sends the URL without', async () => {
    const camera = await cameraWith({
      OPTIONS: (request) =>
        request.headers.get('Authorization') === undefined
          ? { status: 401, headers: [['WWW-Authenticate', 'Basic realm="x"']] }
          : {},
    });
    await clientOf(camera.url.replace('://', '://u:p@')).client.start();
    expect(camera.requests[1]?.headers.get('Authorization')).toBe(`Basic ${Buffer.from('u:p').toString('base64')}`);
    expect(camera.requests[1]?.uri).toBe(camera.url);
  });
});

describe('RTSP client: failure', () => {
  it.each([
    {
      what: '404',
      script: { DESCRIBE: () => ({ status: 404 }) },
      code: 'rtsp.not_found',
      message: 'DESCRIBE was answered with 404',
    },
    {
      what: '453',
      script: { PLAY: () => ({ status: 453, reason: 'No' }) },
      code: 'rtsp.status',
      message: 'answered PLAY with 453 No',
    },
    { what: 'a video SETUP refused', script: { SETUP: () => ({ status: 461 }) }, code: 'rtsp.status', message: 'SETUP with 461' },
    { what: 'no media', script: { DESCRIBE: () => ({ body: '<html>' }) }, code: 'rtsp.protocol', message: 'describes no media' },
    {
      what: 'only a backchannel',
      script: { DESCRIBE: () => ({ body: 'm=audio 0 RTP/AVP 0\r\na=sendonly\r\n' }) },
      code: 'rtsp.protocol',
      message: 'it has PCMU',
    },
    { what: 'a hang-up', script: { SETUP: () => ({ hangUp: true }) }, code: 'rtsp.closed', message: 'ended' },
    {
      what: 'a TEARDOWN right behind PLAY',
      script: { PLAY: () => ({ then: Buffer.from('TEARDOWN * RTSP/1.0\r\n\r\n') }) },
      code: 'rtsp.closed',
      message: 'TEARDOWN',
    },
  ])('names $what', async ({ script, code, message }) => {
    const camera = await cameraWith(script);
    const { client, closed } = clientOf(camera.url);
    await expect(client.start()).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string });
    await vi.waitFor(() => expect(camera.connections).toBe(0));
    expect(closed).toEqual([]);
  });

  it('names a request without an answer', async () => {
    const camera = await cameraWith({ DESCRIBE: () => ({ silent: true }) });
    await expect(clientOf(camera.url, { requestTimeoutMs: 50 }).client.start()).rejects.toMatchObject({
      code: 'rtsp.timeout',
      message: expect.stringContaining('did not answer DESCRIBE') as string,
    });
  });

  it('names a port where nobody listens, and a host that is none', async () => {
    const camera = await new ScriptedCamera().start();
    const { url } = camera;
    await camera.close();
    await expect(clientOf(url).client.start()).rejects.toMatchObject({ code: 'rtsp.unreachable' });
    await expect(clientOf('http://127.0.0.1/').client.start()).rejects.toMatchObject({ code: 'rtsp.protocol' });
  });

  it('says once that a session has ended', async () => {
    const camera = await cameraWith();
    const { closed } = await started(camera);
    camera.hangUp();
    await vi.waitFor(() => expect(closed.map((error) => error.code)).toEqual(['rtsp.closed']));
  });

  it('says so when the camera ends it with TEARDOWN', async () => {
    const camera = await cameraWith();
    const { closed } = await started(camera);
    camera.sendRequest('TEARDOWN');
    await vi.waitFor(() => expect(closed.map((error) => error.message)).toEqual([expect.stringContaining('TEARDOWN')]));
  });

  it('ends at once on abort, while a request waits', async () => {
    const camera = await cameraWith({ DESCRIBE: () => ({ silent: true }) });
    const abort = new AbortController();
    const start = clientOf(camera.url).client.start(abort.signal);
    const outcome = expect(start).rejects.toMatchObject({ code: 'rtsp.closed' });
    await vi.waitFor(() => expect(camera.methods).toContain('DESCRIBE'));
    abort.abort();
    await outcome;
    await expect(clientOf(camera.url).client.start(abort.signal)).rejects.toMatchObject({ code: 'rtsp.closed' });
  });

  it('closes though TEARDOWN is not answered, says nothing, and may be closed again', async () => {
    const camera = await cameraWith({ TEARDOWN: () => ({ silent: true }) });
    const { client, closed } = await started(camera);
    await Promise.all([client.close(), client.close()]);
    await client.close();
    expect(camera.asked('TEARDOWN')).toHaveLength(1);
    expect(closed).toEqual([]);
    await vi.waitFor(() => expect(camera.connections).toBe(0));
  });
});

async function started(camera: ScriptedCamera): Promise<Pull> {
  const pull = clientOf(camera.url);
  await pull.client.start();
  return pull;
}
