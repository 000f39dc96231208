import { describe, expect, it, vi } from 'vitest';
import type { RtspRequest } from '../../../../src/camera/rtsp/message.ts';
import { RtspSource } from '../../../../src/camera/rtsp/source.ts';
import { cameraWith, clientOf, started } from './pull.ts';
import type { Answer, ScriptedCamera } from './scripted-camera.ts';

const credentials = { username: 'viewer', password: 'secret-word' };

function sendsTo(location: string): { DESCRIBE: () => Answer } {
  return { DESCRIBE: () => ({ status: 302, reason: 'Moved', headers: [['Location', location]] }) };
}

/** Wants a password in every request. */
function locked(request: RtspRequest): Answer | undefined {
  if (request.headers.get('Authorization') !== undefined) return undefined;
  return { status: 401, headers: [['WWW-Authenticate', 'Digest realm="cam", nonce="n1"']] };
}

describe('RTSP client: redirects', () => {
  it('follows one within the same host, to another port and path, and says there who it is', async () => {
    const there = await cameraWith({ DESCRIBE: (request) => locked(request) ?? { body: 'm=video 0 RTP/AVP 96\r\n' } });
    const here = await cameraWith(sendsTo(`${there.url}/moved?a=1`));
    const { client } = clientOf(here.url, { credentials });
    await client.start();
    expect(there.asked('DESCRIBE').map((request) => request.uri)).toEqual([`${there.url}/moved?a=1`, `${there.url}/moved?a=1`]);
    expect(there.asked('SETUP')[0]?.uri).toBe(`${there.url}/moved?a=1`);
    await vi.waitFor(() => expect(here.connections).toBe(0));
    expect(here.methods).toEqual(['OPTIONS', 'DESCRIBE']);
  });

  it('follows one to another address of the same private network, and tells no password in clear there', async () => {
    const there = await cameraWith(
      { DESCRIBE: (request) => locked(request) ?? { body: 'm=video 0 RTP/AVP 96\r\n' } },
      undefined,
      '127.0.0.9',
    );
    const here = await cameraWith(sendsTo(there.url));
    await clientOf(here.url, { credentials }).client.start();
    expect(there.methods).toContain('PLAY');
    const nosy = await cameraWith(
      { DESCRIBE: () => ({ status: 401, headers: [['WWW-Authenticate', 'Basic realm="cam"']] }) },
      undefined,
      '127.0.0.9',
    );
    const sending = await cameraWith(sendsTo(nosy.url));
    await expect(clientOf(sending.url, { credentials }).client.start()).rejects.toMatchObject({ code: 'rtsp.unauthorized' });
    expect(nosy.requests.map((request) => request.headers.get('Authorization'))).toEqual([undefined, undefined]);
    // Nor on the way back.
    nosy.script = sendsTo(sending.url);
    sending.script = {
      DESCRIBE: (_, count) =>
        count === 1 ? sendsTo(nosy.url).DESCRIBE() : { status: 401, headers: [['WWW-Authenticate', 'Basic realm="x"']] },
    };
    await expect(clientOf(sending.url, { credentials }).client.start()).rejects.toMatchObject({ code: 'rtsp.unauthorized' });
    expect(sending.requests.every((request) => request.headers.get('Authorization') === undefined)).toBe(true);
  });

  it.each([
    { where: 'another host', location: 'rtsp://192.0.2.1/live?token=secret-token' },
    { where: 'something else', location: 'file:///etc/passwd' },
    { where: 'nothing', location: '' },
  ])('does not follow one to $where', async ({ location }) => {
    const camera = await cameraWith(sendsTo(location));
    const error = await clientOf(camera.url, { credentials })
      .client.start()
      .catch((thrown: unknown) => thrown as Error);
    expect(error).toMatchObject({ code: 'rtsp.redirected' });
    expect((error as Error).message).not.toContain('secret');
    expect(camera.asked('DESCRIBE')).toHaveLength(1);
  });

  it('does not go in circles', async () => {
    const camera: ScriptedCamera = await cameraWith();
    camera.script = sendsTo(camera.url);
    await expect(clientOf(camera.url).client.start()).rejects.toMatchObject({ code: 'rtsp.redirected' });
    expect(camera.asked('DESCRIBE')).toHaveLength(4);
  });

  it('goes once where a REDIRECT in the middle of a session leads, and then comes back', async () => {
    const there = await cameraWith();
    const here = await cameraWith();
    const source = new RtspSource({
      url: here.url.replace('://', '://viewer:secret-word@'),
      backoff: { firstMs: 1, maxMs: 5 },
      onState: () => undefined,
      onTracks: () => undefined,
      onRtp: () => undefined,
    });
    source.start();
    await vi.waitFor(() => expect(here.methods).toContain('PLAY'));
    here.sendRaw(Buffer.from(`REDIRECT * RTSP/1.0\r\nCSeq: 5\r\nLocation: ${there.url}/new\r\n\r\n`));
    await vi.waitFor(() => expect(there.asked('PLAY').map((request) => request.uri)).toEqual([`${there.url}/new`]));
    there.hangUp();
    await vi.waitFor(() => expect(here.asked('PLAY')).toHaveLength(2));
    await source.close();
  });

  it.each(['192.0.2.1', '127.0.0.9'])('does not go where a REDIRECT leads to another host: %s', async (host) => {
    const camera = await cameraWith();
    const { client, closed } = await started(camera);
    camera.sendRaw(Buffer.from(`REDIRECT * RTSP/1.0\r\nCSeq: 5\r\nLocation: rtsp://${host}/\r\n\r\n`));
    await vi.waitFor(() => expect(closed.map((error) => error.message)).toEqual([expect.stringContaining('REDIRECT')]));
    expect(client.redirectedTo).toBeUndefined();
  });
});

describe('RTSP client: a camera that closes the connection with its 401', () => {
  it('is told who asks on another connection, within one attempt', async () => {
    const camera = await cameraWith({
      OPTIONS: (request) => {
        const refusal = locked(request);
        return refusal === undefined ? {} : { ...refusal, hangUpAfter: true };
      },
    });
    await clientOf(camera.url, { credentials }).client.start();
    expect(camera.methods.slice(0, 4)).toEqual(['OPTIONS', 'OPTIONS', 'DESCRIBE', 'SETUP']);
  });

  it('is not called again and again when it closes without a word', async () => {
    const camera = await cameraWith({ OPTIONS: (request) => locked(request) ?? { hangUp: true } });
    await expect(clientOf(camera.url, { credentials }).client.start()).rejects.toMatchObject({ code: 'rtsp.closed' });
    expect(camera.asked('OPTIONS')).toHaveLength(3);
  });
});

describe('RTSP client: keep-alive', () => {
  it('answers a camera that changes its nonce there', async () => {
    let nonce = 'n1';
    const camera = await cameraWith({
      DESCRIBE: (request) => (answers(request, nonce) ? { body: 'm=video 0 RTP/AVP 96\r\n' } : challenge(nonce)),
      OPTIONS: (request, count) => {
        if (count === 1) nonce = 'n2';
        return count === 0 || answers(request, nonce) ? {} : challenge(nonce);
      },
      SETUP: () => ({ headers: [['Session', 'abc;timeout=1']] }),
    });
    const { client, closed } = clientOf(camera.url, { credentials });
    await client.start();
    await vi.waitFor(() => expect(camera.asked('OPTIONS').length).toBeGreaterThanOrEqual(4), { timeout: 4000 });
    expect(
      camera
        .asked('OPTIONS')
        .slice(1, 4)
        .map((request) => answers(request, 'n2')),
    ).toEqual([false, true, true]);
    expect(closed).toEqual([]);
  });
});

function answers(request: RtspRequest, nonce: string): boolean {
  return request.headers.get('Authorization')?.includes(`nonce="${nonce}"`) ?? false;
}

function challenge(nonce: string): Answer {
  return { status: 401, headers: [['WWW-Authenticate', `Digest realm="cam", nonce="${nonce}", qop="auth"`]] };
}
