import { setTimeout as delay } from 'node:timers/promises';
import { RtpHeader, RtpPacket, type RTCPeerConnection, type RTCRtpSender } from 'werift';
import { PacketHistory } from '../../../src/media/packet-history.ts';
import type { VideoFrame } from '../../../src/media/video-track.ts';
import type { SrtpProfile } from '../../../src/peer/egress/transport.ts';
import { ViewerEgress } from '../../../src/peer/egress/viewer-egress.ts';
import { WeriftEgressTransport } from '../../../src/peer/webrtc/egress-transport.ts';
import { guardUdpSockets } from '../../../src/peer/webrtc/udp-socket-guard.ts';
import { serve } from '../remote.ts';
import { connected, makeConnection, PAYLOAD_TYPE, prepare, transportOf } from './pair.ts';

/* Who sends the same pictures to all viewers, in a process of its own: by our egress, or by werift's `RTCRtpSender.sendRtp`. */

export type Kind = 'own' | 'werift';

export type SenderFunctions = {
  begin(settings: { kind: Kind; profile: SrtpProfile }): void;
  offer(nothing: undefined): Promise<string>;
  /** Of the viewer that was offered to last. */
  accept(answer: string): Promise<void>;
  /** Sends for so long, at so many packets a second and viewer; none: idles. */
  send(load: { milliseconds: number; packetsPerSecond: number }): Promise<Sent>;
};

export interface Sent {
  packets: number;
  /** Processor time of the process, system's included, in microseconds. */
  cpuUs: number;
  /** Of it. */
  systemUs: number;
  /** Times that the system took the processor away from it. */
  preempted: number;
  /** Pages of memory that the system had to find. */
  faults: number;
}

const PAYLOAD_BYTES = 1150;
const PICTURES_PER_SECOND = 25;
const TICKS_PER_PICTURE = 90_000 / PICTURES_PER_SECOND;
const HISTORY_BYTES = 4 * 1024 * 1024;
const VIDEO_SSRC = 0x1234_5678;

/** Sends one picture to one viewer. */
type Viewer = (frame: VideoFrame) => void;

let settings: { kind: Kind; profile: SrtpProfile } = { kind: 'own', profile: 'AEAD_AES_128_GCM' };
const connections: { connection: RTCPeerConnection; sender: RTCRtpSender }[] = [];
const viewers: Viewer[] = [];
const egresses: ViewerEgress[] = [];
const history = new PacketHistory<VideoFrame>(HISTORY_BYTES);
let pictures = 0;
const camera = {
  get videoTime() {
    return { unixMs: Date.now(), timestamp: timestampNow() };
  },
  cameraClockOffsetMs: 0,
};

serve({
  begin(given) {
    settings = given;
    if (given.kind === 'own') guardUdpSockets();
  },
  async offer() {
    const connection = makeConnection();
    const { sender } = connection.addTransceiver('video', { direction: 'sendonly' });
    connections.push({ connection, sender });
    const offer = await connection.createOffer();
    prepare(connection, settings.profile);
    await connection.setLocalDescription(offer);
    return connection.localDescription?.sdp ?? '';
  },
  async accept(answer) {
    const last = connections.at(-1);
    if (last === undefined) throw new Error('nobody was offered anything');
    await last.connection.setRemoteDescription({ type: 'answer', sdp: answer });
    await connected(last.connection);
    viewers.push(settings.kind === 'own' ? ownViewer(last.connection) : weriftViewer(last.sender));
  },
  async send({ milliseconds, packetsPerSecond }) {
    const before = process.resourceUsage();
    const beganAt = performance.now();
    let packets = 0;
    for (let picture = 0; picture * (1000 / PICTURES_PER_SECOND) < milliseconds; picture += 1) {
      await delay(Math.max(0, beganAt + picture * (1000 / PICTURES_PER_SECOND) - performance.now()));
      if (packetsPerSecond === 0) continue;
      const frame = nextFrame(packetsPerSecond / PICTURES_PER_SECOND);
      history.add(frame);
      for (const send of viewers) send(frame);
      packets += frame.payloads.length * viewers.length;
      if (pictures % PICTURES_PER_SECOND === 0) report();
    }
    // What the last picture leaves to the event loop belongs to it.
    await delay(1000 / PICTURES_PER_SECOND);
    const after = process.resourceUsage();
    const spent = (what: keyof NodeJS.ResourceUsage): number => after[what] - before[what];
    const systemUs = spent('systemCPUTime');
    return {
      packets,
      cpuUs: spent('userCPUTime') + systemUs,
      systemUs,
      preempted: spent('involuntaryContextSwitches'),
      faults: spent('minorPageFault'),
    };
  },
} satisfies SenderFunctions);

/** The first one is a keyframe, so that all begin; the others go without pacing. */
function nextFrame(packets: number): VideoFrame {
  const payloads = Array.from({ length: packets }, () => Buffer.allocUnsafeSlow(PAYLOAD_BYTES).fill(0x41));
  const frame = { codec: 'H264' as const, payloads, timestamp: timestampNow(), keyframe: pictures === 0, discardable: false };
  pictures += 1;
  return { ...frame, bytes: packets * PAYLOAD_BYTES };
}

function timestampNow(): number {
  return (pictures * TICKS_PER_PICTURE) >>> 0;
}

function ownViewer(connection: RTCPeerConnection): Viewer {
  const video = {
    ...{ ssrc: VIDEO_SSRC, cname: 'bench', rtx: { ssrc: VIDEO_SSRC + 1, payloadTypes: new Map([[PAYLOAD_TYPE, 103]]) } },
    ...{ mid: { extensionId: 1, value: '0' }, transportSequence: { extensionId: 2 } },
    payloadTypes: new Map([['H264' as const, PAYLOAD_TYPE]]),
  };
  const nothing = (): void => undefined;
  const egress = new ViewerEgress({
    ...{ media: { video }, transport: new WeriftEgressTransport(transportOf(connection), () => undefined), times: camera },
    ...{ now: () => Date.now(), onKeyframeWanted: nothing, onSlow: nothing, onBroken: nothing },
    metadata: { open: false, send: nothing },
  });
  egresses.push(egress);
  return (frame) => egress.video(frame);
}

/** What sockets that are only emptied do not say: that pictures come. */
function report(): void {
  const none = { fractionLost: 0, cumulativeLost: 0, jitter: 0, lastSenderReport: 0, delaySinceLastSenderReport: 0 };
  const block = { ...none, ssrc: VIDEO_SSRC, extendedHighestSequence: pictures };
  for (const egress of egresses) {
    egress.receiveRtcp({ type: 'receiver-report', ssrc: 1, reports: [block] });
    egress.sendReports();
  }
}

/** Each packet as it comes from a camera. */
function weriftViewer(sender: RTCRtpSender): Viewer {
  let sequenceNumber = 0;
  return ({ payloads, timestamp }) => {
    for (const [index, payload] of payloads.entries()) {
      sequenceNumber = (sequenceNumber + 1) & 0xffff;
      const marker = index === payloads.length - 1;
      const header = new RtpHeader({ payloadType: PAYLOAD_TYPE, ssrc: VIDEO_SSRC, sequenceNumber, timestamp, marker });
      sender.sendRtp(new RtpPacket(header, payload)).catch(() => undefined);
    }
  };
}
