import { describe, expect, it, vi } from 'vitest';
import type { GatewayError } from '../../../../src/base/errors.ts';
import type { RtspRequest } from '../../../../src/camera/rtsp/message.ts';
import { cameraWith, clientOf, started } from './pull.ts';
import { ScriptedCamera } from './scripted-camera.ts';

function digest(nonce: string): [string, string] {
  return ['WWW-Authenticate', `Digest realm="cam", nonce="${nonce}", qop="auth"`];
}

function countOf(header: string | undefined): number {
  return Number.parseInt(/nc=([0-9a-f]{8})/.exec(header ?? '')?.[1] ?? '', 16);
}

function nonceOf(header: string | undefined): string | undefined {
  return /nonce="(\w+)"/.exec(header ?? '')?.[1];
}

describe('RTSP client: authentication', () => {
  const credentials = { username: 'viewer', password: 'secret-word' };

  it('answers the challenge once and goes on with it, counting', async () => {
    const camera = await cameraWith({
      DESCRIBE: (request) =>
        request.headers.get('Authorization') === undefined
          ? { status: 401, headers: [['WWW-Authenticate', 'Basic realm="cam"'], digest('n1')] }
          : { body: 'm=video 0 RTP/AVP 96\r\n' },
    });
    await clientOf(camera.url, { credentials }).client.start();
    const sent = camera.requests.map((request) => countOf(request.headers.get('Authorization')));
    expect(camera.methods).toEqual(['OPTIONS', 'DESCRIBE', 'DESCRIBE', 'SETUP', 'PLAY']);
    expect(sent).toEqual([Number.NaN, Number.NaN, 1, 2, 3]);
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
    expect(camera.requests.slice(2).map((request) => countOf(request.headers.get('Authorization')))).toEqual([1, 2, 3, 1]);
  });

  it('believes a camera that calls the nonce stale which it has just given, and not for ever', async () => {
    const stale = (count: number): [string, string] => ['WWW-Authenticate', `Digest realm="cam", nonce="n${count}", stale=true`];
    const patient = await cameraWith({
      DESCRIBE: (_, count) => (count < 3 ? { status: 401, headers: [stale(count)] } : { body: 'm=video 0 RTP/AVP 96\r\n' }),
    });
    await clientOf(patient.url, { credentials }).client.start();
    expect(patient.asked('DESCRIBE')).toHaveLength(4);
    const endless = await cameraWith({ DESCRIBE: (_, count) => ({ status: 401, headers: [stale(count)] }) });
    await expect(clientOf(endless.url, { credentials }).client.start()).rejects.toMatchObject({ code: 'rtsp.unauthorized' });
    expect(endless.asked('DESCRIBE').length).toBeLessThan(6);
  });

  it('goes on with the nonce that the camera names for the next request', async () => {
    const camera = await cameraWith({
      DESCRIBE: (request) =>
        request.headers.get('Authorization') === undefined
          ? { status: 401, headers: [digest('n1')] }
          : { body: 'm=video 0 RTP/AVP 96\r\n', headers: [['Authentication-Info', 'nextnonce="n2"']] },
    });
    await clientOf(camera.url, { credentials }).client.start();
    const sent = camera.requests.slice(2).map((request) => request.headers.get('Authorization'));
    expect(sent.map((value) => [nonceOf(value), countOf(value)])).toEqual([
      ['n1', 1],
      ['n2', 1],
      ['n2', 2],
    ]);
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
    ...[400, 454].map((status) => ({
      what: `${status}`,
      script: { DESCRIBE: () => ({ status }) },
      code: 'rtsp.bad_request',
      message: `answered DESCRIBE with ${status}`,
    })),
    {
      what: '453',
      script: { PLAY: () => ({ status: 453, reason: 'No \x9b\xffroom' }) },
      code: 'rtsp.status',
      message: 'answered PLAY with 453 No ??room',
    },
    {
      what: 'a video SETUP refused',
      script: { SETUP: ({ uri }: RtspRequest) => ({ status: uri.endsWith('/v') ? 461 : 200 }) },
      code: 'rtsp.status',
      message: 'SETUP with 461',
    },
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
      script: { PLAY: () => ({ behind: Buffer.from('TEARDOWN * RTSP/1.0\r\n\r\n') }) },
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
    const outcome = start.catch((error: unknown) => error);
    await vi.waitFor(() => expect(camera.methods).toContain('DESCRIBE'));
    abort.abort();
    expect(await outcome).toMatchObject({ code: 'rtsp.closed' });
    await expect(clientOf(camera.url).client.start(abort.signal)).rejects.toMatchObject({ code: 'rtsp.closed' });
  });

  it.each(['SETUP', 'PLAY'])('says nothing when it is closed while %s waits, though the answer comes then', async (method) => {
    const camera = await cameraWith({
      SETUP: (_, count) => ({ headers: [['Session', 'abc']], silent: method === 'SETUP' && count === 1 }),
      [method === 'PLAY' ? 'PLAY' : '']: () => ({ silent: true }),
      TEARDOWN: () => ({ silent: true }),
    });
    const { client, told, closed } = clientOf(camera.url);
    const start = client.start().catch((error: unknown) => error);
    const silent = await vi.waitFor(() => {
      const last = camera.requests.at(-1);
      expect([last?.method, camera.asked('SETUP').length]).toEqual([method, 2]);
      return last;
    });
    told.splice(0);
    const close = client.close();
    await vi.waitFor(() => expect(camera.methods.at(-1)).toBe('TEARDOWN'));
    camera.sendRaw(Buffer.from(`RTSP/1.0 200 OK\r\nCSeq: ${silent?.headers.get('CSeq')}\r\n\r\n`));
    camera.sendFrame(0, Buffer.alloc(12, 0x80));
    expect(await start).toMatchObject({ code: 'rtsp.closed' });
    await close;
    expect([told, closed, camera.methods.at(-1)]).toEqual([[], [], 'TEARDOWN']);
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

describe('RTSP client: what is no camera', () => {
  it('is left after 256 KiB without a message or a frame, and not searched for ever', async () => {
    const camera = await cameraWith();
    const { closed } = await started(camera);
    const garbage = Buffer.alloc(64 * 1024, 'ABC');
    for (let times = 0; times < 4; times += 1) camera.sendRaw(garbage);
    camera.sendRaw(garbage);
    await vi.waitFor(() => expect(closed.map(({ code }) => code)).toEqual(['rtsp.protocol']), { timeout: 20_000 });
  });

  it('is not a camera with garbage between its frames, however much comes in all', async () => {
    const camera = await cameraWith();
    const { closed, told } = await started(camera);
    const rtp = Buffer.alloc(16);
    rtp[0] = 0x80;
    for (let times = 1; times <= 6; times += 1) {
      camera.sendRaw(Buffer.alloc(64 * 1024));
      camera.sendFrame(0, rtp);
      camera.sendFrame(0, rtp);
      await vi.waitFor(
        () => expect(told.filter((line) => line.startsWith('rtp ')).length).toBeGreaterThanOrEqual(2 * times - 1),
        {
          timeout: 20_000,
        },
      );
    }
    expect(closed).toEqual([]);
  });
});
