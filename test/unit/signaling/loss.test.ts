import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DeviceSignalingState, SignalingDevice } from '../../../src/signaling/device/device.ts';
import { FakeHost, Site, registered } from './fixture.ts';

describe('when a side is lost', () => {
  let site: Site;
  let host: FakeHost;
  let device: SignalingDevice;
  let states: DeviceSignalingState[];

  beforeEach(async () => {
    site = await new Site({ limits: { inviteTimeoutMs: 30 } }).listen();
    host = new FakeHost();
    states = [];
    device = site.device({ host, onState: (state) => states.push(state) });
    await registered(device);
  });

  afterEach(() => site.close());

  it('a session that is not connected ends when its client goes; the device is told 1002', async () => {
    const client = await site.peer('viewer');
    await client.request('connect', { peer: 'front-door' });
    const session = await host.first();
    client.socket.close();
    await vi.waitFor(() => expect(session.closedWith).toHaveLength(1));
    expect(session.closedWith[0]?.message).toContain('1002');
    expect(site.server.stats).toMatchObject({ sessions: 0, clients: 0 });
  });

  it('a live session survives its client’s leaving the server', async () => {
    const [leaving, marker] = [await site.peer('viewer'), await site.peer('viewer')];
    await leaving.request('connect', { peer: 'front-door' });
    const live = await host.first();
    live.live = true;
    await marker.request('connect', { peer: 'front-door' });
    leaving.socket.terminate();
    await vi.waitFor(() => expect(site.server.stats.sessions).toBe(1));
    // The marker's 1002 comes after the other on the same socket.
    marker.socket.terminate();
    await vi.waitFor(() => expect(host.sessions[1]?.closedWith).toHaveLength(1));
    expect(live.closedWith).toEqual([]);
  });

  it('the client is told 1002 when the device goes', async () => {
    const raw = await site.peer('yard-device');
    const client = await site.peer('viewer');
    const opening = client.request('connect', { peer: 'yard' });
    raw.respond((await raw.call('connect'))['id'], {});
    const { session } = (await opening) as { session: string };
    raw.socket.terminate();
    const notice = await client.frame((frame) => frame['error'] !== undefined);
    expect(notice).toMatchObject({ error: { code: 1002, session } });
  });

  it('a device that goes while it is asked is 480, and the client hears of no session that it never had', async () => {
    const raw = await site.peer('yard-device');
    const client = await site.peer('viewer');
    const opening = client.request('connect', { peer: 'yard' });
    await raw.call('connect');
    raw.socket.terminate();
    await expect(opening).rejects.toThrow('480');
    expect(client.frames.filter((frame) => frame['error'] !== undefined && frame['id'] === undefined)).toEqual([]);
  });

  it('a device that does not answer connect is 480', async () => {
    const slow = await new Site({ limits: { connectTimeoutMs: 20 } }).listen();
    await slow.peer('yard-device');
    const client = await slow.peer('viewer');
    await expect(client.request('connect', { peer: 'yard' })).rejects.toThrow('480');
    await slow.close();
  });

  it('invite is 408 when the client does not answer, 410 when it goes', async () => {
    host.onOpen = (session) => void session.invite('offer');
    const client = await site.peer('viewer');
    await client.request('connect', { peer: 'front-door' });
    const session = await host.first();
    await vi.waitFor(() => expect(session.failure).toMatchObject({ code: 408 }));

    const patient = await new Site().listen();
    const patientHost = new FakeHost();
    patientHost.onOpen = (opened) => void opened.invite('offer');
    const other = patient.device({ host: patientHost });
    await registered(other);
    const going = await patient.peer('viewer');
    await going.request('connect', { peer: 'front-door' });
    await going.call('invite');
    going.socket.terminate();
    const abandoned = await patientHost.first();
    await vi.waitFor(() => expect(abandoned.failure).toMatchObject({ code: 410 }));
    await patient.close();
  });

  it('the device registers again after a restart of the server, with its live sessions kept and reachable', async () => {
    const client = await site.peer('viewer');
    await client.request('connect', { peer: 'front-door' });
    await client.request('connect', { peer: 'front-door' });
    const [live, pending] = host.sessions;
    if (live === undefined || pending === undefined) throw new Error('no sessions');
    live.live = true;
    await site.restart();
    await vi.waitFor(() => expect(pending.closedWith).toHaveLength(1));
    await registered(device);
    await vi.waitFor(() => expect(states.map(({ state }) => state)).toContain('connecting'));
    expect(states.find(({ state }) => state === 'connecting')?.reason?.code).toBe('signaling.lost');
    expect(device.state).toEqual({ state: 'registered', peer: 'front-door', reason: null });
    expect(live.closedWith).toEqual([]);

    const again = await site.peer('viewer');
    await again.request('connect', { peer: 'front-door' });
    expect(host.sessions).toHaveLength(3);
  });

  it('a host that ends a session is done with it: what comes later for it is not passed on', async () => {
    const client = await site.peer('viewer');
    const { session: id } = (await client.request('connect', { peer: 'front-door' })) as { session: string };
    const session = await host.first();
    session.toPeer.error(1001, 'The camera rebooted');
    session.toPeer.closed();
    await expect(client.frame((frame) => frame['error'] !== undefined)).resolves.toMatchObject({
      error: { code: 1001, message: 'The camera rebooted', session: id },
    });
    client.notify('trickle', { session: id, candidate: { candidate: 'candidate:late' } });
    await client.request('connect', { peer: 'front-door' });
    expect(session.candidates).toEqual([]);
    client.socket.terminate();
    await vi.waitFor(() => expect(host.sessions[1]?.closedWith).toHaveLength(1));
    expect(session.closedWith).toEqual([]);
  });

  it('closing the device tells the viewers, unregisters, and may be done twice', async () => {
    const client = await site.peer('viewer');
    await client.request('connect', { peer: 'front-door' });
    const session = await host.first();
    session.live = true;
    await Promise.all([device.close(), device.close()]);
    expect(session.closedWith).toHaveLength(1);
    await expect(client.frame((frame) => frame['error'] !== undefined)).resolves.toMatchObject({ error: { code: 410 } });
    await vi.waitFor(() => expect(site.server.stats.devices).toBe(0));
    await expect(client.request('connect', { peer: 'front-door' })).rejects.toThrow('480');
  });
});

describe('half-open connections', () => {
  it('are found by the server and cut', async () => {
    const site = await new Site({ pingIntervalMs: 10 }).listen();
    const peer = await site.peer('yard-device');
    expect(site.server.stats.devices).toBe(1);
    // Nothing is read any more, so no ping is answered.
    peer.socket.pause();
    await vi.waitFor(() => expect(site.server.stats).toMatchObject({ connections: 0, devices: 0 }));
    await site.close();
  });
});
