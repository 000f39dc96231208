import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Connection } from 'werift';
import { internalsOf } from '../../../../../src/peer/webrtc/ice/werift-connection.ts';
import { joined, WAIT } from '../loopback-viewer.ts';
import { TranslatedViewer } from '../rebinding-nat.ts';

/* Somebody walks out of the house: the telephone has another address, and its connection to the signaling server is gone with the former one. */

let ahead = 0;

beforeEach(() => {
  // Of all timers the one that looks at the path.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  ahead = 0;
  const steady = performance.now.bind(performance);
  const now = vi.spyOn(performance, 'now').mockImplementation(() => steady() + ahead);
  onTestFinished(() => {
    now.mockRestore();
    vi.useRealTimers();
  });
});

/** One look at the path, so long after the last one. */
function look(afterMs = 1000): void {
  ahead += afterMs;
  vi.advanceTimersByTime(1000);
}

/** The viewer checks its path, as browsers do several times a second while they hear nothing; the answer has come. */
async function check(viewer: TranslatedViewer): Promise<void> {
  const agent = internalsOf(viewer.transport.iceTransport.connection as Connection);
  const pair = agent.nominated;
  if (pair === undefined) throw new Error('the viewer has no path');
  const { localUsername, remoteUsername, remotePassword } = agent;
  const { localCandidate, protocol, remoteAddr } = pair;
  const request = agent.buildRequest({ nominate: false, localUsername, remoteUsername, iceControlling: false, localCandidate });
  await protocol.request(request, remoteAddr, Buffer.from(remotePassword), { retransmissions: 6, responseTimeout: 500 });
}

/** It is told once that the viewer was found, and what is sent then reaches him. */
async function expectFollowed({
  viewer,
  transport,
  told,
}: Awaited<ReturnType<typeof joined>> & { viewer: TranslatedViewer }): Promise<void> {
  await vi.waitFor(async () => {
    await check(viewer);
    look();
    expect(told.found).toBe(1);
  }, WAIT);
  const lengths: number[] = [];
  viewer.transport.iceTransport.connection.onData.subscribe(({ length }) => lengths.push(length));
  await vi.waitUntil(() => {
    // Looks like RTP.
    transport.send(Buffer.alloc(77, 0x80));
    return lengths.includes(77);
  }, WAIT);
}

describe('a viewer that is at another address', () => {
  it('is followed there, which is told, once it is silent at the former one', async () => {
    const viewer = await TranslatedViewer.open();
    const both = await joined(viewer);
    look();
    expect(both.told.found).toBe(0);
    await viewer.move();
    await expectFollowed({ ...both, viewer });
    expect([both.told.restarts, both.told.disconnected]).toEqual([[], []]);
  });

  it('is followed there though it was invited to an ICE restart meanwhile, of which it does not hear', async () => {
    const viewer = await TranslatedViewer.open();
    const both = await joined(viewer);
    await vi.waitFor(() => {
      look();
      expect(both.told.restarts).toHaveLength(1);
    }, WAIT);
    await viewer.move();
    await expectFollowed({ ...both, viewer });
    expect(both.peer.isPathInDoubt).toBe(false);
    expect([both.told.restarts.length, both.told.disconnected]).toEqual([1, []]);
  });
});
