import { ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { GatewayError } from '../../../src/base/errors.ts';
import { ask, start } from './fixture.ts';

const JPEG = Buffer.from('JPEG');
const TAKEN_AT = Date.UTC(2026, 10, 21, 19, 1, 2, 900);

describe('/api/cameras/ID/snapshot.jpg', () => {
  it('gives the picture, with the time at which it was taken where that is known', async () => {
    const { url, view } = await start();
    view.snapshots.set('yard', () => Promise.resolve({ jpeg: JPEG, takenAt: TAKEN_AT }));
    view.snapshots.set('gate', () => Promise.resolve({ jpeg: JPEG, takenAt: null }));
    const reply = await ask(`${url}/api/cameras/yard/snapshot.jpg`);
    expect(reply).toMatchObject({
      status: 200,
      body: 'JPEG',
      headers: {
        'content-type': 'image/jpeg',
        'content-length': '4',
        'cache-control': 'no-store',
        'last-modified': 'Sat, 21 Nov 2026 19:01:02 GMT',
      },
    });
    expect((await ask(`${url}/api/cameras/gate/snapshot.jpg`)).headers['last-modified']).toBeUndefined();
  });

  it('gives the picture’s own bytes, not a copy for each who asks', async () => {
    const end = vi.spyOn(ServerResponse.prototype, 'end');
    onTestFinished(() => end.mockRestore());
    const { url, view } = await start();
    view.snapshots.set('yard', () => Promise.resolve({ jpeg: JPEG, takenAt: null }));
    await ask(`${url}/api/cameras/yard/snapshot.jpg`);
    expect(end.mock.calls[0]?.[0]).toBe(JPEG);
  });

  it('gives the profile that is named, and reads ids and tokens as URLs write them', async () => {
    const { url, view } = await start();
    const asked: unknown[] = [];
    view.snapshots.set('the yard', (profile) => {
      asked.push(profile);
      return Promise.resolve({ jpeg: JPEG, takenAt: null });
    });
    const at = `${url}/api/cameras/the%20yard/snapshot.jpg`;
    await ask(at);
    await ask(`${at}?profile=Profile%2F1%26`);
    expect(asked).toEqual([undefined, 'Profile/1&']);
  });

  it('gives only the head to HEAD, and refuses other methods', async () => {
    const { url, view } = await start();
    view.snapshots.set('yard', () => Promise.resolve({ jpeg: JPEG, takenAt: null }));
    const at = `${url}/api/cameras/yard/snapshot.jpg`;
    expect(await ask(at, {}, 'HEAD')).toMatchObject({ status: 200, body: '', headers: { 'content-length': '4' } });
    expect(await ask(at, {}, 'POST')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  });

  it('wants a token, and shows a camera that the token does not open as one that is not there', async () => {
    const viewerTokens = [{ token: 'all' }, { token: 'yard-only', cameras: ['yard'] }];
    const { url, view } = await start({ viewerTokens });
    let made = 0;
    const snapshot = (): Promise<{ jpeg: Buffer; takenAt: null }> => {
      made += 1;
      return Promise.resolve({ jpeg: JPEG, takenAt: null });
    };
    view.snapshots.set('yard', snapshot);
    view.snapshots.set('gate', snapshot);
    const reply = async (camera: string, token?: string): Promise<{ status: number; body: string }> => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const { status, body } = await ask(`${url}/api/cameras/${camera}/snapshot.jpg`, headers);
      return { status, body };
    };
    expect((await reply('yard')).status).toBe(401);
    expect((await reply('yard', 'wrong')).status).toBe(401);
    expect((await reply('nothing')).status).toBe(401);
    expect((await reply('gate', 'yard-only')).status).toBe(404);
    expect(await reply('gate', 'yard-only')).toEqual(await reply('nothing', 'yard-only'));
    expect(await reply('nothing', 'all')).toEqual(await reply('nothing', 'yard-only'));
    expect(made).toBe(0);
    expect((await reply('gate', 'all')).status).toBe(200);
    expect((await reply('yard', 'yard-only')).status).toBe(200);
    expect((await ask(`${url}/api/cameras/yard/snapshot.jpg?token=yard-only`)).status).toBe(200);
  });

  it.each([
    ['snapshot.no_profile', 404, undefined],
    ['snapshot.busy', 503, '1'],
    ['snapshot.unavailable', 503, '1'],
    ['snapshot.timeout', 504, undefined],
  ])('says why there is none (%s) with status %s', async (code, status, retryAfter) => {
    const { url, view } = await start();
    view.snapshots.set('yard', () => Promise.reject(new GatewayError(code, 'Because.', { advice: 'Do.' })));
    const reply = await ask(`${url}/api/cameras/yard/snapshot.jpg`);
    expect(reply.status).toBe(status);
    expect(reply.headers['retry-after']).toBe(retryAfter);
    expect(JSON.parse(reply.body)).toEqual({ error: { code, message: 'Because.', advice: 'Do.' } });
  });

  it('says nothing of faults inside', async () => {
    const { url, view } = await start();
    view.snapshots.set('yard', () => Promise.reject(new Error('rtsp://admin:secret@camera')));
    const reply = await ask(`${url}/api/cameras/yard/snapshot.jpg`);
    expect(reply.status).toBe(500);
    expect(reply.body).not.toContain('secret');
  });

  it.each([
    '/api/cameras/yard/snapshot.png',
    '/api/cameras//snapshot.jpg',
    '/api/cameras/a/b/snapshot.jpg',
    '/api/cameras/%E0%A4%A/snapshot.jpg',
  ])('is nowhere else: %s', async (path) => {
    const { url } = await start();
    expect((await ask(`${url}${path}`)).status).toBe(404);
  });
});
