import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { JsonRpcEndpoint } from '../../../../src/base/json-rpc.ts';
import { SignaledSession } from '../../../../src/signaling/device/session.ts';
import { FakeHost, type FakeSession } from '../fixture.ts';
import { line } from './device-bench.ts';

let server: JsonRpcEndpoint;
let device: JsonRpcEndpoint;
let signaled: SignaledSession;
let session: FakeSession;
/** What the server hears of the session, and `closed`. */
let told: string[];

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  server = new JsonRpcEndpoint({
    send: (text) => device.receive(text),
    onErrorNotification: ({ code, session }) => told.push(`${code} ${session}`),
  });
  for (const method of ['invite', 'trickle']) server.handle(method, () => void told.push(method));
  device = new JsonRpcEndpoint({ send: (text) => server.receive(text) });
  const host = new FakeHost();
  signaled = new SignaledSession({
    host,
    request: { session: 's1', iceServers: [] },
    rpc: () => device,
    onClosed: () => told.push('closed'),
  });
  [session] = host.sessions as [FakeSession];
});

afterEach(() => {
  vi.useRealTimers();
});

describe('the end of a session', () => {
  beforeEach(() => signaled.answered());

  it('comes when its time is over, not before, and is told to the peer', async () => {
    session.live = true;
    signaled.expireIn(60);
    await vi.advanceTimersByTimeAsync(59_900);
    expect(session.closedWith).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(session.closedWith).toMatchObject([{ code: 'signaling.expired' }]);
    expect(told).toEqual(['410 s1', 'closed']);
  });

  it('moves with each extension by the server', async () => {
    signaled.expireIn(60);
    await vi.advanceTimersByTimeAsync(50_000);
    signaled.expireIn(60);
    expect(signaled.remainingSeconds).toBe(60);
    await vi.advanceTimersByTimeAsync(59_900);
    expect(session.closedWith).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(session.closedWith).toHaveLength(1);
  });

  it('moves when a server of edition 25.12, asked shortly before, says that the client extended', async () => {
    const asked = vi.fn(() => ({ expiryTimeSeconds: 45 }));
    server.handle('extend', asked);
    signaled.expireIn(60);
    await vi.advanceTimersByTimeAsync(54_900);
    expect(asked).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(200);
    expect(asked).toHaveBeenCalledExactlyOnceWith({ session: 's1' }, expect.anything());
    await vi.advanceTimersByTimeAsync(30_000);
    expect(session.closedWith).toEqual([]);
    expect(signaled.remainingSeconds).toBe(15);
  });

  it('stays where the server says no more than what is known, and comes once', async () => {
    server.handle('extend', () => ({ expiryTimeSeconds: 5 }));
    signaled.expireIn(60);
    await vi.advanceTimersByTimeAsync(60_100);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(session.closedWith).toHaveLength(1);
  });

  it('is as far away as the server says, also beyond what one timer can wait', async () => {
    signaled.expireIn(30 * 86_400);
    await vi.advanceTimersByTimeAsync(29 * 86_400_000);
    expect(session.closedWith).toEqual([]);
    await vi.advanceTimersByTimeAsync(86_400_100);
    expect(session.closedWith).toHaveLength(1);
  });

  it('does not come after the session was closed', async () => {
    signaled.expireIn(60);
    session.toPeer.closed();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(session.closedWith).toEqual([]);
    expect(told).toEqual(['closed']);
  });
});

/** All that a host may say; its media may be in another thread, from where it comes late. */
async function sayAll(): Promise<void> {
  const { toPeer } = session;
  toPeer.trickle({ candidate: line('1') });
  toPeer.error(480, 'The camera is gone');
  await session.invite('offer');
}

describe('nothing more is said of a session', () => {
  beforeEach(() => signaled.answered());

  it('that its host has ended', async () => {
    session.toPeer.error(504, 'No path');
    session.toPeer.closed();
    await sayAll();
    session.toPeer.closed();
    signaled.closeWithError(410, { code: 'signaling.closed', message: '' });
    expect(told).toEqual(['504 s1', 'closed']);
    expect(session.failure).toMatchObject({ code: 410 });
  });

  it('that signaling has ended', async () => {
    signaled.closeWithError(410, { code: 'signaling.closed', message: '' });
    await sayAll();
    expect(told).toEqual(['410 s1', 'closed']);
  });
});

describe('before the answer to connect', () => {
  it('what its host said of a session until its end is held back, in order, and what it says afterwards is not said', () => {
    session.toPeer.trickle({ candidate: line('1') });
    session.toPeer.error(480, 'The camera is gone');
    session.toPeer.closed();
    session.toPeer.trickle({ candidate: line('2') });
    expect(told).toEqual([]);
    signaled.answered();
    expect(told).toEqual(['trickle', '480 s1', 'closed']);
  });

  it('a session ends also where too much is held back already', () => {
    for (let count = 0; count < 1000; count += 1) session.toPeer.trickle({ candidate: line('1') });
    session.toPeer.closed();
    expect(told).toEqual(['closed']);
  });

  it('nothing that was held back is said of a session that its peer has ended', () => {
    session.toPeer.trickle({ candidate: line('1') });
    signaled.close({ code: 'signaling.peer_error', message: '' });
    signaled.answered();
    expect(told).toEqual(['closed']);
  });
});
