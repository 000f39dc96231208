import { expect, it, onTestFinished, vi } from 'vitest';
import { createSrtpEgress } from '../../../../../src/peer/egress/srtp.ts';
import { RtpSender } from '../../../../../src/peer/egress/rtp-sender.ts';
import { packetizeH264 } from '../../../../../src/media/h264/packetizer.ts';
import { HeadlessPeerConnection } from '../../../../../src/peer/webrtc/headless/peer-connection.ts';
import type { IceCandidate } from '../../../../../src/base/ice.ts';
import { IDR, PPS, SLICES, SPS } from '../../../media/h264-camera.ts';
import { makePeer, WAIT } from '../loopback-viewer.ts';

it('a headless viewer connects, and counts the frames that a decoder could show', async () => {
  let firstFrames = 0;
  const viewer = new HeadlessPeerConnection({ iceServers: [], onFirstFrame: () => (firstFrames += 1) });
  onTestFinished(() => viewer.close());
  const tracks: string[] = [];
  const states: string[] = [];
  viewer.addEventListener('track', ({ track }) => tracks.push(track.kind));
  viewer.addEventListener('connectionstatechange', () => states.push(viewer.connectionState));
  const early: IceCandidate[] = [];
  const { peer, told } = makePeer({ onCandidate: (candidate) => early.push(candidate) });
  await viewer.setRemoteDescription({ type: 'offer', sdp: await peer.offer() });
  const answer = await viewer.createAnswer();
  await peer.accept(answer.sdp ?? '');
  viewer.addEventListener('icecandidate', ({ candidate }) => void peer.addCandidate(candidate ?? { candidate: '' }));
  await viewer.setLocalDescription(answer);
  expect(viewer.localDescription?.sdp).toContain('m=video 9');
  await vi.waitUntil(() => early.at(-1)?.candidate === '', WAIT);
  for (const candidate of early) await viewer.addIceCandidate(candidate);
  const [connected] = await vi.waitUntil(() => told.connected.length > 0 && told.connected, WAIT);
  await vi.waitFor(() => expect(states.at(-1)).toBe('connected'), WAIT);
  expect(tracks).toEqual(['video', 'audio']);
  const video = connected?.media.video;
  if (connected === undefined || video === undefined) throw new Error('no video');
  const sender = new RtpSender(video, createSrtpEgress(connected.transport.keys), connected.transport);
  // A frame before the keyframe can be shown by nobody.
  for (const [at, nals] of [SLICES.slice(0, 1), [SPS, PPS, IDR], SLICES.slice(0, 1)].entries()) {
    const payloads = packetizeH264(nals, 1100);
    for (const [index, payload] of payloads.entries())
      sender.send(payload, video.payloadType, index === payloads.length - 1, at * 3600, Date.now());
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
