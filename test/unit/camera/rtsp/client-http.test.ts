import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RtspClientOptions } from '../../../../src/camera/rtsp/client-options.ts';
import { encodeInterleaved } from '../../../../src/camera/rtsp/interleaved.ts';
import { HttpFront, type HttpFrontOptions } from './http-front.ts';
import { cameraWith, clientOf, NOW, type Pull } from './pull.ts';
import type { ScriptedCamera } from './scripted-camera.ts';

const PACKET = Buffer.from([0x80, 0x60, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9]);
const credentials = { username: 'viewer', password: 'secret-word' };

const fronts: HttpFront[] = [];
afterEach(async () => {
  for (const front of fronts.splice(0)) await front.close();
});

interface Site extends Pull {
  camera: ScriptedCamera;
  front: HttpFront;
}

async function site(answer?: HttpFrontOptions['answer'], options: Partial<RtspClientOptions> = {}): Promise<Site> {
  const camera = await cameraWith({ PLAY: () => ({ behind: encodeInterleaved(0, PACKET) }) });
  const front = await new HttpFront({ port: Number(new URL(camera.url).port), ...(answer && { answer }) }).start();
  fronts.push(front);
  const url = `rtsp://127.0.0.1:${front.port}/live?channel=1`;
  return { camera, front, ...clientOf(url, { transport: 'http', ...options }) };
}

function header({ head }: { head: string }, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim();
}

describe('RTSP over HTTP', () => {
  it('says all in a POST, hears all in a GET, tied together by a cookie', async () => {
    const { client, camera, front, told } = await site();
    const { tracks } = await client.start();
    await vi.waitFor(() => expect(told).toEqual(['tracks H264 PCMU', `rtp H264 12 ${NOW}`]));
    expect(front.heads.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /live?channel=1', 'POST /live?channel=1']);
    const [get, post] = front.heads.map((each) => header(each, 'x-sessioncookie'));
    expect(get).toMatch(/^\S{16,}$/);
    expect(post).toBe(get);
    expect(front.heads.map((each) => header(each, 'Host'))).toEqual([`127.0.0.1:${front.port}`, `127.0.0.1:${front.port}`]);
    expect(tracks[0] !== undefined && client.sendRtcp(tracks[0], Buffer.from('report'))).toBe(true);
    await vi.waitFor(() => expect(camera.frames).toEqual([{ channel: 1, payload: Buffer.from('report') }]));
    await client.close();
    expect(camera.methods.at(-1)).toBe('TEARDOWN');
    await vi.waitFor(() => expect(front.connections).toBe(0));
  });

  it('tells the web server who it is, in both requests, when it is asked', async () => {
    const { client, front } = await site(
      ({ head }) =>
        head.includes('Authorization:')
          ? undefined
          : 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="web", nonce="n1", qop="auth"\r\n\r\n<html>',
      { credentials },
    );
    await client.start();
    expect(front.heads.map((each) => each.method)).toEqual(['GET', 'GET', 'POST']);
    expect(front.heads.map((each) => /nc=(\d+)/.exec(header(each, 'Authorization') ?? '')?.[1])).toEqual([
      undefined,
      '00000001',
      '00000002',
    ]);
  });

  it.each([
    { what: 'a refusal', answer: 'HTTP/1.0 503 Busy\r\n\r\n', code: 'rtsp.status' },
    { what: 'a wrong path', answer: 'HTTP/1.0 404 Not Found\r\n\r\n', code: 'rtsp.not_found' },
    { what: 'a web page', answer: 'HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<html>', code: 'rtsp.protocol' },
    { what: 'a server of something else', answer: 'SSH-2.0-dropbear\r\n\r\n', code: 'rtsp.protocol' },
    { what: 'an endless head', answer: `HTTP/1.0 200 OK\r\nX: ${'x'.repeat(20_000)}`, code: 'rtsp.protocol' },
    { what: 'no answer', answer: '', code: 'rtsp.closed' },
    {
      what: 'a password that is refused',
      answer: 'HTTP/1.0 401 No\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n',
      code: 'rtsp.unauthorized',
    },
  ])('names $what', async ({ answer, code }) => {
    const { client, front } = await site(() => answer, { credentials });
    await expect(client.start()).rejects.toMatchObject({ code });
    await vi.waitFor(() => expect(front.connections).toBe(0));
  });

  it('ends when the connection of its GET ends, and lets go of the other', async () => {
    const { client, front, closed } = await site();
    await client.start();
    front.hangUp('GET');
    await vi.waitFor(() => expect(closed.map((error) => error.code)).toEqual(['rtsp.closed']));
    await vi.waitFor(() => expect(front.connections).toBe(0));
  });

  it('goes on in another POST where one ends, with the same cookie and credentials', async () => {
    const { client, front, closed } = await site(
      ({ head }) =>
        head.includes('Authorization:') ? undefined : 'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n',
      { credentials },
    );
    await client.start();
    front.hangUp('POST');
    await vi.waitFor(() => expect(front.connections).toBe(1));
    expect(await client.keepAlive()).toBe(true);
    expect(await client.keepAlive()).toBe(true);
    const [first, second, ...more] = front.heads.filter(({ method }) => method === 'POST').map(({ head }) => head);
    expect([second, more]).toEqual([first, []]);
    expect(closed).toEqual([]);
  });

  it('lets go of a POST that it was opening when it ended', async () => {
    const { client, front } = await site();
    await client.start();
    front.hangUp('POST');
    await vi.waitFor(() => expect(front.connections).toBe(1));
    const asked = client.keepAlive();
    front.hangUp('GET');
    await asked;
    await client.close();
    await vi.waitFor(() => expect(front.connections).toBe(0));
  });

  it('ends where there is no other POST to be had', async () => {
    const { client, front, closed } = await site();
    await client.start();
    front.refuse();
    front.hangUp('POST');
    await vi.waitFor(() => expect(front.connections).toBe(1));
    expect(await client.keepAlive()).toBe(false);
    expect(closed.map((error) => error.code)).toEqual(['rtsp.closed']);
    await vi.waitFor(() => expect(front.connections).toBe(0));
  });

  it('ends at once where the camera takes no POST at all', async () => {
    const { client, front } = await site();
    const outcome = client.start().catch((error: unknown) => error);
    front.hangUpOnPost = true;
    expect(await outcome).toMatchObject({ code: 'rtsp.closed' });
    await vi.waitFor(() => expect(front.connections).toBe(0));
  });

  it('lets go of what it has opened when it is given up', async () => {
    const camera = await cameraWith();
    const { client } = clientOf(camera.url, { transport: 'http' });
    const abort = new AbortController();
    const outcome = client.start(abort.signal).catch((error: unknown) => error);
    await vi.waitFor(() => expect(camera.connections).toBe(1));
    abort.abort();
    expect(await outcome).toMatchObject({ code: 'rtsp.closed' });
    await vi.waitFor(() => expect(camera.connections).toBe(0));
  });
});
