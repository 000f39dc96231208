import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type RawPeer, Site } from './fixture.ts';

describe('malformed frames', () => {
  let site: Site;
  let client: RawPeer;

  beforeEach(async () => {
    site = await new Site().listen();
    client = await site.peer('viewer');
  });

  afterEach(() => site.close());

  /** The server still works, for this peer and for others. */
  async function works(peer: RawPeer = client): Promise<void> {
    await expect(peer.request('connect', { peer: 'nowhere' })).rejects.toThrow('480');
  }

  it.each([
    ['no JSON', '{', -32700],
    ['deep nesting', '['.repeat(50_000) + ']'.repeat(50_000), -32600],
    ['an empty batch', '[]', -32600],
    ['parameters in a list', '{"jsonrpc":"2.0","id":1,"method":"connect","params":["front-door"]}', -32602],
    ['an unknown method', '{"jsonrpc":"2.0","id":1,"method":"reboot"}', -32601],
    ['a method of every object', '{"jsonrpc":"2.0","id":1,"method":"constructor","params":{}}', -32601],
    ['a method that is an object', '{"jsonrpc":"2.0","id":1,"method":{"a":1},"params":{}}', -32601],
    ['no version', '{"id":1,"method":"connect","params":{}}', -32600],
    ['a missing peer', '{"jsonrpc":"2.0","id":1,"method":"connect","params":{}}', 400],
    ['a peer that is an object', '{"jsonrpc":"2.0","id":1,"method":"connect","params":{"peer":{"__proto__":1}}}', 400],
  ])('are answered and do no harm: %s', async (_what, frame, code) => {
    client.socket.send(frame);
    await expect(client.frame((answer) => answer['error'] !== undefined)).resolves.toMatchObject({ error: { code } });
    await works();
  });

  it.each([
    ['trickle without parameters', '{"jsonrpc":"2.0","method":"trickle"}'],
    ['trickle of no session', '{"jsonrpc":"2.0","method":"trickle","params":{"session":{},"candidate":[]}}'],
    ['an answer to no question', '{"jsonrpc":"2.0","id":4711,"result":{}}'],
    ['an error that is none', '{"jsonrpc":"2.0","error":5}'],
    ['an error of no session', '{"jsonrpc":"2.0","error":{"code":"x"}}'],
  ])('are dropped in silence: %s', async (_what, frame) => {
    client.socket.send(frame);
    await works();
    expect(client.frames).toHaveLength(2);
  });

  it('are dropped and counted when they name no session, whatever stands in its place', async () => {
    for (const session of ['s', 5, {}, { toString: 1 }]) client.notify('trickle', { session, candidate: {} });
    await works();
    expect(site.server.stats.droppedMessages).toBe(4);
  });

  it('end the connection when they are binary, too long or no UTF-8, and only that one', async () => {
    const [binary, long, garbled] = [await site.peer('viewer'), await site.peer('viewer'), await site.peer('viewer')];
    binary.socket.send(Buffer.from([1, 2, 3]));
    await expect(binary.closed()).resolves.toBe(1003);
    long.socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'trickle', params: { pad: 'x'.repeat(300 * 1024) } }));
    await expect(long.closed()).resolves.toBe(1009);
    garbled.socket.send(Buffer.from([0x7b, 0xff, 0xfe]), { binary: false });
    await expect(garbled.closed()).resolves.toBe(1007);
    await vi.waitFor(() => expect(site.server.stats).toMatchObject({ connections: 1, malformedFrames: 3 }));
    await works();
  });

  it('may come as a batch that does right and wrong at once', async () => {
    client.send([
      { jsonrpc: '2.0', id: 1, method: 'connect', params: { peer: 'nowhere', authorization: 'viewer' } },
      { jsonrpc: '2.0', id: 2, method: 'reboot' },
      'nonsense',
    ]);
    const batch = await client.frame((frame) => Array.isArray(frame));
    expect(batch).toMatchObject([
      { id: 1, error: { code: 480 } },
      { id: 2, error: { code: -32601 } },
      { id: null, error: { code: -32600 } },
    ]);
    await works();
  });
});
