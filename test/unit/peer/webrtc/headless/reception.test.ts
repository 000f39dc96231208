import { expect, it, onTestFinished, vi } from 'vitest';
import type { IceCandidate } from '../../../../../src/base/ice.ts';
import { packetizeH264 } from '../../../../../src/media/h264/packetizer.ts';
import { encodeSenderReport, type RtcpMessage } from '../../../../../src/media/rtp/rtcp.ts';
import { createSrtpEgress } from '../../../../../src/peer/egress/srtp.ts';
import { HeadlessPeerConnection } from '../../../../../src/peer/webrtc/headless/peer-connection.ts';
import { IDR, PPS, SLICES, SPS } from '../../../media/h264-camera.ts';
import { makePeer, OFFERED, WAIT } from '../loopback-viewer.ts';

/** A picture that is a packet, and one that is a handful. */
const SLICE = SLICES[0]?.subarray(0, 200) ?? Buffer.alloc(0);
const KEYFRAME = packetizeH264([SPS, PPS, IDR], 300);

interface Packet {
  /** Counts on where the 16 bits of the packet begin anew. */
  sequence: number;
  /** Its timestamp. */
  picture: number;
  payload: Buffer;
  marker?: boolean;
}

interface Sending {
  rtcp: RtcpMessage[];
  ssrc: number;
  /** The number of the transport counts by itself. */
  send: (packet: Packet) => void;
  /** Sends it by the stream of retransmissions. */
  sendAgain: (packet: Packet) => void;
  sendRtcp: (compound: Buffer) => void;
  statistics: () => Promise<Record<string, unknown>>;
}

/** A device and a viewer between whom media may flow; the device sends what the test has it send. @param offered what the viewer is given of its offer */
async function connected(offered = (sdp: string): string => sdp): Promise<Sending> {
  const viewer = new HeadlessPeerConnection({ iceServers: [], onFirstFrame: () => undefined });
  onTestFinished(() => viewer.close());
  const toViewer: IceCandidate[] = [];
  const { peer, told } = makePeer({ onCandidate: (candidate) => toViewer.push(candidate) });
  await viewer.setRemoteDescription({ type: 'offer', sdp: offered(await peer.offer(OFFERED)) });
  const answer = await viewer.createAnswer();
  await peer.accept(answer.sdp ?? '');
  viewer.addEventListener('icecandidate', ({ candidate }) => void peer.addCandidate(candidate ?? { candidate: '' }));
  await viewer.setLocalDescription(answer);
  await vi.waitUntil(() => toViewer.at(-1)?.candidate === '', WAIT);
  for (const candidate of toViewer) await viewer.addIceCandidate(candidate);
  const [{ media, transport } = { media: {}, transport: undefined }] = await vi.waitUntil(
    () => told.connected.length > 0 && told.connected,
    WAIT,
  );
  const { video } = media;
  if (video?.rtx === undefined || transport === undefined) throw new Error('no pictures, or none again');
  const { ssrc, rtx } = video;
  const egress = createSrtpEgress(transport);
  let transportSequence = 65_534;
  let again = 0;
  const write = (source: number, payloadType: number, { sequence, picture, payload, marker = true }: Packet): void => {
    const header = Buffer.alloc(20);
    header.writeUInt16BE(0x9000 | (marker ? 0x80 : 0) | payloadType, 0);
    header.writeUInt16BE(sequence & 0xffff, 2);
    header.writeUInt32BE(picture, 4);
    header.writeUInt32BE(source, 8);
    header.writeUInt32BE(0xbede_0001, 12);
    header.writeUInt8(((video.transportSequence?.extensionId ?? 0) << 4) | 1, 16);
    header.writeUInt16BE(transportSequence & 0xffff, 17);
    transportSequence += 1;
    egress.send(header, payload, source, sequence);
  };
  const payloadType = video.payloadTypes.get('H264') ?? 0;
  return {
    rtcp: told.rtcp,
    ssrc,
    send: (packet) => write(ssrc, payloadType, packet),
    sendAgain: (packet) => {
      const number = Buffer.alloc(2);
      number.writeUInt16BE(packet.sequence & 0xffff);
      again += 1;
      write(rtx.ssrc, rtx.payloadTypes.get(payloadType) ?? 0, {
        ...packet,
        sequence: again,
        payload: Buffer.concat([number, packet.payload]),
      });
    },
    sendRtcp: (compound) => transport.sendRtcp(compound),
    statistics: async () => (await viewer.getStats()).get('inbound-video') ?? {},
  };
}

/** Returns the number of the packet behind it. */
function sendKeyframe(first: number, send: Sending['send']): number {
  for (const [index, payload] of KEYFRAME.entries())
    send({ sequence: first + index, picture: first, payload, marker: index === KEYFRAME.length - 1 });
  return first + KEYFRAME.length;
}

function slice(sequence: number): Packet {
  return { sequence, picture: sequence, payload: SLICE };
}

/** RFC 9429 has an offer without them. */
function withoutSources(sdp: string): string {
  expect(sdp).toContain('a=ssrc-group:FID');
  return sdp.replaceAll(/^a=ssrc.*\r\n/gm, '');
}

it.each([
  ['', (sdp: string): string => sdp],
  [', also where the offer names no sources', withoutSources],
])('a headless viewer asks for what is missing, and takes what is sent again in its place%s', async (_, offered) => {
  const { send, sendAgain, rtcp, statistics, ssrc } = await connected(offered);
  const missing = sendKeyframe(65_530, send);
  send(slice(missing + 1));
  const nack = await vi.waitUntil(() => rtcp.find(({ type }) => type === 'nack'), WAIT);
  expect(nack).toEqual({ type: 'nack', ssrc: 1, mediaSsrc: ssrc, sequenceNumbers: [missing & 0xffff] });
  sendAgain(slice(missing));
  await vi.waitFor(async () => expect(await statistics()).toMatchObject({ framesDecoded: 3, packetsLost: 0 }), WAIT);
  expect(await statistics()).toMatchObject({ packetsReceived: KEYFRAME.length + 2, keyFramesDecoded: 1 });
});

it('a headless viewer goes on without what never comes', async () => {
  const { send, statistics } = await connected();
  let next = sendKeyframe(10, send) + 1;
  await vi.waitFor(async () => {
    // What waits is let go by the first that comes after the time of its repair.
    send(slice(next));
    next += 1;
    expect((await statistics())['packetsLost']).toBe(1);
  }, WAIT);
  // Not since too many wait.
  expect(next).toBeLessThan(1000);
  sendKeyframe(next, send);
  await vi.waitFor(async () => expect((await statistics())['keyFramesDecoded']).toBe(2), WAIT);
});

it('a headless viewer tells once in 100 ms which packets came when, whatever stream they are of', async () => {
  const { send, sendAgain, rtcp } = await connected();
  const next = sendKeyframe(1, send);
  sendAgain(slice(next));
  send(slice(next + 1));
  const sent = KEYFRAME.length + 2;
  const told = (): RtcpMessage[] => rtcp.filter(({ type }) => type === 'transport-feedback');
  const numbers = (): number[] =>
    told().flatMap((message) => (message.type === 'transport-feedback' ? message.sequenceNumbers : []));
  await vi.waitFor(() => expect(numbers()).toHaveLength(sent), WAIT);
  expect(numbers()).toEqual(Array.from({ length: sent }, (_, index) => (65_534 + index) & 0xffff));
  expect(told().length).toBeLessThanOrEqual(2);
  expect(rtcp.find(({ type }) => type === 'nack')).toBeUndefined();
});

it('a headless viewer reports what it received, what the path lost, and since when it knows the time', async () => {
  const { send, sendAgain, sendRtcp, rtcp, ssrc } = await connected();
  sendRtcp(encodeSenderReport({ ssrc, unixMs: Date.UTC(2026, 0, 1), rtpTimestamp: 0, packets: 0, octets: 0 }, 'camera'));
  const missing = sendKeyframe(65_530, send);
  sendAgain(slice(missing));
  send(slice(missing + 1));
  const report = await vi.waitUntil(
    () => rtcp.find((message) => message.type === 'receiver-report' && message.reports.length > 0),
    WAIT,
  );
  // 2026 begins 3976214400 s after 1900: the lower half of this, before the fraction, which is 0.
  const lastSenderReport = (3_976_214_400 % 65_536) * 65_536;
  expect(report).toMatchObject({
    ssrc: 1,
    reports: [{ ssrc, cumulativeLost: 1, extendedHighestSequence: missing + 1, lastSenderReport }],
  });
});
