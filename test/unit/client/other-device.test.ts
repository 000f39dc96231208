import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OnvifSession, SignalingError } from '../../../src/client/index.ts';
import type { RawPeer, Site } from '../signaling/fixture.ts';
import { Bench } from './fixture.ts';

const bench = new Bench();

afterEach(() => bench.close());

describe('the client at a device of another vendor', () => {
  let site: Site;
  let device: RawPeer;

  beforeEach(async () => {
    site = await bench.listen();
    device = await site.peer('yard-device');
  });

  async function begin(): Promise<{ session: OnvifSession; id: unknown }> {
    const session = bench.open({ peer: 'yard' });
    const asked = await device.call('connect');
    device.respond(asked['id'], {});
    return { session, id: asked.params['session'] };
  }

  it('ends on 1002 before it is live, not after, and on other errors always; a malformed candidate harms nothing', async () => {
    const { session, id } = await begin();
    device.send({ jsonrpc: '2.0', id: 5, method: 'invite', params: { session: id, offer: 'offer' } });
    const connection = await bench.connections.first();
    device.send({ jsonrpc: '2.0', error: { code: 1003, message: 'Malformed candidate', session: id } });
    await device.frame((frame) => frame['id'] === 5);
    connection.become('connected');
    device.socket.terminate();
    await vi.waitFor(() => expect(site.server.stats.devices).toBe(0));
    expect(session.state).toBe('live');
  });

  it('goes on, and so does the server, when somebody else is talking (486): it is told as a notice', async () => {
    const { session, id } = await begin();
    const notices: SignalingError[] = [];
    session.on('notice', (error) => notices.push(error));
    device.send({ jsonrpc: '2.0', id: 5, method: 'invite', params: { session: id, offer: 'offer' } });
    const connection = await bench.connections.first();
    connection.become('connected');
    device.send({ jsonrpc: '2.0', error: { code: 486, message: 'Busy', session: id } });
    await vi.waitFor(() => expect(notices).toHaveLength(1), { timeout: 20_000 });
    expect(notices[0]).toMatchObject({ code: 486, message: 'Somebody else is talking to the camera.', detail: 'Busy' });
    expect(session.state).toBe('live');
    expect(site.server.stats.sessions).toBe(1);
  });

  it('ends on 1002 before it is live', async () => {
    const { session } = await begin();
    await vi.waitFor(() => expect(site.server.stats.sessions).toBe(1));
    device.socket.terminate();
    await expect(bench.ended(session)).resolves.toMatchObject({
      code: expect.toSatisfy((code: number) => code === 1002 || code === 480) as number,
    });
  });

  it('ends on an error that names no session, as in the specification’s example', async () => {
    const { session, id } = await begin();
    device.send({ jsonrpc: '2.0', id: 5, method: 'invite', params: { session: id, offer: 'offer' } });
    await device.frame((frame) => frame['id'] === 5);
    device.send({ error: { code: 1001, message: 'Insufficient resources' } });
    await expect(bench.ended(session)).resolves.toMatchObject({ code: 1001, detail: 'Insufficient resources' });
  });

  it('refuses a second offer that it cannot use, and goes on as it was', async () => {
    const { session, id } = await begin();
    device.send({ jsonrpc: '2.0', id: 1, method: 'invite', params: { session: id, offer: 'offer 1' } });
    const connection = await bench.connections.first();
    await device.frame((frame) => frame['id'] === 1 && frame['result'] !== undefined);
    connection.become('connected');
    connection.refusal = new Error('Failed to parse SessionDescription');
    device.send({ jsonrpc: '2.0', id: 2, method: 'invite', params: { session: id, offer: 'offer 2' } });
    await expect(device.frame((frame) => frame['id'] === 2)).resolves.toMatchObject({ error: { code: 400 } });
    // What comes after the refusal is still taken.
    connection.refusal = undefined;
    device.send({ jsonrpc: '2.0', id: 3, method: 'invite', params: { session: id, offer: 'offer 3' } });
    await expect(device.frame((frame) => frame['id'] === 3)).resolves.toMatchObject({
      result: { answer: expect.any(String) as string },
    });
    expect(session.state).toBe('live');
  });

  it('answers a second offer on the same connection', async () => {
    const { id } = await begin();
    for (const offer of [1, 2]) {
      device.send({ jsonrpc: '2.0', id: offer, method: 'invite', params: { session: id, offer: `offer ${offer}` } });
      await device.frame((frame) => frame['id'] === offer && frame['result'] !== undefined);
    }
    expect(bench.connections.made.map(({ calls }) => calls)).toEqual([
      ['remote offer offer 1', 'local answer', 'remote offer offer 2', 'local answer'],
    ]);
  });
});

describe('a session with an end', () => {
  it('is extended in time, with a fresh token each time', async () => {
    const site = await bench.listen({ expiryTimeSeconds: 1 });
    const device = await site.peer('yard-device');
    let asked = 0;
    const session = bench.open({ peer: 'yard', token: () => ((asked += 1), 'viewer') });
    const connecting = await device.call('connect');
    expect(connecting.params['expiryTimeSeconds']).toBe(1);
    device.respond(connecting['id'], {});
    const extend = await device.call('extend');
    expect(extend.params).toEqual({ session: connecting.params['session'], expiryTimeSeconds: 1 });
    device.respond(extend['id'], { expiryTimeSeconds: 1 });
    await vi.waitFor(() => expect(device.frames.filter(({ method }) => method === 'extend')).toHaveLength(2), { timeout: 3000 });
    expect(session.state).toBe('connecting');
    expect(asked).toBe(3);
  });

  it('ends when the server does not extend it', async () => {
    const site = await bench.listen({ expiryTimeSeconds: 0.3 });
    const device = await site.peer('yard-device');
    const session = bench.open({ peer: 'yard' });
    const connecting = await device.call('connect');
    device.respond(connecting['id'], {});
    device.socket.on('message', (data: Buffer) => {
      const { id, method } = JSON.parse(data.toString()) as { id: number; method: string };
      if (method === 'extend') device.send({ jsonrpc: '2.0', id, error: { code: 403, message: 'No longer' } });
    });
    await expect(bench.ended(session)).resolves.toMatchObject({ code: 410, message: 'The time of the session is over.' });
  });
});
