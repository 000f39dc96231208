import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Connection } from 'werift';
import { RemoteCandidates } from '../../../../../src/peer/webrtc/ice/remote-candidates.ts';
import { PathWatch } from '../../../../../src/peer/webrtc/ice/path-watch.ts';
import { joined, WAIT, type LoopbackViewer } from '../loopback-viewer.ts';

/* The path to a viewer fails, as far as the watch says; the packets go on. */

type Joined = Awaited<ReturnType<typeof joined>>;

/** A viewer that was just invited again, with the offer of a restart. */
async function failing(): Promise<Joined & { offer: string }> {
  // Of all timers the one that looks at the path.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const both = await joined();
  const check = vi.spyOn(PathWatch.prototype, 'check').mockReturnValueOnce('failing').mockReturnValue('well');
  onTestFinished(() => check.mockRestore());
  vi.advanceTimersByTime(1000);
  const [offer = ''] = both.told.restarts;
  return { ...both, offer };
}

/** A stock werift as a viewer that takes the offer; it starts ICE again by itself, which werift does not where DTLS stands. */
async function restart({ viewer, peer, offer, told }: Joined & { offer: string }): Promise<void> {
  const known = told.candidates.length;
  await viewer.connection.setRemoteDescription({ type: 'offer', sdp: offer });
  const answer = await viewer.connection.createAnswer();
  await viewer.connection.setLocalDescription(answer);
  const accepted = peer.acceptRestart(answer.sdp);
  void (viewer.transport.iceTransport.connection as Connection).connect();
  for (const candidate of told.candidates.slice(known)) await viewer.addCandidate(candidate);
  for (const candidate of viewer.transport.iceTransport.localCandidates)
    await peer.addCandidate({ candidate: candidate.toJSON().candidate, sdpMLineIndex: 0 });
  await accepted;
}

function received(viewer: LoopbackViewer): Buffer[] {
  const datagrams: Buffer[] = [];
  viewer.transport.iceTransport.connection.onData.subscribe((datagram) => datagrams.push(datagram));
  return datagrams;
}

/** Looks like RTP, and is told from others by its length. */
const packet = (length: number): Buffer => Buffer.alloc(length, 0x80);
const ufragOf = (sdp: string): string | undefined => /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1];

describe('an ICE restart', () => {
  it('leads to a path with other credentials, over which the same media and data channels go on', async () => {
    const both = await failing();
    const { viewer, peer, transport, told } = both;
    const channel = await viewer.openChannel('before');
    expect(peer.isPathInDoubt).toBe(true);
    expect(told.found).toBe(0);
    await restart(both);
    expect([peer.isPathInDoubt, told.found]).toEqual([false, 1]);
    const connection = viewer.transport.iceTransport.connection as Connection;
    expect(connection.remoteUsername).toBe(ufragOf(both.offer));
    const datagrams = received(viewer);
    expect(transport.send(packet(77))).toBe(true);
    await vi.waitUntil(() => datagrams.some(({ length }) => length === 77), WAIT);
    expect(peer.path).toMatchObject({ local: 'host', transport: 'udp' });
    expect(channel.readyState).toBe('open');
    await viewer.openChannel('after');
    expect(told.disconnected).toEqual([]);
  });

  it('sends on by the former path until the other one is found', async () => {
    const { viewer, transport, peer } = await failing();
    const datagrams = received(viewer);
    expect(transport.send(packet(66))).toBe(true);
    await vi.waitUntil(() => datagrams.some(({ length }) => length === 66), WAIT);
    expect(peer.path).toMatchObject({ local: 'host' });
    expect(transport.backlog).toBe(0);
  });

  it('that the viewer does not take leaves everything as it was', async () => {
    const { viewer, peer, transport, told } = await failing();
    const { connection } = viewer.transport.iceTransport;
    peer.refuseRestart();
    const datagrams = received(viewer);
    expect(transport.send(packet(55))).toBe(true);
    await vi.waitUntil(() => datagrams.some(({ length }) => length === 55), WAIT);
    // Both sides still confirm by the credentials of the beginning.
    expect(connection.remoteUsername).toBe(/ufrag (\S+)/.exec(told.candidates[0]?.candidate ?? '')?.[1]);
    await viewer.openChannel('after');
    expect(told.disconnected).toEqual([]);
  });

  it.each([
    ['keeps its credentials', (viewer: LoopbackViewer) => viewer.connection.localDescription?.sdp ?? ''],
    ['has none', () => 'v=0\r\n'],
  ])('whose answer %s is taken for one that was refused', async (_, answer) => {
    const { viewer, peer, transport, told } = await failing();
    await peer.acceptRestart(answer(viewer));
    const datagrams = received(viewer);
    expect(transport.send(packet(44))).toBe(true);
    await vi.waitUntil(() => datagrams.some(({ length }) => length === 44), WAIT);
    expect(told.disconnected).toEqual([]);
  });

  it('is refused at once by an answer that keeps its credentials, whatever names are still looked up for it', async () => {
    const { viewer, peer, told } = await failing();
    const unhandled = vi.fn();
    process.once('unhandledRejection', unhandled);
    onTestFinished(() => void process.off('unhandledRejection', unhandled));
    const add = vi.spyOn(RemoteCandidates.prototype, 'add').mockReturnValue(new Promise(() => undefined));
    onTestFinished(() => add.mockRestore());
    const answer = `${viewer.connection.localDescription?.sdp}a=candidate:1 1 udp 2122260223 nobody.local 50000 typ host\r\n`;
    await peer.acceptRestart(answer);
    expect(add).toHaveBeenCalledWith({ candidate: 'candidate:1 1 udp 2122260223 nobody.local 50000 typ host' });
    await new Promise(setImmediate);
    expect(unhandled).not.toHaveBeenCalled();
    await viewer.openChannel('after');
    expect(told.disconnected).toEqual([]);
  });

  it('that is not answered while the viewer goes on by the path is taken back, and offered again once the invitation has come to its end', async () => {
    const { viewer, peer, transport, told } = await failing();
    vi.restoreAllMocks();
    const steady = performance.now.bind(performance);
    let ahead = 0;
    const now = vi.spyOn(performance, 'now').mockImplementation(() => steady() + ahead);
    onTestFinished(() => now.mockRestore());
    const pass = async (ms: number): Promise<void> => {
      const heard = told.rtcp.length;
      await viewer.sendRtcp(Buffer.from('80c90001000000aa', 'hex'));
      await vi.waitUntil(() => told.rtcp.length > heard, WAIT);
      ahead += ms;
      vi.advanceTimersByTime(1000);
      // The viewer's answer to a check comes before what it is asked next.
      await vi.waitFor(() => viewer.openChannel('any'), WAIT);
    };
    for (let second = 0; second < 9; second += 1) await pass(1000);
    expect(peer.isPathInDoubt).toBe(true);
    expect(told.found).toBe(0);
    for (let second = 0; second < 3; second += 1) await pass(1000);
    expect([peer.isPathInDoubt, told.found]).toEqual([false, 1]);
    expect(transport.send(packet(33))).toBe(true);
    expect(told.disconnected).toEqual([]);
    const fails = vi.spyOn(PathWatch.prototype, 'check').mockReturnValue('failing');
    onTestFinished(() => fails.mockRestore());
    vi.advanceTimersByTime(1000);
    expect(told.restarts).toHaveLength(1);
    peer.refuseRestart();
    vi.advanceTimersByTime(1000);
    expect(told.restarts).toHaveLength(2);
  });

  it('that was refused is offered again five seconds later, while the path fails still', async () => {
    const { peer, told } = await failing();
    vi.spyOn(PathWatch.prototype, 'check').mockReturnValue('failing');
    const steady = performance.now.bind(performance);
    let ahead = 0;
    const now = vi.spyOn(performance, 'now').mockImplementation(() => steady() + ahead);
    onTestFinished(() => now.mockRestore());
    peer.refuseRestart();
    vi.advanceTimersByTime(1000);
    expect(told.restarts).toHaveLength(1);
    ahead = 5000;
    vi.advanceTimersByTime(1000);
    expect(told.restarts).toHaveLength(2);
    expect(told.disconnected).toEqual([]);
  });

  it('that is not answered does not end a path that the viewer goes on confirming', async () => {
    const { told } = await failing();
    vi.restoreAllMocks();
    const steady = performance.now.bind(performance);
    let ahead = 0;
    const now = vi.spyOn(performance, 'now').mockImplementation(() => steady() + ahead);
    onTestFinished(() => now.mockRestore());
    const confirmed = vi.spyOn(PathWatch.prototype, 'check');
    onTestFinished(() => confirmed.mockRestore());
    const count = (): number => confirmed.mock.lastCall?.[0]?.confirmed ?? 0;
    vi.advanceTimersByTime(1000);
    const before = count();
    ahead = 25_000;
    await vi.waitFor(() => {
      vi.advanceTimersByTime(1000);
      expect(count()).toBeGreaterThan(before);
    }, WAIT);
    ahead = 35_000;
    vi.advanceTimersByTime(1000);
    expect(told.disconnected).toEqual([]);
  });

  it('goes on with its first answer when another one comes', async () => {
    const both = await failing();
    const accept = both.peer.acceptRestart.bind(both.peer);
    vi.spyOn(both.peer, 'acceptRestart').mockImplementation(async (answer) => {
      const accepted = accept(answer);
      await accept('v=0\r\n');
      await accepted;
    });
    await restart(both);
    await both.viewer.openChannel('after');
    expect(both.told.disconnected).toEqual([]);
  });

  it('is offered with what was agreed before, so that nothing else is negotiated anew', async () => {
    const { offer, viewer } = await failing();
    const first = viewer.connection.remoteDescription?.sdp ?? '';
    const [before, after] = [first, offer].map((sdp) => ({
      media: sdp.match(/^m=\S+ \d+ \S+ .*$/gm),
      ssrcs: sdp.match(/^a=ssrc:\d+/gm),
      fingerprints: sdp.match(/^a=fingerprint:.*$/gm),
      version: Number(/^o=\S+ \S+ (\d+)/m.exec(sdp)?.[1]),
      ufrag: ufragOf(sdp),
    }));
    expect(after).toMatchObject({ media: before?.media, ssrcs: before?.ssrcs, fingerprints: before?.fingerprints });
    expect(after?.version).toBe((before?.version ?? 0) + 1);
    expect(after?.ufrag).not.toBe(before?.ufrag);
    expect(offer).not.toContain('a=candidate');
  });
});

describe('a path that is lost', () => {
  it('ends the session, also while another one is looked for', async () => {
    const { told } = await failing();
    vi.spyOn(PathWatch.prototype, 'check').mockReturnValue('lost');
    vi.advanceTimersByTime(1000);
    expect(told.disconnected.map(({ code }) => code)).toEqual(['session.lost']);
  });
});
