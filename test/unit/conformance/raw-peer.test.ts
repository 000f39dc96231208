import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { RawPeer } from '../../../src/conformance/raw-peer.ts';
import { Transcript } from '../../../src/conformance/transcript.ts';

let server: WebSocketServer;
let peer: RawPeer;
let other: WebSocket;
const received: string[] = [];
const transcript = new Transcript();

beforeEach(async () => {
  received.length = 0;
  transcript.clear();
  server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'webrtc.onvif.org' });
  await once(server, 'listening');
  const connected = once(server, 'connection');
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  peer = await RawPeer.open(url, { name: 'server', transcript, timeoutMs: 5000, token: 'secret' });
  [other] = (await connected) as [WebSocket];
  other.on('message', (data: Buffer) => received.push(data.toString()));
});

afterEach(() => {
  peer.drop();
  server.close();
});

describe('a peer of the kit', () => {
  it('finds the answer to its request among what else comes, and keeps all of it in order', async () => {
    const id = peer.call('connect', { session: 's1' });
    other.send('not JSON');
    other.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'a request with the same id' }));
    other.send(JSON.stringify({ jsonrpc: '2.0', id, result: { ok: true } }));
    const answer = await peer.answerTo(id, 'connect', { timeoutMs: 5000 });
    expect(answer).toMatchObject({ result: { ok: true } });
    expect(peer.frames.map(({ text, message }) => message?.['method'] ?? message?.['result'] ?? text)).toEqual([
      'not JSON',
      'a request with the same id',
      { ok: true },
    ]);
  });

  it('says what it waited for and what came instead', async () => {
    other.send('{"method":"other"}');
    const waiting = peer.receive('an invite', ({ method }) => method === 'invite' || undefined, { timeoutMs: 100 });
    await expect(waiting).rejects.toThrow(
      'expected: an invite within 0.1 s; got: 1 other frames, the last of them {"method":"other"}',
    );
  });

  it('does not wait on when the connection is over, and says so', async () => {
    other.close(1008, 'no');
    const waiting = peer.receive('an invite', ({ method }) => method === 'invite' || undefined, { timeoutMs: 60_000 });
    await expect(waiting).rejects.toThrow('got: nothing and the connection was closed with code 1008');
    expect(peer.closed).toMatchObject({ code: 1008, reason: 'no' });
  });

  it('does not wait on when the case is over', async () => {
    const over = new AbortController();
    const waiting = peer.receive('an invite', () => undefined, { timeoutMs: 60_000, signal: over.signal });
    over.abort(new Error('over'));
    await expect(waiting).rejects.toThrow('over');
  });

  it('fails where something comes that must not, and only then', async () => {
    const isTrickle = ({ method }: Record<string, unknown>): boolean => method === 'trickle';
    await peer.refrains('trickle', isTrickle, { timeoutMs: 50 });
    other.send('{"method":"trickle"}');
    await expect(peer.refrains('trickle', isTrickle, { timeoutMs: 5000 })).rejects.toThrow(
      'expected: no trickle; got: {"method":"trickle"}',
    );
  });

  it('sends what is no JSON-RPC, and what is', async () => {
    peer.sendRaw('{broken');
    peer.notifyError(1003, 'Malformed', 's1');
    peer.respondError(7, 400, 'Bad');
    await expect.poll(() => received).toHaveLength(3);
    expect(received).toEqual([
      '{broken',
      '{"jsonrpc":"2.0","error":{"code":1003,"message":"Malformed","session":"s1"}}',
      '{"jsonrpc":"2.0","id":7,"error":{"code":400,"message":"Bad"}}',
    ]);
  });

  it('writes down who said what', async () => {
    peer.notify('hello', {});
    other.send('{"method":"hi"}');
    await peer.receive('hi', ({ method }) => method === 'hi' || undefined, { timeoutMs: 5000 });
    const said = transcript.lines.map(({ direction, text }) => [direction, text]);
    expect(said.slice(-2)).toEqual([
      ['kit -> server', '{"jsonrpc":"2.0","method":"hello","params":{}}'],
      ['server -> kit', '{"method":"hi"}'],
    ]);
  });
});
