import { expect, it, onTestFinished, vi } from 'vitest';
import { RTCSctpTransport } from 'werift';
import { createSrtpEgress } from '../../../../../src/peer/egress/srtp.ts';
import { RtpSender } from '../../../../../src/peer/egress/rtp-sender.ts';
import { packetizeH264 } from '../../../../../src/media/h264/packetizer.ts';
import { HeadlessPeerConnection } from '../../../../../src/peer/webrtc/headless/peer-connection.ts';
import type { IceCandidate } from '../../../../../src/base/ice.ts';
import { IDR, PPS, SLICES, SPS } from '../../../media/h264-camera.ts';
import { APPLICATION_DATA, type DtlsRecord, recordsComing, reusedNumbers } from '../dtls-records.ts';
import { type LoopbackViewer, makePeer, makeViewer, OFFERED, WAIT } from '../loopback-viewer.ts';

/** Lets a device offer, and the viewer answer. */
async function join(viewer: HeadlessPeerConnection): Promise<ReturnType<typeof makePeer>['told']> {
  const early: IceCandidate[] = [];
  const { peer, told } = makePeer({ onCandidate: (candidate) => early.push(candidate) });
  await viewer.setRemoteDescription({ type: 'offer', sdp: await peer.offer(OFFERED) });
  const answer = await viewer.createAnswer();
  await peer.accept(answer.sdp ?? '');
  viewer.addEventListener('icecandidate', ({ candidate }) => void peer.addCandidate(candidate ?? { candidate: '' }));
  await viewer.setLocalDescription(answer);
  await vi.waitUntil(() => early.at(-1)?.candidate === '', WAIT);
  for (const candidate of early) await viewer.addIceCandidate(candidate);
  return told;
}

it('a headless viewer is connected by ICE and DTLS, whatever SCTP still waits for', async () => {
  vi.spyOn(RTCSctpTransport.prototype, 'start').mockReturnValue(new Promise<never>(() => undefined));
  onTestFinished(() => void vi.restoreAllMocks());
  const viewer = new HeadlessPeerConnection({ iceServers: [], onFirstFrame: () => undefined });
  onTestFinished(() => viewer.close());
  const states: string[] = [];
  viewer.addEventListener('connectionstatechange', () => states.push(viewer.connectionState));
  await join(viewer);
  await vi.waitFor(() => expect(states.at(-1)).toBe('connected'), WAIT);
});

it('a headless viewer connects, and counts the frames that a decoder could show', async () => {
  let firstFrames = 0;
  const viewer = new HeadlessPeerConnection({ iceServers: [], onFirstFrame: () => (firstFrames += 1) });
  onTestFinished(() => viewer.close());
  const tracks: string[] = [];
  const states: string[] = [];
  viewer.addEventListener('track', ({ track }) => tracks.push(track.kind));
  viewer.addEventListener('connectionstatechange', () => states.push(viewer.connectionState));
  const told = await join(viewer);
  expect(viewer.localDescription?.sdp).toContain('m=video 9');
  const [connected] = await vi.waitUntil(() => told.connected.length > 0 && told.connected, WAIT);
  await vi.waitFor(() => expect(states.at(-1)).toBe('connected'), WAIT);
  expect(tracks).toEqual(['video', 'audio']);
  const video = connected?.media.video;
  if (connected === undefined || video === undefined) throw new Error('no video');
  const sender = new RtpSender(video, createSrtpEgress(connected.transport), connected.transport);
  // A frame before the keyframe can be shown by nobody.
  for (const [at, nals] of [SLICES.slice(0, 1), [SPS, PPS, IDR], SLICES.slice(0, 1)].entries()) {
    const payloads = packetizeH264(nals, 1100);
    for (const [index, payload] of payloads.entries())
      sender.send(payload, video.payloadTypes.get('H264') ?? 0, index === payloads.length - 1, at * 3600);
  }
  const statistics = async (): Promise<Record<string, unknown> | undefined> => (await viewer.getStats()).get('inbound-video');
  await vi.waitFor(async () => expect((await statistics())?.['framesDecoded']).toBe(2), WAIT);
  expect(await statistics()).toMatchObject({
    kind: 'video',
    keyFramesDecoded: 1,
    packetsLost: 0,
    packetsReceived: sender.counters.packets,
  });
  expect((await viewer.getStats()).get('codec-video')?.['mimeType']).toBe('video/H264');
  expect(firstFrames).toBe(1);
});

it('a headless viewer tells of channels that the other side opens, and can close them', async () => {
  const viewer = new HeadlessPeerConnection({ iceServers: [], onFirstFrame: () => undefined });
  onTestFinished(() => viewer.close());
  viewer.addEventListener('datachannel', ({ channel }) => channel.close());
  const other = makeViewer();
  const channel = other.connection.createDataChannel('x', { protocol: 'chat' });
  const states: string[] = [];
  channel.stateChanged.subscribe((state) => states.push(state));
  await answer(viewer, other);
  await vi.waitFor(() => expect(states.at(-1)).toBe('closed'), WAIT);
});

it('a headless viewer numbers no two of its records alike', async () => {
  const viewer = new HeadlessPeerConnection({ iceServers: [], onFirstFrame: () => undefined });
  onTestFinished(() => viewer.close());
  const other = makeViewer();
  const channel = other.connection.createDataChannel('x', { protocol: 'chat' });
  let records: DtlsRecord[] = [];
  await answer(viewer, other, () => (records = recordsComing(other.transport)));
  await vi.waitUntil(() => channel.readyState === 'open', WAIT);
  // What it sends acknowledges what comes.
  const acknowledged = (): number => records.filter(({ type }) => type === APPLICATION_DATA).length;
  await vi.waitFor(() => {
    channel.send('x');
    expect(acknowledged()).toBeGreaterThan(20);
  }, WAIT);
  expect(reusedNumbers(records)).toEqual([]);
});

/** The other offers, and the headless viewer answers. */
async function answer(viewer: HeadlessPeerConnection, other: LoopbackViewer, onOffered = (): void => undefined): Promise<void> {
  const { connection } = other;
  connection.onIceCandidate.subscribe((candidate) => {
    if (candidate?.candidate !== undefined) void viewer.addIceCandidate({ candidate: candidate.candidate, sdpMLineIndex: 0 });
  });
  const offer = await connection.createOffer();
  await viewer.setRemoteDescription({ type: 'offer', sdp: offer.sdp });
  // Where none is given werift asks Google's STUN server.
  delete other.transport.iceTransport.connection.stunServer;
  onOffered();
  await connection.setLocalDescription(offer);
  viewer.addEventListener('icecandidate', ({ candidate }) => {
    if (candidate !== null) void connection.addIceCandidate({ candidate: candidate.candidate, sdpMLineIndex: 0 });
  });
  const { sdp } = await viewer.createAnswer();
  await connection.setRemoteDescription({ type: 'answer', sdp: sdp ?? '' });
  await viewer.setLocalDescription({ type: 'answer', sdp: sdp ?? '' });
}
