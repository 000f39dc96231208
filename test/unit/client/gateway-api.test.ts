import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { fetchCameras, fetchSessions } from '../../../src/client/gateway-api.ts';

describe('the list of cameras', () => {
  let server: Server | undefined;

  async function serve(listener: RequestListener): Promise<string> {
    server = createServer(listener);
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/viewer/index.html?token=x`;
  }

  afterEach(() => server?.close());

  it('is asked for at /api/cameras with the token in the header', async () => {
    const asked: unknown[] = [];
    const url = await serve((request, response) => {
      asked.push([request.url, request.headers.authorization]);
      response.end('{"now":1,"signaling":"/signaling","cameras":[]}');
    });
    await expect(fetchCameras(url, 'viewer')).resolves.toEqual({ now: 1, signaling: '/signaling', cameras: [] });
    await fetchCameras(new URL(url));
    expect(asked).toEqual([
      ['/api/cameras', 'Bearer viewer'],
      ['/api/cameras', undefined],
    ]);
  });

  it('has the sessions of viewers beside it, at /api/sessions', async () => {
    const asked: unknown[] = [];
    const url = await serve((request, response) => {
      asked.push([request.url, request.headers.authorization]);
      response.end('{"sessions":[]}');
    });
    await expect(fetchSessions(url, 'viewer')).resolves.toEqual({ sessions: [] });
    await fetchSessions(url, 'viewer', undefined, [7, 0xffff_ffff]);
    expect(asked).toEqual([
      ['/api/sessions', 'Bearer viewer'],
      ['/api/sessions?videoSsrc=7&videoSsrc=4294967295', 'Bearer viewer'],
    ]);
    // One answer is not taken for the other.
    await expect(fetchCameras(url)).rejects.toMatchObject({ name: 'SignalingError', code: 503 });
  });

  it.each([
    [401, 401],
    [403, 403],
    [500, 503],
  ])('is an error when the gateway answers %i: %i', async (status, code) => {
    const url = await serve((_request, response) => response.writeHead(status).end());
    await expect(fetchCameras(url)).rejects.toMatchObject({ name: 'SignalingError', code });
  });

  it('is an error when the answer is something else', async () => {
    const url = await serve((_request, response) => response.end('<html>'));
    await expect(fetchCameras(url)).rejects.toMatchObject({ name: 'SignalingError', code: 503 });
  });

  it('is an error when nobody answers, but not when it was called off', async () => {
    const url = await serve(() => {});
    server?.close();
    await expect(fetchCameras(url)).rejects.toMatchObject({ code: 503, message: 'The gateway cannot be reached.' });
    await expect(fetchCameras(url, undefined, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });
});
