import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Message, type RawPeer, Site } from '../fixture.ts';

/* A device whose connection is lost, with sessions that are set up and others that are not yet. */

const isError = (frame: Message): boolean => frame['error'] !== undefined && frame['id'] === undefined;

describe('a device that comes back', () => {
  let site: Site;
  let device: RawPeer;
  let client: RawPeer;
  let session: string;

  async function connect(): Promise<string> {
    const opening = client.request('connect', { peer: 'yard' });
    const asked = await device.frame(({ id, method }) => method === 'connect' && !answered.has(id));
    answered.add(asked['id']);
    device.respond(asked['id'], {});
    return ((await opening) as { session: string }).session;
  }
  let answered: Set<unknown>;

  async function setUp(): Promise<void> {
    session = await connect();
    const inviting = device.request('invite', { session, offer: 'offer' });
    client.respond((await client.call('invite'))['id'], { answer: 'answer' });
    await inviting;
  }

  beforeEach(async () => {
    answered = new Set();
    site = await new Site({ expiryTimeSeconds: 60 }).listen();
    device = await site.peer('yard-device');
    client = await site.peer('viewer');
    await setUp();
  });

  afterEach(() => site.close());

  it('has its sessions again that were set up; the client is told 1002 of the loss', async () => {
    device.socket.terminate();
    await expect(client.frame(isError)).resolves.toMatchObject({ error: { code: 1002, session } });
    expect(site.server.stats.sessions).toBe(1);

    device = await site.peer('yard-device');
    client.notify('trickle', { session, candidate: { candidate: 'candidate:1' } });
    expect((await device.call('trickle')).params).toEqual({ session, candidate: { candidate: 'candidate:1' } });
    const extending = client.request('extend', { session });
    device.respond((await device.call('extend'))['id'], { expiryTimeSeconds: 60 });
    await expect(extending).resolves.toEqual({ expiryTimeSeconds: 60 });
    device.send({ jsonrpc: '2.0', error: { code: 1001, message: 'No more', session } });
    await client.frame((frame) => isError(frame) && (frame['error'] as Message)['code'] === 1001);
    await vi.waitFor(() => expect(site.server.stats.sessions).toBe(0));
  });

  it('has them again also when its old connection is half open', async () => {
    device.socket.pause();
    device = await site.peer('yard-device');
    client.notify('trickle', { session, candidate: { candidate: 'candidate:1' } });
    expect((await device.call('trickle')).params['session']).toBe(session);
  });

  it('has none that were not set up yet', async () => {
    const unanswered = await connect();
    device.socket.terminate();
    await vi.waitFor(() => expect(site.server.stats.sessions).toBe(1));
    device = await site.peer('yard-device');
    await expect(device.request('invite', { session: unanswered, offer: 'offer' })).rejects.toThrow('400');
  });

  it('has none after it unregistered', async () => {
    await device.request('unregister');
    await client.frame(isError);
    expect(site.server.stats.sessions).toBe(0);
    await device.request('register');
    client.notify('trickle', { session, candidate: {} });
    await vi.waitFor(() => expect(site.server.stats.droppedMessages).toBe(1));
  });

  it('is not there meanwhile: extend is 480, and candidates are dropped', async () => {
    device.socket.terminate();
    await client.frame(isError);
    await expect(client.request('extend', { session })).rejects.toThrow('480');
    client.notify('trickle', { session, candidate: {} });
    await vi.waitFor(() => expect(site.server.stats.droppedMessages).toBe(1));
  });

  it('gets no session of another device', async () => {
    device.socket.terminate();
    await client.frame(isError);
    const other = await site.peer('front-door-device');
    client.notify('trickle', { session, candidate: {} });
    await vi.waitFor(() => expect(site.server.stats.droppedMessages).toBe(1));
    await expect(other.request('invite', { session, offer: 'offer' })).rejects.toThrow('400');
  });
});
