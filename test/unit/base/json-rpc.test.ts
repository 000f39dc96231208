import { describe, expect, it, vi } from 'vitest';
import { type ErrorNotification, JsonRpcEndpoint, JsonRpcError, type JsonRpcOptions } from '../../../src/base/json-rpc.ts';

/** An endpoint whose sent frames can be looked at, as JSON. */
function endpoint(options: Partial<JsonRpcOptions> = {}): { rpc: JsonRpcEndpoint; sent: unknown[] } {
  const sent: unknown[] = [];
  const rpc = new JsonRpcEndpoint({ send: (text) => sent.push(JSON.parse(text)), ...options });
  return { rpc, sent };
}

/** Two endpoints that hear each other at once. */
function pair(options: Partial<JsonRpcOptions> = {}): [JsonRpcEndpoint, JsonRpcEndpoint] {
  const left: JsonRpcEndpoint = new JsonRpcEndpoint({ ...options, send: (text) => right.receive(text) });
  const right: JsonRpcEndpoint = new JsonRpcEndpoint({ send: (text) => left.receive(text) });
  return [left, right];
}

const text = (message: unknown): string => JSON.stringify(message);

describe('requests', () => {
  it('carry an object of parameters there and the result back', async () => {
    const [left, right] = pair();
    right.handle('add', ({ a, b }) => (a as number) + (b as number));
    await expect(left.request('add', { a: 2, b: 3 })).resolves.toBe(5);
  });

  it('reject with the code and message that the handler threw', async () => {
    const [left, right] = pair();
    right.handle('connect', () => {
      throw new JsonRpcError(480, 'Asleep');
    });
    const error = await left.request('connect').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(JsonRpcError);
    expect(error).toMatchObject({ code: 480, message: 'Asleep' });
  });

  it('tell nothing of a defect to the other side, but all of it to the owner', async () => {
    const onDefect = vi.fn();
    const [left, right] = pair({ onDefect });
    left.handle('connect', () => {
      throw new TypeError('password is hunter2');
    });
    await expect(right.request('connect')).rejects.toMatchObject({ code: -32603, message: 'Internal error' });
    expect(onDefect).toHaveBeenCalledExactlyOnceWith('connect', new TypeError('password is hunter2'));
  });

  it('reject with 408 when no answer comes in time, and take no late one', async () => {
    const { rpc, sent } = endpoint();
    await expect(rpc.request('invite', {}, 5)).rejects.toMatchObject({ code: 408 });
    const { id } = sent[0] as { id: number };
    rpc.receive(text({ jsonrpc: '2.0', id, result: 'late' }));
  });

  it('reject with 410 when the endpoint is closed, while they wait and afterwards', async () => {
    const { rpc } = endpoint();
    const waiting = rpc.request('invite');
    rpc.close();
    await expect(waiting).rejects.toMatchObject({ code: 410 });
    await expect(rpc.request('invite')).rejects.toMatchObject({ code: 410 });
  });

  it('are refused beyond the bound while others wait', async () => {
    const { rpc, sent } = endpoint({ maxPending: 2 });
    const first = rpc.request('a');
    const second = rpc.request('b');
    await expect(rpc.request('c')).rejects.toMatchObject({ code: -32000 });
    expect(sent).toHaveLength(2);
    rpc.receive(text({ jsonrpc: '2.0', id: (sent[0] as { id: number }).id, result: 1 }));
    await expect(first).resolves.toBe(1);
    const third = rpc.request('d');
    expect(sent).toHaveLength(3);
    rpc.close();
    await Promise.allSettled([second, third]);
  });

  it('are answered with -32000 beyond the bound while others are being answered', async () => {
    const { rpc, sent } = endpoint({ maxPending: 1 });
    const { promise, resolve } = Promise.withResolvers<string>();
    rpc.handle('wait', () => promise);
    rpc.receive(text({ jsonrpc: '2.0', id: 1, method: 'wait' }));
    rpc.receive(text({ jsonrpc: '2.0', id: 2, method: 'wait' }));
    await vi.waitFor(() => expect(sent).toMatchObject([{ id: 2, error: { code: -32000 } }]));
    resolve('done');
    await vi.waitFor(() => expect(sent[1]).toMatchObject({ id: 1, result: 'done' }));
  });

  it('match an answer whose id came back as a string, as in the specification’s example', async () => {
    const { rpc, sent } = endpoint();
    const answer = rpc.request('extend');
    const { id } = sent[0] as { id: number };
    rpc.receive(text({ jsonrpc: '2.0', id: String(id), error: { code: -32601, message: 'Method not found' } }));
    await expect(answer).rejects.toMatchObject({ code: -32601 });
  });

  it('survive an error that is none', async () => {
    const { rpc, sent } = endpoint();
    const answer = rpc.request('extend');
    rpc.receive(text({ jsonrpc: '2.0', id: (sent[0] as { id: number }).id, error: 'nope' }));
    await expect(answer).rejects.toMatchObject({ code: -32603 });
  });
});

describe('calls', () => {
  it('run what waits for the answer right after the answer was sent', async () => {
    const { rpc, sent } = endpoint();
    rpc.handle('connect', async (_params, call) => {
      call.afterAnswer(() => rpc.notify('invite', { offer: 'sdp' }));
      await Promise.resolve();
      return { capabilities: [] };
    });
    rpc.receive(text({ jsonrpc: '2.0', id: 7, method: 'connect', params: {} }));
    await vi.waitFor(() => expect(sent).toHaveLength(2));
    expect(sent).toMatchObject([{ id: 7, result: { capabilities: [] } }, { method: 'invite' }]);
  });

  it('do not run it when the call fails', async () => {
    const { rpc, sent } = endpoint();
    const after = vi.fn();
    rpc.handle('connect', (_params, call) => {
      call.afterAnswer(after);
      throw new JsonRpcError(480, 'Asleep');
    });
    rpc.receive(text({ jsonrpc: '2.0', id: 7, method: 'connect' }));
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    expect(after).not.toHaveBeenCalled();
  });

  it('reach the handlers of notifications in the order of the frames, at once', () => {
    const { rpc, sent } = endpoint();
    const seen: unknown[] = [];
    rpc.handle('trickle', ({ candidate }) => void seen.push(candidate));
    for (const candidate of ['a', 'b', '']) rpc.receive(text({ jsonrpc: '2.0', method: 'trickle', params: { candidate } }));
    expect(seen).toEqual(['a', 'b', '']);
    expect(sent).toEqual([]);
  });

  it.each([[undefined], [null], [[]]])('have no parameters where they are %j, as libraries write it', async (params) => {
    const { rpc, sent } = endpoint();
    rpc.handle('unregister', (given) => given);
    rpc.receive(text({ jsonrpc: '2.0', id: 1, method: 'unregister', params }));
    await vi.waitFor(() => expect(sent).toMatchObject([{ id: 1, result: {} }]));
  });

  it.each([[[1, 2]], ['text'], [7], [false]])('refuse parameters that are no object: %j', async (params) => {
    const { rpc, sent } = endpoint();
    rpc.handle('connect', () => 'never');
    rpc.receive(text({ jsonrpc: '2.0', id: 1, method: 'connect', params }));
    await vi.waitFor(() => expect(sent).toMatchObject([{ id: 1, error: { code: -32602 } }]));
  });

  it('reach them all, however many notifications come in one piece', () => {
    const { rpc } = endpoint({ maxPending: 2 });
    const handler = vi.fn();
    rpc.handle('trickle', handler);
    for (let index = 0; index < 10; index += 1) rpc.receive('{"jsonrpc":"2.0","method":"trickle"}');
    expect(handler).toHaveBeenCalledTimes(10);
  });

  it('answer an unknown method with -32601, but not when it is a notification', async () => {
    const { rpc, sent } = endpoint();
    rpc.receive(text({ jsonrpc: '2.0', method: 'reboot' }));
    rpc.receive(text({ jsonrpc: '2.0', id: 1, method: 'reboot' }));
    await vi.waitFor(() => expect(sent).toMatchObject([{ id: 1, error: { code: -32601 } }]));
  });
});

describe('batches', () => {
  it('are answered by one list, without the notifications, also where one answer is left', async () => {
    const { rpc, sent } = endpoint();
    rpc.handle('double', ({ n }) => (n as number) * 2);
    const call = (id: number | undefined, n: number): unknown => ({ jsonrpc: '2.0', id, method: 'double', params: { n } });
    rpc.receive(text([call(1, 10), call(undefined, 11), call(2, 12), 17]));
    rpc.receive(text([call(3, 13), call(undefined, 14)]));
    await vi.waitFor(() => expect(sent).toHaveLength(2));
    expect(sent).toMatchObject([
      [
        { id: 1, result: 20 },
        { id: 2, result: 24 },
        { id: null, error: { code: -32600 } },
      ],
      [{ id: 3, result: 26 }],
    ]);
  });

  it('may mix answers, calls and error notifications', async () => {
    const onErrorNotification = vi.fn<(error: ErrorNotification) => void>();
    const { rpc, sent } = endpoint({ onErrorNotification });
    const answer = rpc.request('register');
    const { id } = sent[0] as { id: number };
    rpc.receive(
      text([
        { jsonrpc: '2.0', id, result: { id: 'x' } },
        { jsonrpc: '2.0', error: { code: 1001, message: 'Full' } },
      ]),
    );
    await expect(answer).resolves.toEqual({ id: 'x' });
    expect(onErrorNotification).toHaveBeenCalledExactlyOnceWith({ code: 1001, message: 'Full' });
  });

  it.each([[[]], [Array.from({ length: 65 }, () => ({ jsonrpc: '2.0', method: 'x' }))]])(
    'are refused when empty or too long',
    (batch) => {
      const { rpc, sent } = endpoint();
      rpc.receive(text(batch));
      expect(sent).toMatchObject([{ id: null, error: { code: -32600 } }]);
    },
  );
});

describe('the error notification of ONVIF', () => {
  it('is sent without id, the session inside the error', () => {
    const { rpc, sent } = endpoint();
    rpc.notifyError({ code: 1002, message: 'Gone', session: 's1' });
    expect(sent).toEqual([{ jsonrpc: '2.0', error: { code: 1002, message: 'Gone', session: 's1' } }]);
  });

  it.each([
    ['inside the error', { jsonrpc: '2.0', error: { code: 1001, message: 'Full', session: 's1' } }],
    ['beside the error', { jsonrpc: '2.0', error: { code: 1001, message: 'Full' }, session: 's1' }],
    ['in its data', { jsonrpc: '2.0', error: { code: 1001, message: 'Full', data: { session: 's1' } } }],
    ['without a version', { error: { code: 1001, message: 'Full', session: 's1' } }],
    ['as a call', { jsonrpc: '2.0', method: 'error', params: { code: 1001, message: 'Full', session: 's1' } }],
  ])('is understood with the session %s', (_where, message) => {
    const onErrorNotification = vi.fn();
    const { rpc, sent } = endpoint({ onErrorNotification });
    rpc.receive(text(message));
    expect(onErrorNotification).toHaveBeenCalledExactlyOnceWith({ code: 1001, message: 'Full', session: 's1' });
    expect(sent).toEqual([]);
  });

  it('does no harm when its error is no object', () => {
    const onErrorNotification = vi.fn();
    const onMalformed = vi.fn();
    const { rpc, sent } = endpoint({ onErrorNotification, onMalformed });
    rpc.receive(text({ jsonrpc: '2.0', error: 'full' }));
    expect(onErrorNotification).not.toHaveBeenCalled();
    expect(onMalformed).toHaveBeenCalledOnce();
    expect(sent).toEqual([]);
  });
});

describe('frames that cannot be understood', () => {
  it.each([
    ['not JSON', '{"jsonrpc":', -32700],
    ['not text', Buffer.from([1, 2, 3]), -32700],
    ['too long', text({ jsonrpc: '2.0', method: 'x', params: { pad: 'x'.repeat(300) } }), -32600],
    ['too deep', '['.repeat(100_000), -32600],
    ['too deep in objects', '{"a":'.repeat(17), -32600],
    ['a number', '17', -32600],
    ['null', 'null', -32600],
    ['neither call nor answer', '{"jsonrpc":"2.0"}', -32600],
  ])('are answered and counted: %s', async (_what, frame, code) => {
    const onMalformed = vi.fn();
    const { rpc, sent } = endpoint({
      onMalformed,
      maxFrameLength: typeof frame === 'string' && frame.length < 500 ? 200 : 200_000,
    });
    rpc.receive(frame);
    await vi.waitFor(() => expect(sent).toMatchObject([{ id: null, error: { code } }]));
    expect(onMalformed).toHaveBeenCalledOnce();
  });

  it('does not count brackets inside strings as nesting', () => {
    const { rpc } = endpoint({ maxDepth: 3 });
    const seen = vi.fn();
    rpc.handle('trickle', seen);
    rpc.receive(text({ jsonrpc: '2.0', method: 'trickle', params: { candidate: '[[[[{{{{ \\" [[[[' } }));
    expect(seen).toHaveBeenCalledOnce();
  });

  it('never make two endpoints answer each other’s refusals for ever', async () => {
    let frames = 0;
    const left: JsonRpcEndpoint = new JsonRpcEndpoint({ send: (frame) => ((frames += 1), right.receive(frame)) });
    const right: JsonRpcEndpoint = new JsonRpcEndpoint({ send: (frame) => ((frames += 1), left.receive(frame)) });
    left.receive('}');
    left.receive('17');
    await new Promise((resolve) => setImmediate(resolve));
    expect(frames).toBe(2);
  });
});

describe('a listener that fails', () => {
  it('does not harm the socket that brought the error', () => {
    const onDefect = vi.fn();
    const { rpc } = endpoint({
      onDefect,
      onErrorNotification: () => {
        throw new TypeError('broken');
      },
    });
    rpc.receive(text({ error: { code: 1001, message: 'Full' } }));
    expect(onDefect).toHaveBeenCalledExactlyOnceWith('error', new TypeError('broken'));
  });
});
