import { get, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { Grant } from '../../../../src/access/grant.ts';
import { StaticTokens } from '../../../../src/access/static-tokens.ts';
import { RawPeer, Site } from '../fixture.ts';

describe('registering at our server', () => {
  let site: Site;

  beforeEach(async () => {
    site = await new Site().listen();
  });

  afterEach(() => site.close());

  it('takes the token from the header, the query or the request', async () => {
    const byHeader = await site.peer('viewer');
    expect(byHeader.id).toMatch(/^client-/);

    const byQuery = new RawPeer(`${site.url}?access_token=viewer`);
    await byQuery.opened;
    const { id } = (await byQuery.request('register')) as { id: string };
    expect(id).toMatch(/^client-/);
    expect(id).not.toBe(byHeader.id);

    const byRequest = await site.peer(null);
    await expect(byRequest.request('register', { authorization: 'viewer' })).resolves.toEqual({
      id: expect.stringMatching(/^client-/) as string,
    });
    byQuery.socket.terminate();
  });

  it.each([
    ['none at all', '', undefined, {}],
    ['a wrong one in the header', '', 'wrong', {}],
    ['a wrong one in the query', '?access_token=wrong', undefined, {}],
    ['a wrong one in the request', '', undefined, { authorization: 'wrong' }],
    ['one that is no string', '', undefined, { authorization: { $gt: '' } }],
  ])('refuses with 401 and closes: %s', async (_what, query, header, params) => {
    const peer = new RawPeer(site.url + query, header);
    await peer.opened;
    await expect(peer.request('register', params)).rejects.toThrow('401');
    await expect(peer.closed()).resolves.toBe(1008);
    expect(site.server.stats).toMatchObject({ clients: 0, devices: 0, refusedTokens: 1 });
  });

  it('demands the subprotocol webrtc.onvif.org with HTTP 400', async () => {
    const status = await new Promise((resolve) => {
      const socket = new WebSocket(site.url, ['other.example.com'], { headers: { Authorization: 'Bearer viewer' } });
      socket.on('unexpected-response', (_request, response) => {
        resolve(response.statusCode);
        response.destroy();
      });
      socket.on('error', () => {});
    });
    expect(status).toBe(400);
  });

  it('gives a device the id that its token is bound to, again and again, the newest connection winning', async () => {
    const first = await site.peer('front-door-device', { name: 'Whatever' });
    expect(first.id).toBe('front-door');
    const second = await site.peer('front-door-device', { name: 'Whatever' });
    expect(second.id).toBe('front-door');
    await expect(first.closed()).resolves.toBe(4000);
    const client = await site.peer('viewer');
    const opening = client.request('connect', { peer: 'front-door' });
    second.respond((await second.call('connect'))['id'], {});
    await opening;
  });

  it('gives a device of the global token an id from its name, and two of one name two', async () => {
    const yard = await site.peer('any-device', { name: ' Hof / Süd 1' });
    const other = await site.peer('any-device', { name: 'Hof / Süd 1' });
    const nameless = await site.peer('any-device');
    expect([yard.id, other.id, nameless.id]).toEqual(['hof-su-d-1', 'hof-su-d-1-2', 'device']);
    yard.socket.terminate();
    await vi.waitFor(() => expect(site.server.stats.devices).toBe(2));
    expect((await site.peer('any-device', { name: 'Hof / Süd 1' })).id).toBe('hof-su-d-1');
  });

  it('gives a device of the global token its id back while its old connection is half open', async () => {
    const before = await site.peer('any-device', { name: 'Hof' });
    before.socket.pause();
    const after = await site.peer('any-device', { name: 'Hof' });
    expect(after.id).toBe('hof');
    before.socket.resume();
    await expect(before.closed()).resolves.toBe(4000);
  });

  it('gives two devices of one name two ids, also when both come while an old connection is half open', async () => {
    const before = await site.peer('any-device', { name: 'Hof' });
    before.socket.pause();
    const both = await Promise.all([site.peer('any-device', { name: 'Hof' }), site.peer('any-device', { name: 'Hof' })]);
    expect(both.map(({ id }) => id).toSorted()).toEqual(['hof', 'hof-2']);
    expect(both.map(({ closeCode }) => closeCode)).toEqual([undefined, undefined]);
  });

  it('lets nobody do anything before it', async () => {
    const peer = await site.peer(null);
    for (const [method, params] of Object.entries({
      connect: { peer: 'yard' },
      invite: { session: 's', offer: 'o' },
      extend: { session: 's' },
    })) {
      await expect(peer.request(method, params)).rejects.toThrow('401');
    }
    await expect(peer.request('unregister')).rejects.toThrow('404');
  });

  it('happens once', async () => {
    const peer = await site.peer('viewer');
    await expect(peer.request('register', { authorization: 'viewer' })).rejects.toThrow('400');
  });

  it('ends with unregister, after which the device is absent and may come back', async () => {
    const device = await site.peer('yard-device');
    await expect(device.request('unregister')).resolves.toBeNull();
    const client = await site.peer('viewer');
    await expect(client.request('connect', { peer: 'yard' })).rejects.toThrow('480');
    await expect(device.request('unregister')).rejects.toThrow('404');
    await expect(device.request('register')).resolves.toEqual({ id: 'yard' });
  });

  it('has a time limit', async () => {
    const strict = await new Site({ limits: { registerTimeoutMs: 20 } }).listen();
    const silent = await strict.peer(null);
    await expect(silent.closed()).resolves.toBe(1008);
    await strict.close();
  });
});

describe('what comes right behind register', () => {
  /** Tokens that are judged when the test says so, as by an issuer whose keys are fetched first. */
  class SlowTokens {
    readonly judged = Promise.withResolvers<void>();

    async verify(token: string | undefined): Promise<Grant | undefined> {
      if (token === 'yard') return { role: 'device', peer: 'yard' };
      await this.judged.promise;
      return token === 'viewer' ? { role: 'client' } : undefined;
    }
  }

  it.each([
    ['is judged after it, in its order', 'viewer', [undefined, 480, -32601]],
    ['is refused as it is', 'wrong', [401, 401, 401]],
  ])('%s', async (_what, authorization, codes) => {
    const tokens = new SlowTokens();
    const site = await new Site({ tokens }).listen();
    const peer = await site.peer(null);
    peer.send({ jsonrpc: '2.0', id: 1, method: 'register', params: { authorization } });
    peer.send({ jsonrpc: '2.0', id: 2, method: 'connect', params: { peer: 'nowhere', authorization } });
    peer.send({ jsonrpc: '2.0', id: 3, method: 'extend', params: { session: 's' } });
    peer.send({ jsonrpc: '2.0', id: 4, method: 'no-such-method' });
    await peer.frame(({ id }) => id === 4);
    expect(peer.frames).toHaveLength(1);
    tokens.judged.resolve();
    await vi.waitFor(() => expect(peer.frames).toHaveLength(4));
    const codeOf = (wanted: number): number | undefined =>
      (peer.frames.find(({ id }) => id === wanted)?.['error'] as { code: number } | undefined)?.code;
    expect([1, 2, 3].map(codeOf)).toEqual(codes);
    expect(peer.frames[1]).toMatchObject({ id: 1 });
    await site.close();
  });
});

describe('what a token allows', () => {
  let site: Site;

  beforeEach(async () => {
    site = await new Site().listen();
  });

  afterEach(() => site.close());

  it('is 403 for a camera that it is not for, whether the camera is there or not', async () => {
    await site.peer('yard-device');
    const client = await site.peer('front-only');
    await expect(client.request('connect', { peer: 'yard' })).rejects.toThrow('403');
    await expect(client.request('connect', { peer: 'nowhere' })).rejects.toThrow('403');
    await expect(client.request('connect', { peer: 'front-door' })).rejects.toThrow('480');
  });

  it('follows the token given with connect', async () => {
    await site.peer('yard-device');
    const client = await site.peer('viewer');
    await expect(client.request('connect', { peer: 'yard', authorization: 'front-only' })).rejects.toThrow('403');
    await expect(client.request('connect', { peer: 'yard', authorization: 'wrong' })).rejects.toThrow('401');
    await expect(client.request('connect', { peer: 'yard', authorization: 'yard-device' })).rejects.toThrow('401');
  });

  it('keeps the roles apart: a device cannot connect, a client cannot invite or be connected to', async () => {
    const device = await site.peer('yard-device');
    const client = await site.peer('viewer');
    await expect(device.request('connect', { peer: 'front-door' })).rejects.toThrow('403');
    await expect(client.request('invite', { session: 's', offer: 'o' })).rejects.toThrow('403');
    await expect(client.request('connect', { peer: client.id })).rejects.toThrow('480');
  });

  it('does not let one client touch the session of another', async () => {
    const device = await site.peer('yard-device');
    const [owner, stranger] = [await site.peer('viewer'), await site.peer('viewer')];
    const opening = owner.request('connect', { peer: 'yard' });
    device.respond((await device.call('connect'))['id'], {});
    const { session } = (await opening) as { session: string };
    stranger.notify('trickle', { session, candidate: { candidate: 'candidate:evil' } });
    stranger.send({ jsonrpc: '2.0', error: { code: 410, message: 'bye', session } });
    await vi.waitFor(() => expect(site.server.stats.droppedMessages).toBe(2));
    owner.notify('trickle', { session, candidate: { candidate: 'candidate:good' } });
    const trickle = await device.call('trickle');
    expect(trickle.params['candidate']).toEqual({ candidate: 'candidate:good' });
    expect(site.server.stats.sessions).toBe(1);
  });
});

describe('a server that is open to clients without a token', () => {
  const open = new StaticTokens({ openToClients: true, devices: [{ token: 'yard-device', peer: 'yard' }] });

  async function registerFrom(headers: Record<string, string>): Promise<string> {
    const site = await new Site({ tokens: open }).listen();
    try {
      const socket = new WebSocket(site.url, ['webrtc.onvif.org'], {
        headers: {
          ...headers,
          ...(headers['origin'] === 'own' ? { origin: site.url.replace('ws', 'http').replace('/signaling', '') } : {}),
        },
      });
      await new Promise((resolve) => socket.once('open', resolve));
      const answer = new Promise<string>((resolve) => socket.once('message', (data: Buffer) => resolve(data.toString())));
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'register', params: {} }));
      return await answer;
    } finally {
      await site.close();
    }
  }

  it('takes programs and its own page', async () => {
    await expect(registerFrom({})).resolves.toContain('"result":{"id":"client-');
    await expect(registerFrom({ origin: 'own' })).resolves.toContain('"result":{"id":"client-');
  });

  it('refuses pages from elsewhere, also under a name that was made to point here', async () => {
    await expect(registerFrom({ origin: 'https://evil.example.com' })).resolves.toContain('"code":401');
    await expect(registerFrom({ origin: 'http://evil.example.com:8080', host: 'evil.example.com:8080' })).resolves.toContain(
      '"code":401',
    );
    await expect(registerFrom({ origin: 'null' })).resolves.toContain('"code":401');
  });
});

describe('the bounds of the server', () => {
  it('refuse connections beyond the limit with HTTP 503', async () => {
    const site = await new Site({ limits: { connections: 1 } }).listen();
    await site.peer('viewer');
    const { statusCode } = await new Promise<IncomingMessage>((resolve) => {
      const headers = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-protocol': 'webrtc.onvif.org' };
      get({ port: site.port, host: '127.0.0.1', path: '/signaling', headers }, (response) => resolve(response.resume()));
    });
    expect(statusCode).toBe(503);
    await site.close();
  });

  it('refuse sessions beyond the limit with 1001, and forget the oldest connected one of a client', async () => {
    const site = await new Site({ limits: { sessionsPerClient: 2, sessions: 3 } }).listen();
    const device = await site.peer('yard-device');
    device.socket.on('message', (data: Buffer) => {
      const { id, method } = JSON.parse(data.toString()) as { id: number; method: string };
      if (method === 'connect') device.respond(id, {});
    });
    const client = await site.peer('viewer');
    const connect = async (): Promise<string> =>
      ((await client.request('connect', { peer: 'yard' })) as { session: string }).session;
    const first = await connect();
    await connect();
    await expect(connect()).rejects.toThrow('1001');
    const inviting = device.request('invite', { session: first, offer: 'offer' });
    client.respond((await client.call('invite'))['id'], { answer: 'answer' });
    await inviting;
    await connect();
    expect(site.server.stats.sessions).toBe(2);
    const other = await site.peer('viewer');
    await other.request('connect', { peer: 'yard' });
    await expect(other.request('connect', { peer: 'yard' })).rejects.toThrow('1001');
    await site.close();
  });

  it('cut off who sends too many frames', async () => {
    const site = await new Site({ limits: { framesPerSecond: 10 } }).listen();
    const client = await site.peer('viewer');
    for (let index = 0; index < 50; index += 1) client.notify('trickle', { session: 's', candidate: {} });
    await expect(client.closed()).resolves.toBe(1008);
    await site.close();
  });
});
