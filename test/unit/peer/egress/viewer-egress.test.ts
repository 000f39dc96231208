import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseRtcp, type RtcpMessage } from '../../../../src/media/rtp/rtcp.ts';
import type { AudioCodec } from '../../../../src/media/viewer-codecs.ts';
import type { TimeMapping } from '../../../../src/media/rtp/timeline.ts';
import type { VideoFrame } from '../../../../src/media/video-track.ts';
import { SlowViewer } from '../../../../src/peer/egress/slow-viewer.ts';
import type { NegotiatedMedia } from '../../../../src/peer/egress/negotiated-media.ts';
import { ViewerEgress } from '../../../../src/peer/egress/viewer-egress.ts';
import { Feed } from './feed.ts';
import { RecordingTransport, type ReceivedPacket } from './recording-transport.ts';

const NOW = Date.UTC(2026, 0, 1);
const VIDEO_SSRC = 0xaaaa_0001;
const AUDIO_SSRC = 0xbbbb_0001;
const MEDIA: NegotiatedMedia = {
  video: {
    ssrc: VIDEO_SSRC,
    rtx: { ssrc: 0xaaaa_0002, payloadTypes: new Map([[102, 103]]) },
    cname: 'c',
    payloadTypes: new Map([['H264', 102]]),
  },
  audio: {
    ssrc: AUDIO_SSRC,
    cname: 'c',
    payloadTypes: new Map([
      ['PCMU', 0],
      ['OPUS', 111],
    ]),
  },
};
/** More than 512 KiB, which a viewer may have waiting in its socket. */
const STALLED = 512 * 1024 + 1;

let now = NOW;

beforeEach(() => {
  vi.useFakeTimers();
  now = NOW;
});

afterEach(() => {
  vi.useRealTimers();
});

interface Viewer {
  egress: ViewerEgress;
  transport: RecordingTransport;
  times: { videoTime: TimeMapping | undefined; cameraClockOffsetMs: number };
  keyframesWanted: () => number;
  documents: Buffer[];
  metadata: { open: boolean };
}

function start(media = MEDIA): Viewer {
  const transport = new RecordingTransport();
  const times: Viewer['times'] = { videoTime: undefined, cameraClockOffsetMs: 0 };
  const documents: Buffer[] = [];
  const metadata = { open: false, send: (gzipped: Buffer) => documents.push(gzipped) };
  let wanted = 0;
  const egress = new ViewerEgress({
    media,
    transport,
    times,
    now: () => now,
    onKeyframeWanted: () => {
      wanted += 1;
    },
    onSlow: () => undefined,
    onBroken: () => undefined,
    metadata,
  });
  return { egress, transport, times, keyframesWanted: () => wanted, documents, metadata };
}

let timestamp = 0;
function frame(keyframe: boolean, packets = 2, size = 10): VideoFrame {
  timestamp += 3600;
  const payloads = Array.from({ length: packets }, (_, index) => Buffer.alloc(size, index));
  return { codec: 'H264', payloads, timestamp, keyframe, discardable: false, bytes: packets * size };
}

/** @param time the camera's, on its timeline */
function sound(codec: AudioCodec = 'PCMU', time?: TimeMapping): Parameters<ViewerEgress['audio']>[0] {
  const clockRate = codec === 'OPUS' ? 48_000 : 8000;
  return { codec, payload: Buffer.alloc(160), timestamp: 800, timeline: { time: () => time }, clockRate, marker: false };
}

function pass(milliseconds: number): void {
  for (let elapsed = 0; elapsed < milliseconds; elapsed += 1) {
    now += 1;
    vi.advanceTimersByTime(1);
  }
}

const of = (packets: ReceivedPacket[], ssrc: number): ReceivedPacket[] => packets.filter((packet) => packet.ssrc === ssrc);

/** The sender reports that were sent, by SSRC. */
function reports(transport: RecordingTransport): Map<number, Extract<RtcpMessage, { type: 'sender-report' }>> {
  const messages = transport.rtcp.flatMap((compound) => parseRtcp(compound).messages);
  return new Map(messages.flatMap((message) => (message.type === 'sender-report' ? [[message.ssrc, message]] : [])));
}

describe('viewer egress: a path that takes no packet', () => {
  it('has sent nothing: neither is the first one told of, nor reported on, nor is an answer expected', () => {
    const expected = vi.spyOn(SlowViewer.prototype, 'sent');
    const { egress, transport } = start();
    const refusing = vi.spyOn(transport, 'send').mockReturnValue(false);
    egress.video(frame(true));
    egress.audio(sound());
    pass(100);
    expect(egress.statistics).toMatchObject({ firstPacketAt: null, packetsSent: 0, packetsDropped: 3 });
    expect([transport.rtcp.length, expected.mock.calls.length]).toEqual([0, 0]);
    refusing.mockRestore();
    egress.video(frame(false));
    expect(egress.statistics).toMatchObject({ firstPacketAt: now, packetsDropped: 3 });
    expect([transport.rtcp.length > 0, expected.mock.calls.length > 0]).toEqual([true, true]);
    expected.mockRestore();
  });
});

describe('viewer egress: picture', () => {
  it('starts at a keyframe and marks the last packet of each picture', () => {
    const { egress, transport } = start();
    egress.video(frame(false));
    expect([transport.datagrams.length, egress.statistics.packetsDropped]).toEqual([0, 2]);
    egress.video(frame(true));
    egress.video(frame(false, 3));
    const packets = of(transport.packets, VIDEO_SSRC);
    expect(packets.map(({ marker }) => marker)).toEqual([false, true, false, false, true]);
    expect(packets.every(({ payloadType }) => payloadType === 102)).toBe(true);
    expect(new Set(packets.map((packet) => packet.timestamp)).size).toBe(2);
    expect([egress.statistics.packetsSent, egress.statistics.firstPacketAt]).toEqual([5, NOW]);
  });

  it('spreads a large group of pictures over some time, without loss and in order', () => {
    const { egress, transport } = start();
    egress.video(frame(true, 200, 1100));
    expect(transport.datagrams.length).toBeGreaterThan(10);
    expect(transport.datagrams.length).toBeLessThan(60);
    pass(60);
    const numbers = of(transport.packets, VIDEO_SSRC).map(({ sequenceNumber }) => sequenceNumber);
    expect(numbers).toHaveLength(200);
    expect(numbers.every((number, index) => number === (numbers[0] ?? 0) + index)).toBe(true);
    expect(egress.statistics.packetsDropped).toBe(0);
  });

  it('sends nothing after it was closed', () => {
    const { egress, transport } = start();
    egress.video(frame(true, 200, 1100));
    const sent = transport.datagrams.length;
    egress.close();
    pass(100);
    expect(transport.datagrams).toHaveLength(sent);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('sends no picture to a viewer that rejected it', () => {
    const { egress, transport } = start({ audio: { ssrc: AUDIO_SSRC, cname: 'c', payloadTypes: new Map([['PCMU', 0]]) } });
    egress.video(frame(true));
    egress.audio(sound());
    expect(transport.packets.map(({ ssrc }) => ssrc)).toEqual([AUDIO_SSRC]);
    expect([egress.statistics.firstPacketAt, egress.statistics.fractionLost, egress.statistics.packetsDropped]).toEqual([
      null,
      null,
      0,
    ]);
  });
});

describe('viewer egress: sound and metadata', () => {
  it('sends sound at once under the payload type of its codec, and none that was not accepted', () => {
    const { egress, transport } = start();
    for (const codec of ['PCMU', 'OPUS', 'PCMA'] as const) egress.audio(sound(codec));
    expect(transport.packets.map(({ payloadType }) => payloadType)).toEqual([0, 111]);
  });

  it('drops and counts sound while the path is stalled', () => {
    const { egress, transport } = start();
    transport.backlog = STALLED;
    egress.audio(sound());
    expect([transport.datagrams.length, egress.statistics.packetsDropped]).toEqual([0, 1]);
  });

  it('wants metadata while the viewer has its channel open, and passes it on', () => {
    const { egress, metadata, documents } = start();
    expect(egress.wantsMetadata).toBe(false);
    metadata.open = true;
    expect(egress.wantsMetadata).toBe(true);
    egress.metadata(Buffer.from('x'));
    expect(documents).toEqual([Buffer.from('x')]);
  });
});

describe('viewer egress: sender reports', () => {
  it('go with the first packet of each track, and say one time of both', () => {
    const { egress, transport, times } = start();
    // The camera's clock is an hour ahead; picture and sound have timelines of their own.
    times.cameraClockOffsetMs = 3_600_000;
    times.videoTime = { unixMs: NOW + 3_600_000 - 500, timestamp: 100_000 };
    const key = frame(true);
    egress.video(key);
    expect([...reports(transport).keys()]).toEqual([VIDEO_SSRC]);
    egress.audio(sound('PCMU', { unixMs: NOW + 3_600_000 - 250, timestamp: 70_000 }));
    const [video, audio] = [reports(transport).get(VIDEO_SSRC), reports(transport).get(AUDIO_SSRC)];
    expect(video?.ntp).toEqual({ seconds: (NOW + 3_600_000) / 1000 + 2_208_988_800, fraction: 0 });
    expect(audio?.ntp).toEqual(video?.ntp);
    // Half a second behind the mapping's instant on 90 kHz, a quarter on 8 kHz, at the distance of the packets themselves.
    const videoOffset = (of(transport.packets, VIDEO_SSRC)[0]?.timestamp ?? 0) - key.timestamp;
    const audioOffset = (of(transport.packets, AUDIO_SSRC)[0]?.timestamp ?? 0) - 800;
    expect(((video?.rtpTimestamp ?? 0) - videoOffset) >>> 0).toBe(145_000);
    expect(((audio?.rtpTimestamp ?? 0) - audioOffset) >>> 0).toBe(72_000);
  });

  it('are at the rate of the codec that is sent', () => {
    const { egress, transport } = start();
    egress.audio(sound('OPUS', { unixMs: NOW - 1000, timestamp: 0 }));
    const offset = (transport.packets[0]?.timestamp ?? 0) - 800;
    expect(((reports(transport).get(AUDIO_SSRC)?.rtpTimestamp ?? 0) - offset) >>> 0).toBe(48_000);
  });

  it('are not sent of a track that has sent nothing or whose time is unknown: it says that it is there', () => {
    const { egress, transport, times } = start();
    times.videoTime = { unixMs: NOW, timestamp: 0 };
    egress.sendReports();
    expect(transport.rtcp.flatMap((compound) => parseRtcp(compound).messages)).toEqual([
      { type: 'receiver-report', ssrc: VIDEO_SSRC, reports: [] },
      { type: 'receiver-report', ssrc: AUDIO_SSRC, reports: [] },
    ]);
    expect(transport.rtcp.map((compound) => compound.readUInt8(9))).toEqual([202, 202]);
    egress.audio(sound());
    expect([...reports(transport).keys()]).toEqual([]);
    egress.video(frame(true));
    expect([...reports(transport).keys()]).toEqual([VIDEO_SSRC]);
  });
});

describe('viewer egress: feedback', () => {
  it.each<[string, RtcpMessage, number]>([
    ['PLI', { type: 'pli', ssrc: 1, mediaSsrc: VIDEO_SSRC }, 1],
    [
      'FIR, whose media SSRC is 0',
      {
        type: 'fir',
        ssrc: 1,
        entries: [
          { ssrc: 5, sequence: 0 },
          { ssrc: VIDEO_SSRC, sequence: 0 },
        ],
      },
      1,
    ],
    ['a PLI of another source', { type: 'pli', ssrc: 1, mediaSsrc: AUDIO_SSRC }, 0],
    ['a FIR of another source', { type: 'fir', ssrc: 1, entries: [{ ssrc: 5, sequence: 0 }] }, 0],
    ['BYE', { type: 'bye', ssrcs: [VIDEO_SSRC] }, 0],
  ])('asks for a keyframe by %s, or not', (_, message, times) => {
    const { egress, keyframesWanted } = start();
    egress.receiveRtcp(message);
    expect([keyframesWanted(), egress.statistics.keyframeRequests]).toEqual([times, times]);
  });

  it('answers a NACK of the picture, and none of another source', () => {
    const { egress, transport } = start();
    const picture = frame(true);
    const { kept } = new Feed().frame(picture.payloads);
    egress.video({ ...picture, ...(kept && { kept }) });
    const number = transport.packets[0]?.sequenceNumber ?? 0;
    now += 100;
    egress.receiveRtcp({ type: 'nack', ssrc: 1, mediaSsrc: 5, sequenceNumbers: [number] });
    egress.receiveRtcp({ type: 'nack', ssrc: 1, mediaSsrc: AUDIO_SSRC, sequenceNumbers: [number] });
    expect(egress.statistics.packetsRetransmitted).toBe(0);
    egress.receiveRtcp({ type: 'nack', ssrc: 1, mediaSsrc: VIDEO_SSRC, sequenceNumbers: [number] });
    expect(egress.statistics.packetsRetransmitted).toBe(1);
    expect(transport.packets.at(-1)?.ssrc).toBe(0xaaaa_0002);
  });

  it('takes loss and round trip from the report blocks of its own tracks, in receiver and in sender reports', () => {
    const { egress, transport, times } = start();
    times.videoTime = { unixMs: NOW, timestamp: 0 };
    egress.video(frame(true));
    const block = {
      ssrc: VIDEO_SSRC,
      fractionLost: 128,
      cumulativeLost: 3,
      extendedHighestSequence: 0,
      jitter: 0,
      lastSenderReport: transport.rtcp[0]?.readUInt32BE(10) ?? 0,
      delaySinceLastSenderReport: 0,
    };
    now += 30;
    egress.receiveRtcp({ type: 'receiver-report', ssrc: 1, reports: [{ ...block, ssrc: 5, fractionLost: 1 }, block] });
    expect([egress.statistics.fractionLost, egress.statistics.roundTripMs]).toEqual([0.5, 30]);
    now += 10;
    const report = { ssrc: 1, ntp: { seconds: 1, fraction: 0 }, rtpTimestamp: 0, packets: 0, octets: 0 };
    egress.receiveRtcp({ type: 'sender-report', ...report, reports: [{ ...block, fractionLost: 0 }] });
    expect([egress.statistics.fractionLost, egress.statistics.roundTripMs]).toEqual([0, 40]);
  });
});
