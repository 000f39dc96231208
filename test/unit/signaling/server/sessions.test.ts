import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SignalingError } from '../../../../src/base/signaling.ts';
import { FakeHost, Site, registered } from '../fixture.ts';

const ICE_SERVERS = [{ urls: ['turn:turn.example.com'], username: 'u', credential: 'c' }];

/** A candidate that can be told by its foundation. */
const line = (foundation: string): string => `candidate:${foundation} 1 udp 1 10.0.0.1 9 typ host`;

describe('a session between a client and our device through our server', () => {
  let site: Site;
  let host: FakeHost;

  beforeEach(async () => {
    site = await new Site({ iceServers: ICE_SERVERS }).listen();
    host = new FakeHost();
    const device = site.device({ host });
    await registered(device);
  });

  afterEach(() => site.close());

  it('answers connect first, then invites at once, and brings the answer back', async () => {
    host.onOpen = (session) => void session.invite('v=0 offer', ['vnd.onvif.metadata+gzip']);
    const client = await site.peer('viewer');
    const opened = await client.request('connect', { peer: 'front-door', authorization: 'viewer', profile: 'sub' });
    const session = await host.first();
    expect(opened).toEqual({
      session: session.request.session,
      iceServers: ICE_SERVERS,
      capabilities: ['subProtocols', 'extend'],
    });
    expect(session.request).toEqual({ session: session.request.session, profile: 'sub', iceServers: ICE_SERVERS });

    const invite = await client.call('invite');
    expect(invite.params).toEqual({
      session: session.request.session,
      offer: 'v=0 offer',
      subprotocols: ['vnd.onvif.metadata+gzip'],
    });
    expect(client.frames.map((frame) => frame['method'] ?? 'answer')).toEqual(['answer', 'answer', 'invite']);
    client.respond(invite['id'], { answer: 'v=0 answer', subprotocols: ['vnd.onvif.metadata+gzip'] });
    await vi.waitFor(() => expect(session.answer).toEqual({ answer: 'v=0 answer', subprotocols: ['vnd.onvif.metadata+gzip'] }));
  });

  it('relays candidates in both directions in order, before and after the answer, the empty one last', async () => {
    host.onOpen = (session) => {
      session.toPeer.trickle({ candidate: 'candidate:before-offer', sdpMid: '0' });
      void session.invite('offer');
    };
    const client = await site.peer('viewer');
    const { session: id } = (await client.request('connect', { peer: 'front-door' })) as { session: string };
    const session = await host.first();
    client.notify('trickle', { session: id, candidate: { candidate: line('early'), sdpMid: '0', sdpMLineIndex: 0 } });
    const invite = await client.call('invite');
    client.respond(invite['id'], { answer: 'answer' });
    client.notify('trickle', { session: id, candidate: { candidate: line('late'), sdpMid: '1', usernameFragment: 'abcd' } });
    client.notify('trickle', { session: id, candidate: {} });
    await vi.waitFor(() => expect(session.candidates).toHaveLength(3));
    expect(session.candidates).toEqual([
      { candidate: line('early'), sdpMid: '0', sdpMLineIndex: 0 },
      { candidate: line('late'), sdpMid: '1', usernameFragment: 'abcd' },
      { candidate: '' },
    ]);

    session.toPeer.trickle({ candidate: 'candidate:after', sdpMid: '0' });
    session.toPeer.trickle({ candidate: '' });
    await vi.waitFor(() => expect(client.frames.filter(({ method }) => method === 'trickle')).toHaveLength(3));
    expect(client.frames.flatMap(({ method, params }) => (method === 'trickle' ? [params] : []))).toEqual([
      { session: id, candidate: { candidate: 'candidate:before-offer', sdpMid: '0' } },
      { session: id, candidate: { candidate: 'candidate:after', sdpMid: '0' } },
      { session: id, candidate: { candidate: '' } },
    ]);
  });

  it('lets no candidate overtake the offer that was sent before it', async () => {
    host.onOpen = (session) => {
      void session.invite('offer');
      session.toPeer.trickle({ candidate: 'candidate:1' });
    };
    const client = await site.peer('viewer');
    await client.request('connect', { peer: 'front-door' });
    const session = await host.first();
    await client.call('trickle');
    void session.invite('second offer');
    session.toPeer.trickle({ candidate: 'candidate:2' });
    await vi.waitFor(() => expect(client.frames).toHaveLength(6));
    expect(client.frames.slice(2).map(({ method }) => method)).toEqual(['invite', 'trickle', 'invite', 'trickle']);
  });

  it('passes the host’s refusal to the client with its code', async () => {
    host.refusal = new SignalingError(1001, 'Twenty viewers are watching already');
    const client = await site.peer('viewer');
    await expect(client.request('connect', { peer: 'front-door' })).rejects.toThrow('1001 Twenty viewers are watching already');
    expect(site.server.stats.sessions).toBe(0);
  });

  it('brings the client’s refusal of the offer back to the device', async () => {
    host.onOpen = (session) => void session.invite('offer');
    const client = await site.peer('viewer');
    await client.request('connect', { peer: 'front-door' });
    const invite = await client.call('invite');
    client.send({ jsonrpc: '2.0', id: invite['id'], error: { code: 400, message: 'No such codec' } });
    const session = await host.first();
    await vi.waitFor(() => expect(session.failure).toMatchObject({ code: 400, message: 'No such codec' }));
  });

  it('answers a malformed candidate with 1003 to the client and goes on', async () => {
    const client = await site.peer('viewer');
    const { session: id } = (await client.request('connect', { peer: 'front-door' })) as { session: string };
    client.notify('trickle', { session: id, candidate: { candidate: 17 } });
    client.notify('trickle', { session: id, candidate: { candidate: line('good'), sdpMid: '0' } });
    const notice = await client.frame((frame) => frame['error'] !== undefined);
    expect(notice).toEqual({ jsonrpc: '2.0', error: { code: 1003, message: expect.any(String) as string, session: id } });
    const session = await host.first();
    await vi.waitFor(() => expect(session.candidates).toEqual([{ candidate: line('good'), sdpMid: '0' }]));
  });

  it('ends at the server with an error of either side, and does not with a malformed candidate', async () => {
    const client = await site.peer('viewer');
    await client.request('connect', { peer: 'front-door' });
    const { session: second } = (await client.request('connect', { peer: 'front-door' })) as { session: string };
    const [first] = host.sessions;
    first?.toPeer.error(1003, 'Malformed');
    await client.frame((frame) => frame['error'] !== undefined);
    expect(site.server.stats.sessions).toBe(2);
    first?.toPeer.error(1001, 'Out of memory');
    client.send({ error: { code: 410, message: 'Closed', session: second } });
    await vi.waitFor(() => expect(site.server.stats.sessions).toBe(0));
    await vi.waitFor(() => expect(host.sessions[1]?.closedWith).toHaveLength(1));
  });
});
