import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, type ConnectOptions, type OnvifSession, SignalingError } from '../../../src/client/index.ts';
import { FakeHost, type RawPeer, Site, registered } from '../signaling/fixture.ts';
import { FakePeerConnections } from './fixture.ts';

const METADATA = 'vnd.onvif.metadata+gzip';
const ICE_SERVERS = [{ urls: ['stun:stun.example.com'] }];

let site: Site;
let connections: FakePeerConnections;
const sessions: OnvifSession[] = [];

function open(options: Partial<ConnectOptions> = {}, server = site.url): OnvifSession {
  const session = connect(server, { peer: 'front-door', token: 'viewer', createPeerConnection: connections.create, ...options });
  sessions.push(session);
  return session;
}

async function ended(session: OnvifSession): Promise<SignalingError | null> {
  await vi.waitFor(() => expect(session.state).toBe('closed'));
  return session.error;
}

beforeEach(() => {
  connections = new FakePeerConnections();
});

afterEach(async () => {
  for (const session of sessions.splice(0)) session.close();
  await site.close();
});

describe('the client with our server and device', () => {
  let host: FakeHost;

  beforeEach(async () => {
    site = await new Site({ iceServers: ICE_SERVERS }).listen();
    host = new FakeHost();
    host.onOpen = (session) => void session.invite('offer', ['proto-x', METADATA]);
    const device = site.device({ host });
    await registered(device);
  });

  it('answers the offer, trickles both ways and becomes live', async () => {
    const states: string[] = [];
    const session = open({ profile: 'sub', iceServers: [{ urls: ['turn:own.example.com'] }] });
    expect(session.state).toBe('connecting');
    session.on('state', (state) => states.push(state));
    const connection = await connections.first();
    expect(connection.configuration.iceServers).toEqual([{ urls: ['turn:own.example.com'] }, ...ICE_SERVERS]);
    const device = await host.first();
    expect(device.request.profile).toBe('sub');
    await vi.waitFor(() => expect(device.answer).toEqual({ answer: 'answer 1', subprotocols: [METADATA] }));
    expect(connection.calls).toEqual(['remote offer offer', 'local answer']);

    connection.emit('icecandidate', { candidate: { candidate: 'candidate:mine', sdpMid: '0', sdpMLineIndex: 0 } });
    connection.emit('icecandidate', { candidate: { candidate: '', sdpMid: '0', sdpMLineIndex: 0 } });
    connection.emit('icecandidate', { candidate: null });
    device.toPeer.trickle({ candidate: 'candidate:theirs', sdpMid: '0' });
    device.toPeer.trickle({ candidate: '' });
    await vi.waitFor(() =>
      expect(device.candidates).toEqual([{ candidate: 'candidate:mine', sdpMid: '0', sdpMLineIndex: 0 }, { candidate: '' }]),
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
    connections.prepare = (connection) => {
      connection.earlyLocal = [{ candidate: 'candidate:mine', sdpMid: '0', sdpMLineIndex: 0 }];
    };
    const raw = await site.peer('yard-device');
    open({ peer: 'yard' });
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
    const connection = await connections.first();
    expect(connection.calls).toEqual(['remote offer offer', 'candidate candidate:early', 'local answer']);
  });

  it('opens the metadata channel when it is live and gives out the documents', async () => {
    const session = open();
    const documents: [string, number][] = [];
    session.on('metadata', (xml, bytes) => documents.push([xml, bytes]));
    const connection = await connections.first();
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

  it('opens no channel when the camera has no metadata', async () => {
    host.onOpen = (session) => void session.invite('offer', ['proto-x']);
    open();
    const connection = await connections.first();
    connection.become('connected');
    expect(connection.channels).toEqual([]);
    const device = await host.first();
    await vi.waitFor(() => expect(device.answer?.subprotocols).toEqual([]));
  });

  it('tells tracks, and the time to the first frame once one was decoded', async () => {
    const session = open();
    const tracks: string[] = [];
    session.on('track', (track) => tracks.push(track.kind));
    const connection = await connections.first();
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
    const [live, pending] = [open(), open()];
    await vi.waitFor(() => expect(connections.made).toHaveLength(2));
    const both = connections.made;
    both[0]?.become('connected');
    await vi.waitFor(() => expect([live.state, pending.state]).toContain('live'));
    const [survivor, victim] = live.state === 'live' ? [live, pending] : [pending, live];
    await site.restart();
    await expect(ended(victim)).resolves.toMatchObject({ code: 410 });
    expect(survivor.state).toBe('live');
  });

  it('tells the camera when it is closed, which ends a live session there too', async () => {
    const session = open();
    const connection = await connections.first();
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
    const session = open({ signal: abort.signal });
    const device = await host.first();
    abort.abort();
    expect(session.state).toBe('closed');
    await vi.waitFor(() => expect(device.closedWith).toHaveLength(1));
    expect(open({ signal: abort.signal }).state).toBe('closed');
    expect(connections.made.length).toBeLessThan(2);
  });

  it('refuses an offer that it cannot use with 400 and ends', async () => {
    connections.prepare = (connection) => {
      connection.refusal = new Error('Failed to parse SessionDescription');
    };
    const error = await ended(open());
    expect(error).toMatchObject({ code: 400, detail: 'Error: Failed to parse SessionDescription' });
    const device = await host.first();
    await vi.waitFor(() => expect(device.failure).toMatchObject({ code: 400 }));
  });

  it('tells the camera of a candidate that was not accepted (1003), and goes on', async () => {
    const session = open();
    const connection = await connections.first();
    const device = await host.first();
    await vi.waitFor(() => expect(device.answer).toBeDefined());
    device.toPeer.trickle({ candidate: 'candidate:bad', sdpMid: '0' });
    device.toPeer.trickle({ candidate: 'candidate:good', sdpMid: '0' });
    await vi.waitFor(() => expect(connection.remoteCandidates).toHaveLength(2));
    expect(session.state).toBe('connecting');
    expect(device.closedWith).toEqual([]);
  });

  it('says when no path to the camera was found, and when it was lost', async () => {
    const never = open();
    (await connections.first()).become('failed');
    expect(never.error).toMatchObject({ code: 504, message: 'No network path to the camera was found.' });
    const lost = open();
    await vi.waitFor(() => expect(connections.made).toHaveLength(2));
    connections.made[1]?.become('connected');
    connections.made[1]?.become('failed');
    expect(lost.error).toMatchObject({ code: 504, message: 'The network path to the camera was lost.' });
    await expect(lost.whenLive()).rejects.toMatchObject({ code: 504 });
  });
});

describe('why a session ends, in plain words', () => {
  beforeEach(async () => {
    site = await new Site().listen();
  });

  it.each([
    ['a wrong token', { token: 'wrong' }, 401, 'The token was not accepted.'],
    ['no token', { token: () => Promise.resolve('') }, 401, 'The token was not accepted.'],
    ['a token for another camera', { token: 'front-only', peer: 'yard' }, 403, 'The token does not allow this camera.'],
    ['an absent camera', { peer: 'yard' }, 480, 'The camera is not available right now.'],
  ])('%s', async (_what, options, code, message) => {
    const session = open(options);
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
    await expect(ended(open())).resolves.toMatchObject({
      code: 1001,
      message: 'The camera has no room for another viewer right now.',
      detail: 'Twenty viewers',
    });
  });

  it('a server that is not there, and an address that is none', async () => {
    const gone = await new Site().listen();
    await gone.close();
    await expect(ended(open({}, gone.url))).resolves.toMatchObject({ code: 503 });
    await expect(ended(open({}, 'not an address'))).resolves.toMatchObject({ code: 503 });
    await expect(ended(open({}, 'ftp://127.0.0.1/x'))).resolves.toMatchObject({ code: 503 });
  });

  it('an http address is the WebSocket of the same server', async () => {
    await expect(ended(open({}, site.url.replace('ws:', 'http:')))).resolves.toMatchObject({ code: 480 });
  });
});

describe('the client at a device of another vendor', () => {
  let device: RawPeer;

  beforeEach(async () => {
    site = await new Site().listen();
    device = await site.peer('yard-device');
  });

  async function begin(): Promise<{ session: OnvifSession; id: unknown }> {
    const session = open({ peer: 'yard' });
    const asked = await device.call('connect');
    device.respond(asked['id'], {});
    return { session, id: asked.params['session'] };
  }

  it('ends on 1002 before it is live, not after, and on other errors always; a malformed candidate harms nothing', async () => {
    const { session, id } = await begin();
    device.send({ jsonrpc: '2.0', id: 5, method: 'invite', params: { session: id, offer: 'offer' } });
    const connection = await connections.first();
    device.send({ jsonrpc: '2.0', error: { code: 1003, message: 'Malformed candidate', session: id } });
    await device.frame((frame) => frame['id'] === 5);
    connection.become('connected');
    device.socket.terminate();
    await vi.waitFor(() => expect(site.server.stats.devices).toBe(0));
    expect(session.state).toBe('live');
  });

  it('ends on 1002 before it is live', async () => {
    const { session } = await begin();
    await vi.waitFor(() => expect(site.server.stats.sessions).toBe(1));
    device.socket.terminate();
    await expect(ended(session)).resolves.toMatchObject({
      code: expect.toSatisfy((code: number) => code === 1002 || code === 480) as number,
    });
  });

  it('ends on an error that names no session, as in the specification’s example', async () => {
    const { session, id } = await begin();
    device.send({ jsonrpc: '2.0', id: 5, method: 'invite', params: { session: id, offer: 'offer' } });
    await device.frame((frame) => frame['id'] === 5);
    device.send({ error: { code: 1001, message: 'Insufficient resources' } });
    await expect(ended(session)).resolves.toMatchObject({ code: 1001, detail: 'Insufficient resources' });
  });

  it('answers a second offer on the same connection', async () => {
    const { id } = await begin();
    for (const offer of [1, 2]) {
      device.send({ jsonrpc: '2.0', id: offer, method: 'invite', params: { session: id, offer: `offer ${offer}` } });
      await device.frame((frame) => frame['id'] === offer && frame['result'] !== undefined);
    }
    expect(connections.made.map(({ calls }) => calls)).toEqual([
      ['remote offer offer 1', 'local answer', 'remote offer offer 2', 'local answer'],
    ]);
  });
});

describe('a session with an end', () => {
  it('is extended in time, with a fresh token each time', async () => {
    site = await new Site({ expiryTimeSeconds: 1 }).listen();
    const device = await site.peer('yard-device');
    let asked = 0;
    const session = open({ peer: 'yard', token: () => ((asked += 1), 'viewer') });
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
    site = await new Site({ expiryTimeSeconds: 0.3 }).listen();
    const device = await site.peer('yard-device');
    const session = open({ peer: 'yard' });
    const connecting = await device.call('connect');
    device.respond(connecting['id'], {});
    device.socket.on('message', (data: Buffer) => {
      const { id, method } = JSON.parse(data.toString()) as { id: number; method: string };
      if (method === 'extend') device.send({ jsonrpc: '2.0', id, error: { code: 403, message: 'No longer' } });
    });
    await expect(ended(session)).resolves.toMatchObject({ code: 410, message: 'The time of the session is over.' });
  });
});
