import { describe, expect, it, vi } from 'vitest';
import type { Socket } from '../../../src/client/peer-connection.ts';
import { SignalingLink, type SignalingLinkOptions } from '../../../src/client/signaling-link.ts';

type Message = Record<string, unknown>;

/** A WebSocket without a network, already open when somebody listens. */
class FakeSocket implements Socket {
  readonly url: string;
  readonly subprotocol: string;
  readonly sent: Message[] = [];
  /** Comes before the answer to connect. */
  early: Message[] = [];
  readyState = 1;
  readonly #listeners = new Map<string, (event: { data: unknown }) => void>();

  constructor(url: string, subprotocol: string) {
    this.url = url;
    this.subprotocol = subprotocol;
  }

  addEventListener(type: string, listener: (event: { data: unknown }) => void): void {
    this.#listeners.set(type, listener);
    if (type === 'open') queueMicrotask(() => listener({ data: null }));
  }

  send(text: string): void {
    const message = JSON.parse(text) as Message;
    this.sent.push(message);
    if (message['method'] === 'register') this.receive({ id: message['id'], result: { id: 'me' } });
    if (message['method'] !== 'connect') return;
    for (const frame of this.early) this.receive(frame);
    this.receive({ id: message['id'], result: { session: 's1', iceServers: [{ urls: 'stun:a' }], expiryTimeSeconds: 60 } });
  }

  receive(message: Message): void {
    this.#listeners.get('message')?.({ data: JSON.stringify({ jsonrpc: '2.0', ...message }) });
  }

  close(): void {
    this.readyState = 3;
  }
}

function link({ early = [], ...options }: Partial<SignalingLinkOptions> & { early?: Message[] } = {}): {
  link: SignalingLink;
  socket: () => FakeSocket;
} {
  let socket: FakeSocket | undefined;
  const made = new SignalingLink({
    server: 'wss://signaling.example.com/onvif?site=1',
    token: () => Promise.resolve('a b&c'),
    createWebSocket: (url, subprotocol) => {
      socket = new FakeSocket(url, subprotocol);
      socket.early = early;
      return socket;
    },
    onInvite: () => Promise.resolve({ answer: 'answer', subprotocols: [] }),
    onCandidate: () => {},
    onErrorNotification: () => {},
    onLost: () => {},
    ...options,
  });
  return {
    link: made,
    socket: () => {
      if (socket === undefined) throw new Error('no socket yet');
      return socket;
    },
  };
}

describe('the client towards a server of another vendor', () => {
  it('brings the token in the query, in register and in connect, and asks with the subprotocol', async () => {
    const { link: opening, socket } = link();
    await expect(opening.open('cam', 'main')).resolves.toEqual({
      session: 's1',
      iceServers: [{ urls: ['stun:a'] }],
      expirySeconds: 60,
    });
    expect(socket().url).toBe('wss://signaling.example.com/onvif?site=1&access_token=a+b%26c');
    expect(socket().subprotocol).toBe('webrtc.onvif.org');
    expect(socket().sent).toMatchObject([
      { method: 'register', params: { authorization: 'a b&c' } },
      { method: 'connect', params: { peer: 'cam', authorization: 'a b&c', profile: 'main' } },
    ]);
  });

  it('sends no token where there is none', async () => {
    const { link: opening, socket } = link({ token: () => Promise.resolve(undefined) });
    await opening.open('cam', undefined);
    expect(socket().url).toBe('wss://signaling.example.com/onvif?site=1');
    expect(socket().sent.map(({ params }) => params)).toEqual([{}, { peer: 'cam' }]);
  });

  it('holds its candidates back until the answer to invite is out', async () => {
    const { link: opening, socket } = link();
    await opening.open('cam', undefined);
    opening.trickle({ candidate: 'candidate:1' });
    socket().receive({ id: 9, method: 'invite', params: { session: 's1', offer: 'offer' } });
    opening.trickle({ candidate: '' });
    await vi.waitFor(() => expect(socket().sent).toHaveLength(5));
    expect(socket().sent.slice(2)).toMatchObject([
      { id: 9, result: { answer: 'answer' } },
      { method: 'trickle', params: { session: 's1', candidate: { candidate: 'candidate:1' } } },
      { method: 'trickle', params: { session: 's1', candidate: { candidate: '' } } },
    ]);
  });

  it('takes candidates before the answer to connect, and nothing of another session', async () => {
    const onCandidate = vi.fn();
    const early = [{ method: 'trickle', params: { session: 's1', candidate: { candidate: 'candidate:early' } } }];
    const { link: opening, socket } = link({ onCandidate, early });
    await opening.open('cam', undefined);
    socket().receive({ method: 'trickle', params: { session: 's2', candidate: { candidate: 'candidate:other' } } });
    socket().receive({ id: 9, method: 'invite', params: { session: 's2', offer: 'offer' } });
    await vi.waitFor(() => expect(socket().sent.at(-1)).toMatchObject({ id: 9, error: { code: 400 } }));
    expect(onCandidate.mock.calls).toEqual([[{ candidate: 'candidate:early' }]]);
  });

  it('calls a malformed candidate 1003', async () => {
    const { link: opening, socket } = link();
    await opening.open('cam', undefined);
    socket().receive({ method: 'trickle', params: { session: 's1', candidate: [] } });
    expect(socket().sent.at(-1)).toMatchObject({ error: { code: 1003, session: 's1' } });
  });
});
