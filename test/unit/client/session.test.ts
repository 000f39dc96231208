import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SignalingError } from '../../../src/client/index.ts';
import { FakeHost, registered, Site } from '../signaling/fixture.ts';
import { Bench } from './fixture.ts';

const METADATA = 'vnd.onvif.metadata+gzip';
const ICE_SERVERS = [{ urls: ['stun:stun.example.com'] }];

const bench = new Bench();

afterEach(() => bench.close());

/** A candidate of the client; our device takes none that is not one by RFC 8839. */
const MINE = 'candidate:mine 1 udp 1 10.0.0.1 9 typ host';

describe('the client with our server and device', () => {
  let site: Site;
  let host: FakeHost;

  beforeEach(async () => {
    site = await bench.listen({ iceServers: ICE_SERVERS });
    host = new FakeHost();
    host.onOpen = (session) => void session.invite('offer', ['proto-x', METADATA]);
    const device = site.device({ host });
    await registered(device);
  });

  it('answers the offer, trickles both ways and becomes live', async () => {
    const states: string[] = [];
    const session = bench.open({ profile: 'sub', iceServers: [{ urls: ['turn:own.example.com'] }] });
    expect(session.state).toBe('connecting');
    session.on('state', (state) => states.push(state));
    const connection = await bench.connections.first();
    expect(connection.configuration.iceServers).toEqual([{ urls: ['turn:own.example.com'] }, ...ICE_SERVERS]);
    const device = await host.first();
    expect(device.request.profile).toBe('sub');
    await vi.waitFor(() => expect(device.answer).toEqual({ answer: 'answer 1', subprotocols: [METADATA] }));
    expect(connection.calls).toEqual(['remote offer offer', 'local answer']);

    const mine = { candidate: MINE, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'abcd' };
    connection.emit('icecandidate', { candidate: mine });
    connection.emit('icecandidate', { candidate: { ...mine, usernameFragment: null } });
    connection.emit('icecandidate', { candidate: { candidate: '', sdpMid: '0', sdpMLineIndex: 0 } });
    connection.emit('icecandidate', { candidate: null });
    device.toPeer.trickle({ candidate: 'candidate:theirs', sdpMid: '0' });
    device.toPeer.trickle({ candidate: '' });
    await vi.waitFor(() =>
      expect(device.candidates).toEqual([mine, { candidate: MINE, sdpMid: '0', sdpMLineIndex: 0 }, { candidate: '' }]),
    );
    await vi.waitFor(() =>
      expect(connection.remoteCandidates).toEqual([{ candidate: 'candidate:theirs', sdpMid: '0' }, { candidate: '' }]),
    );

    const live = session.whenLive();
    connection.become('connecting');
    connection.become('connected');
    await live;
    await session.whenLive();
    expect([session.state, states]).toEqual(['live', ['live']]);
  });

  it('keeps candidates that come before the offer, and its own until the answer is out', async () => {
    host.onOpen = (session) => {
      session.toPeer.trickle({ candidate: 'candidate:early', sdpMid: '0' });
      void session.invite('offer');
    };
    bench.connections.prepare = (connection) => {
      connection.earlyLocal = [{ candidate: MINE, sdpMid: '0', sdpMLineIndex: 0 }];
    };
    const raw = await site.peer('yard-device');
    bench.open({ peer: 'yard' });
    const asked = await raw.call('connect');
    const session = asked.params['session'];
    raw.respond(asked['id'], {});
    raw.notify('trickle', { session, candidate: { candidate: 'candidate:early', sdpMid: '0' } });
    raw.send({ jsonrpc: '2.0', id: 5, method: 'invite', params: { session, offer: 'offer' } });
    await raw.call('trickle');
    expect(raw.frames.slice(2)).toMatchObject([
      { id: 5, result: { answer: 'answer 2', subprotocols: [] } },
      { method: 'trickle' },
    ]);
    const connection = await bench.connections.first();
    expect(connection.calls).toEqual(['remote offer offer', 'candidate candidate:early', 'local answer']);
  });

  it('opens the metadata channel when it is live and gives out the documents', async () => {
    const session = bench.open();
    const documents: [string, number][] = [];
    session.on('metadata', (xml, bytes) => documents.push([xml, bytes]));
    const connection = await bench.connections.first();
    expect(connection.channels).toEqual([]);
    connection.become('connected');
    const [channel] = connection.channels;
    expect(channel?.options).toEqual({ ordered: true, protocol: METADATA });
    expect(channel?.binaryType).toBe('arraybuffer');
    const payload = gzipSync('<tt:MetadataStream/>');
    channel?.message(new Uint8Array(payload).buffer);
    channel?.message(payload);
    await vi.waitFor(() =>
      expect(documents).toEqual([
        ['<tt:MetadataStream/>', payload.length],
        ['<tt:MetadataStream/>', payload.length],
      ]),
    );
    await expect(session.stats()).resolves.toMatchObject({ metadataDocuments: 2, metadataDropped: 0 });
  });

  it('closes a channel that the camera opens, since channels are for the client to open', async () => {
    bench.open();
    const connection = await bench.connections.first();
    connection.become('connected');
    const [own] = connection.channels;
    const others = ['', 'chat', METADATA].map((protocol) => connection.createDataChannel('', { ordered: true, protocol }));
    for (const channel of others) connection.emit('datachannel', { channel });
    expect(connection.channels.map(({ closed }) => closed)).toEqual([false, true, true, true]);
    expect(own?.closed).toBe(false);
  });

  it('opens no channel when the camera has no metadata', async () => {
    host.onOpen = (session) => void session.invite('offer', ['proto-x']);
    bench.open();
    const connection = await bench.connections.first();
    connection.become('connected');
    expect(connection.channels).toEqual([]);
    const device = await host.first();
    await vi.waitFor(() => expect(device.answer?.subprotocols).toEqual([]));
  });

  it('tells tracks, and the time to the first frame once one was decoded', async () => {
    const session = bench.open();
    const tracks: string[] = [];
    session.on('track', (track) => tracks.push(track.kind));
    const connection = await bench.connections.first();
    connection.emit('track', { track: { kind: 'video', id: 'v' } });
    connection.become('connected');
    await expect(session.stats()).resolves.toMatchObject({ timeToFirstFrameMs: null, framesDecoded: 0 });
    connection.statistics = [{ id: 'v', type: 'inbound-rtp', kind: 'video', framesDecoded: 1, timestamp: 1 }];
    await vi.waitFor(async () =>
      expect(await session.stats()).toMatchObject({ timeToFirstFrameMs: expect.any(Number) as number, framesDecoded: 1 }),
    );
    expect(tracks).toEqual(['video']);
    const { timeToFirstFrameMs } = await session.stats();
    session.noteFirstFrame();
    expect((await session.stats()).timeToFirstFrameMs).toBe(timeToFirstFrameMs);
  });

  it('survives the loss of the signaling server when it is live, and ends with it when not', async () => {
    const [live, pending] = [bench.open(), bench.open()];
    await vi.waitFor(() => expect(bench.connections.made).toHaveLength(2));
    const both = bench.connections.made;
    both[0]?.become('connected');
    await vi.waitFor(() => expect([live.state, pending.state]).toContain('live'));
    const [survivor, victim] = live.state === 'live' ? [live, pending] : [pending, live];
    await site.restart();
    await expect(bench.ended(victim)).resolves.toMatchObject({ code: 410 });
    expect(survivor.state).toBe('live');
  });

  it('tells the camera when it is closed, which ends a live session there too', async () => {
    const session = bench.open();
    const connection = await bench.connections.first();
    connection.become('connected');
    const device = await host.first();
    device.live = true;
    session.close();
    session.close();
    await vi.waitFor(() => expect(device.closedWith).toHaveLength(1));
    expect([session.state, session.error, connection.connectionState]).toEqual(['closed', null, 'closed']);
    await vi.waitFor(() => expect(site.server.stats.clients).toBe(0));
  });

  it('is closed by the abort signal, also by one that was given before', async () => {
    const abort = new AbortController();
    const session = bench.open({ signal: abort.signal });
    const device = await host.first();
    abort.abort();
    expect(session.state).toBe('closed');
    await vi.waitFor(() => expect(device.closedWith).toHaveLength(1));
    expect(bench.open({ signal: abort.signal }).state).toBe('closed');
    expect(bench.connections.made.length).toBeLessThan(2);
  });

  it('refuses an offer that it cannot use with 400 and ends', async () => {
    bench.connections.prepare = (connection) => {
      connection.refusal = new Error('Failed to parse SessionDescription');
    };
    const error = await bench.ended(bench.open());
    expect(error).toMatchObject({ code: 400, detail: 'Error: Failed to parse SessionDescription' });
    const device = await host.first();
    await vi.waitFor(() => expect(device.failure).toMatchObject({ code: 400 }));
  });

  it('tells the camera of a candidate that was not accepted (1003), and goes on', async () => {
    const session = bench.open();
    const connection = await bench.connections.first();
    const device = await host.first();
    await vi.waitFor(() => expect(device.answer).toBeDefined());
    device.toPeer.trickle({ candidate: 'candidate:bad', sdpMid: '0' });
    device.toPeer.trickle({ candidate: 'candidate:good', sdpMid: '0' });
    await vi.waitFor(() => expect(connection.remoteCandidates).toHaveLength(2));
    expect(session.state).toBe('connecting');
    expect(device.closedWith).toEqual([]);
  });

  it('says when no path to the camera was found, and when it was lost', async () => {
    const never = bench.open();
    (await bench.connections.first()).become('failed');
    expect(never.error).toMatchObject({ code: 504, message: 'No network path to the camera was found.' });
    const lost = bench.open();
    await vi.waitFor(() => expect(bench.connections.made).toHaveLength(2));
    bench.connections.made[1]?.become('connected');
    bench.connections.made[1]?.become('failed');
    expect(lost.error).toMatchObject({ code: 504, message: 'The network path to the camera was lost.' });
    await expect(lost.whenLive()).rejects.toMatchObject({ code: 504 });
  });
});

describe('why a session ends, in plain words', () => {
  let site: Site;

  beforeEach(async () => {
    site = await bench.listen();
  });

  it.each([
    ['a wrong token', { token: 'wrong' }, 401, 'The token was not accepted.'],
    ['no token', { token: () => Promise.resolve('') }, 401, 'The token was not accepted.'],
    ['a token for another camera', { token: 'front-only', peer: 'yard' }, 403, 'The token does not allow this camera.'],
    ['an absent camera', { peer: 'yard' }, 480, 'The camera is not available right now.'],
  ])('%s', async (_what, options, code, message) => {
    const session = bench.open(options);
    const errors: SignalingError[] = [];
    session.on('error', (error) => errors.push(error));
    await expect(session.whenLive()).rejects.toBeInstanceOf(SignalingError);
    expect(session.error).toMatchObject({ code, message });
    expect(errors).toEqual([session.error]);
    await expect(session.whenLive()).rejects.toMatchObject({ code });
  });

  it('a camera without room', async () => {
    const host = new FakeHost();
    host.refusal = new SignalingError(1001, 'Twenty viewers');
    const device = site.device({ host });
    await registered(device);
    await expect(bench.ended(bench.open())).resolves.toMatchObject({
      code: 1001,
      message: 'The camera has no room for another viewer right now.',
      detail: 'Twenty viewers',
    });
  });

  it('a server that is not there, and an address that is none', async () => {
    const gone = await new Site().listen();
    await gone.close();
    await expect(bench.ended(bench.open({}, gone.url))).resolves.toMatchObject({ code: 503 });
    await expect(bench.ended(bench.open({}, 'not an address'))).resolves.toMatchObject({ code: 503 });
    await expect(bench.ended(bench.open({}, 'ftp://127.0.0.1/x'))).resolves.toMatchObject({ code: 503 });
  });

  it('an http address is the WebSocket of the same server', async () => {
    await expect(bench.ended(bench.open({}, site.url.replace('ws:', 'http:')))).resolves.toMatchObject({ code: 480 });
  });
});
