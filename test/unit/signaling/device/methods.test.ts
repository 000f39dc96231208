import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Message } from '../fixture.ts';
import { DeviceBench, line, WAIT } from './device-bench.ts';

const NO_END = 2 ** 31 - 1;

let bench: DeviceBench;
let server: DeviceBench['server'];
let host: DeviceBench['host'];

beforeEach(async () => {
  bench = await DeviceBench.start();
  ({ server, host } = bench);
});

afterEach(() => bench.close());

describe('trickle', () => {
  it('is taken before and after the answer, in order, the empty candidate in all its forms', async () => {
    host.onOpen = (session) => void session.invite('offer');
    const session = await bench.connect();
    const trickle = (candidate: unknown): void => server.send({ method: 'trickle', params: { session: 's1', candidate } });
    trickle({ candidate: line('early'), sdpMid: '0', sdpMLineIndex: 0 });
    const invite = await server.message(({ method }) => method === 'invite');
    server.send({ id: invite['id'], result: { answer: 'answer' } });
    trickle({ candidate: line('late'), usernameFragment: 'abcd', unknown: 1 });
    for (const empty of ['', null, undefined, {}, { candidate: '' }, { candidate: null }]) trickle(empty);
    await vi.waitFor(() => expect(session.candidates).toHaveLength(8), WAIT);
    expect(session.answer).toEqual({ answer: 'answer', subprotocols: [] });
    expect(session.candidates).toEqual([
      { candidate: line('early'), sdpMid: '0', sdpMLineIndex: 0 },
      { candidate: line('late'), usernameFragment: 'abcd' },
      ...Array.from({ length: 6 }, () => ({ candidate: '' })),
    ]);
  });

  it.each([[17], ['candidate:1'], [[]], [{ candidate: 17 }], [{ candidate: 'nonsense' }]])(
    'of a malformed candidate is told as 1003, and the session goes on: %j',
    async (candidate) => {
      const session = await bench.connect();
      server.send({ method: 'trickle', params: { session: 's1', candidate } });
      server.send({ method: 'trickle', params: { session: 's1', candidate: { candidate: line('good') } } });
      await vi.waitFor(() => expect(session.candidates).toEqual([{ candidate: line('good') }]), WAIT);
      const told = [{ code: 1003, message: expect.any(String) as string, session: 's1' }];
      await vi.waitFor(() => expect(server.errors).toEqual(told), WAIT);
      expect(session.closedWith).toEqual([]);
    },
  );

  it.each([['other'], [5], [undefined], [{}], [{ toString: 1 }]])('of no session is dropped and counted: %j', async (session) => {
    await bench.connect();
    server.send({ method: 'trickle', params: { session, candidate: { candidate: line('1') } } });
    await bench.settled();
    expect([server.errors, host.sessions[0]?.candidates]).toEqual([[], []]);
    expect(bench.device.counts).toMatchObject({ malformedFrames: 0, droppedMessages: 1, refusedSessions: 0 });
  });
});

describe('extend by the server', () => {
  it.each([
    ['a number', 600, 600],
    ['a number written as a string', '600', 600],
    ['nothing: the time that is left', undefined, 60],
  ])('sets the time by %s', async (_what, expiryTimeSeconds, expected) => {
    await bench.connect('s1', { expiryTimeSeconds: 60 });
    server.send({ id: 1, method: 'extend', params: { session: 's1', expiryTimeSeconds } });
    await expect(server.answer(1)).resolves.toMatchObject({ result: { expiryTimeSeconds: expected } });
    await expect(bench.remaining('s1')).resolves.toBe(expected);
  });

  it.each([[-1], ['soon'], [true], [{}]])(
    'is refused as 400 with %j, and leaves the time as it is',
    async (expiryTimeSeconds) => {
      await bench.connect('s1', { expiryTimeSeconds: 60 });
      server.send({ id: 1, method: 'extend', params: { session: 's1', expiryTimeSeconds } });
      await expect(server.answer(1)).resolves.toMatchObject({ error: { code: 400 } });
      await expect(bench.remaining('s1')).resolves.toBe(60);
    },
  );

  it('to 0 ends the session now, live or not, and the client is told', async () => {
    const session = await bench.connect();
    session.live = true;
    server.send({ id: 1, method: 'extend', params: { session: 's1', expiryTimeSeconds: 0 } });
    await vi.waitFor(() => expect(session.closedWith).toMatchObject([{ code: 'signaling.expired' }]), WAIT);
    await vi.waitFor(() => expect(server.errors).toMatchObject([{ code: 410, session: 's1' }]), WAIT);
  });

  it('of no session is refused as 400', async () => {
    server.send({ id: 1, method: 'extend', params: { session: 'other', expiryTimeSeconds: 600 } });
    await expect(server.answer(1)).resolves.toMatchObject({ error: { code: 400 } });
  });
});

describe('an error notification', () => {
  it('of 1002 ends a session that is not live, and no live one; 486, 1003 and JSON-RPC’s own end none', async () => {
    const [pending, live] = [await bench.connect('s1'), await bench.connect('s2')];
    live.live = true;
    for (const session of ['s1', 's2']) server.send({ error: { code: 1002, message: 'Peer disconnected', session } });
    for (const code of [486, 1003, -32601]) server.send({ error: { code, message: 'No', session: 's2' } });
    server.send({ error: { code: -32700, message: 'Parse error' }, id: null });
    await bench.settled();
    expect(pending.closedWith).toMatchObject([
      { code: 'signaling.peer_error', message: expect.stringContaining('1002') as string },
    ]);
    expect(live.closedWith).toEqual([]);
  });

  it.each([410, 1001, 4711])('of %i ends a live session too', async (code) => {
    const session = await bench.connect();
    session.live = true;
    server.send({ error: { code, message: 'No' }, session: 's1' });
    await vi.waitFor(() => expect(session.closedWith).toHaveLength(1), WAIT);
  });

  it('without a session is about the only one that is being set up, else about none', async () => {
    const live = await bench.connect('s1');
    live.live = true;
    const notice = { error: { code: 1001, message: 'Insufficient resources' } };
    server.send(notice);
    await bench.settled();
    const [first, second] = [await bench.connect('s2'), await bench.connect('s3')];
    server.send(notice);
    await bench.settled();
    expect([live.closedWith, first.closedWith, second.closedWith]).toEqual([[], [], []]);
    expect(bench.device.counts.droppedMessages).toBe(2);
    second.toPeer.closed();
    server.send(notice);
    await vi.waitFor(() => expect(first.closedWith).toHaveLength(1), WAIT);
    expect(live.closedWith).toEqual([]);
  });
});

describe('what no method is for', () => {
  it('is answered as JSON-RPC says, whatever the id, and harms nothing', async () => {
    const frames: [id: unknown, frame: string, code: number][] = [
      [1, '{"jsonrpc":"2.0","id":1,"method":"reboot"}', -32601],
      ['two', '{"jsonrpc":"2.0","id":"two","method":"invite","params":{}}', -32601],
      [2.5, '{"jsonrpc":"2.0","id":2.5,"method":"connect","params":["s1"]}', -32602],
      [3, '{"jsonrpc":"2.0","id":3,"method":"extend","params":"s1"}', -32602],
      [4, '{"id":4,"method":"connect","params":{"session":"s1"}}', -32600],
    ];
    for (const [, frame] of frames) server.sendRaw(frame);
    for (const [id, , code] of frames) await expect(server.answer(id)).resolves.toMatchObject({ error: { code } });
    server.sendRaw('{"jsonrpc":"2.0","method":"reboot"}');
    server.sendRaw('{"jsonrpc":"2.0","id":null,"method":"reboot"}');
    server.sendRaw('{');
    server.sendRaw('['.repeat(50_000));
    await vi.waitFor(() => expect(server.messages.filter(({ id }) => id === null)).toHaveLength(3), WAIT);
    const codes = server.messages.flatMap(({ id, error }) => (id === null ? [(error as Message)['code']] : []));
    expect(new Set(codes)).toEqual(new Set([-32600, -32601, -32700]));
    expect(host.sessions).toEqual([]);
    await bench.connect();
  });

  it('is told apart from what there is in a batch, which is answered by one list before the invite', async () => {
    host.onOpen = (session) => void session.invite('offer');
    const call = (id: unknown, method: string, params: Message): Message => ({ jsonrpc: '2.0', id, method, params });
    server.sendRaw(
      JSON.stringify([
        call(1, 'connect', { session: 's1', expiryTimeSeconds: 60 }),
        call(1, 'extend', { session: 's1' }),
        call(undefined, 'trickle', { session: 's1', candidate: {} }),
        call(2, 'reboot', {}),
      ]),
    );
    await server.message(({ method }) => method === 'invite');
    expect(server.messages.slice(1)).toMatchObject([
      [
        { id: 1, result: { capabilities: ['subProtocols', 'extend'] } },
        { id: 1, result: { expiryTimeSeconds: 60 } },
        { id: 2, error: { code: -32601 } },
      ],
      { method: 'invite', params: { session: 's1' } },
    ]);
    expect(host.sessions[0]?.candidates).toEqual([{ candidate: '' }]);
  });

  it.each([
    ['binary', Buffer.from([1, 2, 3])],
    ['huge', JSON.stringify({ jsonrpc: '2.0', method: 'trickle', params: { pad: 'x'.repeat(300 * 1024) } })],
  ])('ends the connection when its frame is %s; the live session stays, and the device comes back', async (_what, frame) => {
    const live = await bench.connect();
    live.live = true;
    server.sendRaw(frame);
    await bench.cameBack();
    expect(live.closedWith).toEqual([]);
    expect(bench.device.counts.malformedFrames).toBe(1);
    await expect(bench.remaining('s1')).resolves.toBe(NO_END);
  });
});
