import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SignalingError } from '../../../../src/base/signaling.ts';
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

describe('connect', () => {
  it('is answered with the registered capabilities before the invite, however soon the host offers', async () => {
    host.onOpen = (session) => {
      void session.invite('offer', ['vnd.onvif.metadata+gzip']);
      session.toPeer.trickle({ candidate: line('1') });
    };
    await bench.connect('s1', { profile: 'main', iceServers: [{ urls: 'stun:1.2.3.4' }] });
    await server.message(({ method }) => method === 'trickle');
    const { params } = await server.message(({ method }) => method === 'register');
    const { capabilities } = params as Message;
    expect(server.messages.slice(1)).toMatchObject([
      { result: { capabilities } },
      { method: 'invite', params: { session: 's1', offer: 'offer', subprotocols: ['vnd.onvif.metadata+gzip'] } },
      { method: 'trickle', params: { session: 's1', candidate: { candidate: line('1') } } },
    ]);
    expect(host.sessions[0]?.request).toEqual({ session: 's1', profile: 'main', iceServers: [{ urls: ['stun:1.2.3.4'] }] });
  });

  it.each([
    ['no session', '{}'],
    ['an empty session', '{"session":""}'],
    ['a session that is a number', '{"session":1}'],
    ['a profile that is a number', '{"session":"s1","profile":5}'],
    ['a time that is over', '{"session":"s1","expiryTimeSeconds":0}'],
    ['a time before now', '{"session":"s1","expiryTimeSeconds":-1}'],
    ['a time that is a word', '{"session":"s1","expiryTimeSeconds":"soon"}'],
    ['a time beyond all numbers', '{"session":"s1","expiryTimeSeconds":1e999}'],
  ])('is refused as 400, and opens nothing, with %s', async (_what, params) => {
    server.sendRaw(`{"jsonrpc":"2.0","id":1,"method":"connect","params":${params}}`);
    await expect(server.answer(1)).resolves.toMatchObject({
      error: { code: 400, message: expect.stringContaining('"') as string },
    });
    expect(host.sessions).toEqual([]);
  });

  it.each([
    ['absent', undefined, NO_END],
    ['null', null, NO_END],
    ['a number', 60, 60],
    ['a number written as a string', '60', 60],
    ['a fraction', 59.5, 60],
    ['longer than a timer can wait', 10_000_000, 10_000_000],
    ['longer than an integer says', 1e15, NO_END],
  ])('takes a time that is %s', async (_what, expiryTimeSeconds, expected) => {
    await bench.connect('s1', { expiryTimeSeconds });
    await expect(bench.remaining('s1')).resolves.toBe(expected);
  });

  it('tolerates ICE servers that are none', async () => {
    await expect(bench.connect('s1', { iceServers: 'none' })).resolves.toMatchObject({
      request: { session: 's1', iceServers: [] },
    });
  });

  it('of an id that is in use is refused as 400; when its session is over the id is free', async () => {
    const session = await bench.connect('s1');
    server.send({ id: 1, method: 'connect', params: { session: 's1' } });
    await expect(server.answer(1)).resolves.toMatchObject({ error: { code: 400, message: 'The session exists already' } });
    expect(session.closedWith).toEqual([]);
    session.toPeer.closed();
    await expect(bench.connect('s1')).resolves.not.toBe(session);
  });

  it('is answered, and the id is free, where the host ends the session at once: the client hears why behind the answer', async () => {
    host.onOpen = ({ toPeer }) => {
      toPeer.error(480, 'The camera is gone');
      toPeer.closed();
    };
    await bench.connect('s1');
    await bench.connect('s1');
    expect(server.messages.slice(1).map(({ id, result, error }) => id ?? error ?? result)).toEqual([
      'connect-s1-0',
      { code: 480, message: 'The camera is gone', session: 's1' },
      'connect-s1-1',
      { code: 480, message: 'The camera is gone', session: 's1' },
    ]);
  });

  it('may give the id of a live session again after the server came back, and both go on apart', async () => {
    const live = await bench.connect('s1');
    live.live = true;
    server.drop();
    await bench.cameBack();
    const fresh = await bench.connect('s1');
    server.send({ method: 'trickle', params: { session: 's1', candidate: { candidate: line('1') } } });
    live.toPeer.error(480, 'The camera is gone');
    live.toPeer.trickle({ candidate: line('2') });
    server.send({ error: { code: 410, message: 'The viewer left', session: 's1' } });
    await vi.waitFor(() => expect(fresh.closedWith).toHaveLength(1), WAIT);
    expect([live.closedWith, live.candidates, fresh.candidates]).toEqual([[], [], [{ candidate: line('1') }]]);
    expect(server.errors).toEqual([]);
    expect(server.messages.filter(({ method }) => method === 'trickle')).toEqual([]);
    await bench.close();
    expect(live.closedWith).toMatchObject([{ code: 'signaling.closed' }]);
  });

  it('of a session that outlived its connection to the server is said goodbye to once', async () => {
    const live = await bench.connect('s1');
    live.live = true;
    server.drop();
    await bench.cameBack();
    await bench.close();
    expect(live.closedWith).toMatchObject([{ code: 'signaling.closed' }]);
    expect(server.errors).toMatchObject([{ code: 410, session: 's1' }]);
  });

  it('is 480 while the device says goodbye', async () => {
    server.onMessage = ({ method }) => {
      if (method === 'unregister') server.send({ id: 1, method: 'connect', params: { session: 's1' } });
    };
    await bench.close();
    await expect(server.answer(1)).resolves.toMatchObject({ error: { code: 480 } });
    expect(host.sessions).toEqual([]);
  });

  it('carries the code and the sentence of the host that refuses, and nothing of one that fails', async () => {
    host.refusal = new SignalingError(1001, 'Twenty viewers are watching already');
    server.send({ id: 1, method: 'connect', params: { session: 's1' } });
    await expect(server.answer(1)).resolves.toMatchObject({
      error: { code: 1001, message: 'Twenty viewers are watching already' },
    });
    host.refusal = new TypeError('password is hunter2');
    server.send({ id: 2, method: 'connect', params: { session: 's1' } });
    await expect(server.answer(2)).resolves.toMatchObject({ error: { code: -32603, message: 'Internal error' } });
    host.refusal = undefined;
    await bench.connect('s1');
    expect(bench.device.counts.refusedSessions).toBe(2);
  });
});

describe('invite', () => {
  it.each([[{}], ['answer'], [null], [{ answer: 5 }], [{ answer: '' }]])(
    'ends with 400 when its answer is none: %j',
    async (result) => {
      host.onOpen = (session) => void session.invite('offer');
      const session = await bench.connect();
      const invite = await server.message(({ method }) => method === 'invite');
      server.send({ id: invite['id'], result });
      await vi.waitFor(() => expect(session.failure).toBeInstanceOf(SignalingError), WAIT);
      expect(session.failure).toMatchObject({ code: 400 });
    },
  );

  it.each([400, 408, 410])('ends with the fault of the server or client: %i', async (code) => {
    host.onOpen = (session) => void session.invite('offer');
    const session = await bench.connect();
    const invite = await server.message(({ method }) => method === 'invite');
    server.send({ id: invite['id'], error: { code, message: 'No' } });
    await vi.waitFor(() => expect(session.failure).toMatchObject({ code, message: 'No' }), WAIT);
    await bench.settled();
    expect(server.errors).toEqual([]);
  });

  it('answered for a session that is over, or twice, does no harm', async () => {
    host.onOpen = (session) => void session.invite('offer');
    const session = await bench.connect();
    const invite = await server.message(({ method }) => method === 'invite');
    session.toPeer.closed();
    server.send({ id: invite['id'], result: { answer: 5 } });
    server.send({ id: invite['id'], result: { answer: 'answer' } });
    await bench.settled();
    expect(server.errors).toEqual([]);
    await bench.connect('s2');
  });
});
