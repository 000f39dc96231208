import { afterEach, describe, expect, it, vi } from 'vitest';
import { FakeHost, type FakeSession, type RawPeer, Site, registered } from './fixture.ts';

describe('sessions with an end', () => {
  let site: Site;

  afterEach(() => site.close());

  async function open(expiryTimeSeconds: number): Promise<{ client: RawPeer; session: FakeSession; id: string }> {
    site = await new Site({ expiryTimeSeconds }).listen();
    const host = new FakeHost();
    const device = site.device({ host });
    await registered(device);
    const client = await site.peer('viewer');
    const opened = (await client.request('connect', { peer: 'front-door' })) as { session: string };
    expect(opened).toMatchObject({ expiryTimeSeconds });
    return { client, session: await host.first(), id: opened.session };
  }

  it('are closed by the device when their time is over, live or not, and the client is told', async () => {
    const { client, session, id } = await open(0.05);
    session.live = true;
    await vi.waitFor(() => expect(session.closedWith).toMatchObject([{ code: 'signaling.expired' }]));
    await vi.waitFor(() => expect(site.server.stats.sessions).toBe(0));
    await expect(client.request('extend', { session: id })).rejects.toThrow('400');
  });

  it('get the full time again when the client extends them, and the device is told', async () => {
    const { client, session, id } = await open(60);
    await expect(client.request('extend', { session: id, authorization: 'viewer' })).resolves.toEqual({ expiryTimeSeconds: 60 });
    expect(session.closedWith).toEqual([]);
  });

  it('are extended only by a token that is good for the camera', async () => {
    const { client, id } = await open(60);
    await expect(client.request('extend', { session: id, authorization: 'wrong' })).rejects.toThrow('401');
    await expect(client.request('extend', { session: 'other' })).rejects.toThrow('400');
    const yard = await site.peer('yard-device');
    const opening = client.request('connect', { peer: 'yard' });
    yard.respond((await yard.call('connect'))['id'], {});
    const { session } = (await opening) as { session: string };
    await expect(client.request('extend', { session, authorization: 'front-only' })).rejects.toThrow('403');
  });

  it('tell their rest to a device that asks, as edition 25.12 has it, and extend at one that knows no extend', async () => {
    const { client } = await open(60);
    const yard = await site.peer('yard-device');
    const opening = client.request('connect', { peer: 'yard' });
    yard.respond((await yard.call('connect'))['id'], {});
    const { session } = (await opening) as { session: string };
    await expect(yard.request('extend', { session })).resolves.toEqual({
      expiryTimeSeconds: expect.toSatisfy((rest: number) => rest >= 58 && rest <= 60) as number,
    });
    const extending = client.request('extend', { session });
    const asked = await yard.call('extend');
    expect(asked.params).toEqual({ session, expiryTimeSeconds: 60 });
    yard.send({ jsonrpc: '2.0', id: asked['id'], error: { code: -32601, message: 'Method not found' } });
    await expect(extending).resolves.toEqual({ expiryTimeSeconds: 60 });
  });

  it('do not exist where the server sets no time', async () => {
    site = await new Site().listen();
    const yard = await site.peer('yard-device');
    const client = await site.peer('viewer');
    const opening = client.request('connect', { peer: 'yard' });
    yard.respond((await yard.call('connect'))['id'], {});
    const opened = (await opening) as { session: string };
    expect(opened).not.toHaveProperty('expiryTimeSeconds');
    await expect(client.request('extend', { session: opened.session })).rejects.toThrow('-32601');
    await expect(yard.request('extend', { session: opened.session })).rejects.toThrow('-32601');
  });
});
