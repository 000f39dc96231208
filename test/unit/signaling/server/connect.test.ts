import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { IceServer } from '../../../../src/base/ice.ts';
import type { Grant } from '../../../../src/access/grant.ts';
import { type RawPeer, Site } from '../fixture.ts';

/* What connect and extend ask for and give (sections 5.2.4 and 5.2.7), with devices and clients that are bare sockets. */

let site: Site;

afterEach(() => site.close());

interface Opened {
  session: string;
  iceServers: IceServer[];
  capabilities: string[];
}

/** Connects to `yard`; gives what the client and what the device got. */
async function connect(client: RawPeer, device: RawPeer, answer: object = {}): Promise<{ opened: Opened; asked: Opened }> {
  const known = device.frames.length;
  const opening = client.request('connect', { peer: 'yard' });
  const asked = await device.frame((frame) => frame['method'] === 'connect' && device.frames.indexOf(frame) >= known);
  device.respond(asked['id'], answer);
  return { opened: (await opening) as Opened, asked: asked['params'] as Opened };
}

describe('the token of connect', () => {
  it('is needed, also by a client that showed one at register', async () => {
    site = await new Site().listen();
    await site.peer('yard-device');
    const client = await site.peer('viewer');
    client.authorization = undefined;
    await expect(client.request('connect', { peer: 'yard' })).rejects.toThrow('401');
    await expect(client.request('connect', { peer: 'yard', authorization: '' })).rejects.toThrow('401');
    await expect(client.request('connect', { peer: 'yard', authorization: ['viewer'] })).rejects.toThrow('401');
  });

  it('that ended while the client was registered extends nothing; a new one does', async () => {
    let ended = false;
    const grants: Record<string, () => Grant | undefined> = {
      'yard-device': () => ({ role: 'device', peer: 'yard' }),
      old: () => (ended ? undefined : { role: 'client', expiresAt: Date.now() + 50 }),
      new: () => ({ role: 'client', expiresAt: Date.now() + 60_000 }),
    };
    site = await new Site({ expiryTimeSeconds: 60, tokens: { verify: (token) => grants[token ?? '']?.() } }).listen();
    const device = await site.peer('yard-device');
    const client = await site.peer('old');
    const { opened } = await connect(client, device);
    const { session } = opened;
    device.socket.on('message', (data: Buffer) => {
      const { id, method } = JSON.parse(data.toString()) as { id: number; method: string };
      if (method === 'extend') device.respond(id, { expiryTimeSeconds: 60 });
    });
    ended = true;
    await vi.waitFor(() => expect(client.request('extend', { session })).rejects.toThrow('401'));
    await expect(client.request('extend', { session, authorization: 'old' })).rejects.toThrow('401');
    await expect(client.request('connect', { peer: 'yard' })).rejects.toThrow('401');
    await expect(client.request('extend', { session, authorization: 'new' })).resolves.toEqual({ expiryTimeSeconds: 60 });
  });
});

describe('the token of extend', () => {
  it.each([[undefined], [null], ['']])('may be left out, since that of register is there: %j', async (authorization) => {
    site = await new Site({ expiryTimeSeconds: 60 }).listen();
    const [device, client] = [await site.peer('yard-device'), await site.peer('viewer')];
    const { session } = (await connect(client, device)).opened;
    const extending = client.request('extend', { session, authorization });
    const asked = await device.call('extend');
    expect(asked.params).toEqual({ session, expiryTimeSeconds: 60 });
    device.respond(asked['id'], { expiryTimeSeconds: 30 });
    await expect(extending).resolves.toEqual({ expiryTimeSeconds: 30 });
  });
});

describe('the ICE servers of a session', () => {
  it('are told to both sides, those with a secret with credentials of the session’s own that last as long as it does', async () => {
    site = await new Site({
      expiryTimeSeconds: 600,
      iceServers: [{ urls: ['stun:stun.example'] }, { urls: ['turn:turn.example', 'turns:turn.example'], secret: 'north' }],
    }).listen();
    const [device, client] = [await site.peer('yard-device'), await site.peer('viewer')];
    const before = Math.floor(Date.now() / 1000);
    const { opened, asked } = await connect(client, device);
    expect(asked.iceServers).toEqual(opened.iceServers);
    expect(opened.iceServers[0]).toEqual({ urls: ['stun:stun.example'] });
    const [, turn] = opened.iceServers;
    expect(turn?.urls).toEqual(['turn:turn.example', 'turns:turn.example']);
    const [end, id] = turn?.username?.split(':') ?? [];
    expect(id).toBe(opened.session);
    expect(Number(end) - before).toBeGreaterThanOrEqual(600);
    expect(Number(end) - before).toBeLessThan(700);
    expect(turn?.credential).toBe(
      createHmac('sha1', 'north')
        .update(turn?.username ?? '')
        .digest('base64'),
    );
    const second = await connect(client, device);
    expect(second.opened.iceServers[1]?.credential).not.toBe(turn?.credential);
    expect(JSON.stringify([...client.frames, ...device.frames])).not.toContain('north');
  });
});

describe('the capabilities of a session', () => {
  it('are those that the device registered where its answer names none', async () => {
    site = await new Site().listen();
    const device = await site.peer('yard-device', { capabilities: ['extend', 'x'.repeat(65), 5] });
    const client = await site.peer('viewer');
    expect((await connect(client, device)).opened.capabilities).toEqual(['extend']);
  });

  it('are those of its answer where it names them', async () => {
    site = await new Site().listen();
    const device = await site.peer('yard-device', { capabilities: ['extend'] });
    const client = await site.peer('viewer');
    expect((await connect(client, device, { capabilities: ['subProtocols'] })).opened.capabilities).toEqual(['subProtocols']);
    expect((await connect(client, device, { capabilities: 'all' })).opened.capabilities).toEqual(['extend']);
  });
});

describe('an invite', () => {
  it('without an offer, or of a session that is not the device’s, is 400', async () => {
    site = await new Site().listen();
    const [device, other, client] = [
      await site.peer('yard-device'),
      await site.peer('front-door-device'),
      await site.peer('viewer'),
    ];
    const { session } = (await connect(client, device)).opened;
    for (const params of [
      { session },
      { session, offer: '' },
      { session, offer: 5 },
      { offer: 'offer' },
      { session: 'x', offer: 'offer' },
    ])
      await expect(device.request('invite', params)).rejects.toThrow('400');
    await expect(other.request('invite', { session, offer: 'offer' })).rejects.toThrow('400');
    expect(client.frames.filter(({ method }) => method === 'invite')).toEqual([]);
  });
});

describe('what happens at the same time', () => {
  it('brings what a client sends after it refused a second offer to the device, which goes on by the first', async () => {
    site = await new Site().listen();
    const [device, client] = [await site.peer('yard-device'), await site.peer('viewer')];
    const { session } = (await connect(client, device)).opened;
    const first = device.request('invite', { session, offer: 'first' });
    client.respond((await client.call('invite'))['id'], { answer: 'answer' });
    await first;
    const second = device.request('invite', { session, offer: 'second' });
    const { id } = await client.frame(({ params }) => (params as { offer?: string } | undefined)?.offer === 'second');
    client.send({ jsonrpc: '2.0', id, error: { code: 400, message: 'No such codec' } });
    client.notify('trickle', { session, candidate: { candidate: 'candidate:late' } });
    await expect(second).rejects.toThrow('400 No such codec');
    expect((await device.call('trickle')).params).toEqual({ session, candidate: { candidate: 'candidate:late' } });
  });

  it('does not open a session for a client that unregistered meanwhile', async () => {
    site = await new Site().listen();
    const [device, client] = [await site.peer('yard-device'), await site.peer('viewer')];
    const opening = client.request('connect', { peer: 'yard' });
    const asked = await device.call('connect');
    await client.request('unregister');
    device.respond(asked['id'], {});
    await expect(opening).rejects.toThrow('410');
    await expect(device.frame((frame) => frame['error'] !== undefined)).resolves.toMatchObject({ error: { code: 1002 } });
    expect(site.server.stats.sessions).toBe(0);
  });

  it('does not open one either while its token is still looked at', async () => {
    const looked = Promise.withResolvers<Grant>();
    const grants: Record<string, Grant | Promise<Grant>> = {
      'yard-device': { role: 'device', peer: 'yard' },
      viewer: { role: 'client' },
      slow: looked.promise,
    };
    site = await new Site({ tokens: { verify: (token) => grants[token ?? ''] } }).listen();
    const [device, client] = [await site.peer('yard-device'), await site.peer('viewer')];
    const opening = client.request('connect', { peer: 'yard', authorization: 'slow' });
    await client.request('unregister');
    looked.resolve({ role: 'client' });
    await expect(opening).rejects.toThrow('401 Register first');
    expect(device.frames).toHaveLength(1);
  });

  it('brings a client’s answer to the device before the candidates that were sent after it', async () => {
    site = await new Site().listen();
    const [device, client] = [await site.peer('yard-device'), await site.peer('viewer')];
    const { session } = (await connect(client, device)).opened;
    const inviting = device.request('invite', { session, offer: 'offer' });
    const { id } = await client.call('invite');
    const known = device.frames.length;
    client.respond(id, { answer: 'answer', more: { kept: true } });
    client.notify('trickle', { session, candidate: { candidate: 'candidate:1', more: 1 }, more: null });
    await expect(inviting).resolves.toEqual({ answer: 'answer', more: { kept: true } });
    await device.call('trickle');
    expect(device.frames.slice(known)).toEqual([
      expect.objectContaining({ result: { answer: 'answer', more: { kept: true } } }),
      { jsonrpc: '2.0', method: 'trickle', params: { session, candidate: { candidate: 'candidate:1', more: 1 }, more: null } },
    ]);
  });
});

describe('the end of a session', () => {
  it('is told to sides that did not see to it themselves, and a session that is over cannot be extended', async () => {
    site = await new Site({ expiryTimeSeconds: 0, limits: { expiryGraceMs: 200 } }).listen();
    const [device, client] = [await site.peer('yard-device'), await site.peer('viewer')];
    const { opened } = await connect(client, device);
    const { session } = opened;
    await expect(client.request('extend', { session })).rejects.toThrow('400');
    for (const side of [device, client]) {
      const notice = await side.frame((frame) => frame['error'] !== undefined && frame['id'] === undefined);
      expect(notice).toEqual({ jsonrpc: '2.0', error: { code: 410, message: expect.any(String) as string, session } });
    }
    expect(site.server.stats.sessions).toBe(0);
  });
});
