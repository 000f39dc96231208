import { expect, it, onTestFinished, vi } from 'vitest';
import { HeadlessPeerConnection } from '../../../../../src/peer/webrtc/headless/peer-connection.ts';
import { PathWatch } from '../../../../../src/peer/webrtc/ice/path-watch.ts';
import type { IceCandidate } from '../../../../../src/base/ice.ts';
import { makePeer, OFFERED, WAIT } from '../loopback-viewer.ts';

it('a headless viewer takes a second offer, which restarts ICE, and goes on by the other path', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const viewer = new HeadlessPeerConnection({ iceServers: [], onFirstFrame: () => undefined });
  onTestFinished(() => viewer.close());
  let toViewer: IceCandidate[] = [];
  const { peer, told } = makePeer({ onCandidate: (candidate) => toViewer.push(candidate) });
  viewer.addEventListener('icecandidate', ({ candidate }) => void peer.addCandidate(candidate ?? { candidate: '' }));
  const answerTo = async (sdp: string): Promise<string> => {
    await viewer.setRemoteDescription({ type: 'offer', sdp });
    return (await viewer.createAnswer()).sdp ?? '';
  };
  const exchange = async (answer: string): Promise<void> => {
    await viewer.setLocalDescription({ type: 'answer', sdp: answer });
    await vi.waitUntil(() => toViewer.at(-1)?.candidate === '', WAIT);
    for (const candidate of toViewer.splice(0)) await viewer.addIceCandidate(candidate);
  };
  const first = await answerTo(await peer.offer(OFFERED));
  await peer.accept(first);
  await exchange(first);
  const [connected] = await vi.waitUntil(() => told.connected.length > 0 && told.connected, WAIT);
  await vi.waitUntil(() => viewer.connectionState === 'connected', WAIT);

  toViewer = [];
  const check = vi.spyOn(PathWatch.prototype, 'check').mockReturnValueOnce('failing').mockReturnValue('well');
  onTestFinished(() => check.mockRestore());
  vi.advanceTimersByTime(1000);
  const second = await answerTo(told.restarts[0] ?? '');
  const restarted = peer.acceptRestart(second);
  await exchange(second);
  await restarted;
  const ufragOf = (sdp: string): string | undefined => /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1];
  expect(ufragOf(second)).not.toBe(ufragOf(first));
  expect(connected?.transport.send(Buffer.alloc(20, 0x80))).toBe(true);
  expect(peer.path).toMatchObject({ transport: 'udp' });
  viewer.createDataChannel('', { ordered: true, protocol: 'after' });
  await vi.waitFor(() => expect(told.channels.map(({ protocol }) => protocol)).toEqual(['after']), WAIT);
  expect([viewer.connectionState, told.disconnected]).toEqual(['connected', []]);
});
