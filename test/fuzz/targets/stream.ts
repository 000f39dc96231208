import { Stream, type StreamReader } from '../../../src/media/stream.ts';
import type { TrackDescription } from '../../../src/media/track.ts';
import { joinPackets, splitPackets } from '../packets.ts';
import { demand, type FuzzTarget } from '../target.ts';
import { AUDIO_PACKETS, METADATA_PACKETS, REPORTS, VIDEO_PACKETS } from './packets.ts';

const MAX_PAYLOAD = 200;
const CACHE_BYTES = 4096;

const TRACKS: readonly TrackDescription[] = [
  { kind: 'video', encodingName: 'H264', payloadType: 96, clockRate: 90_000, fmtp: new Map() },
  { kind: 'audio', encodingName: 'PCMU', payloadType: 0, clockRate: 8000, fmtp: new Map() },
  { kind: 'application', encodingName: 'vnd.onvif.metadata', payloadType: 107, clockRate: 90_000, fmtp: new Map() },
];

/** An interleaved channel before each packet: even ones carry RTP, odd ones RTCP; 6 means that the connection is a new one. */
const onChannel = (channel: number, packets: readonly Buffer[]): Buffer[] =>
  packets.map((packet) => Buffer.concat([Buffer.from([channel]), packet]));

/** All that a camera sends over one connection, up to what a viewer is handed. */
const stream: FuzzTarget = {
  name: 'stream',
  form: 'packets',
  corpus: [
    joinPackets([...onChannel(1, REPORTS.slice(0, 1)), ...onChannel(0, VIDEO_PACKETS.slice(0, 20))]),
    joinPackets([
      ...onChannel(0, VIDEO_PACKETS.slice(0, 12)),
      ...onChannel(6, [Buffer.alloc(0)]),
      ...onChannel(2, AUDIO_PACKETS),
      ...onChannel(3, REPORTS),
      ...onChannel(4, METADATA_PACKETS),
    ]),
  ],
  run(input) {
    const subject = new Stream({
      maxPayload: MAX_PAYLOAD,
      keyframeCacheBytes: CACHE_BYTES,
      clockOffsetMs: 0,
      onKeyframeWanted: noop,
    });
    subject.setTracks(TRACKS);
    subject.addReader(readerOf());
    let nowMs = Date.UTC(2026, 10, 21);
    for (const packet of splitPackets(input)) {
      const channel = packet[0] ?? 0;
      const bytes = packet.subarray(1);
      nowMs += bytes.length % 40;
      if (channel === 6) subject.setTracks(TRACKS);
      else if (channel % 2 === 0) subject.receiveRtp(channel >> 1, bytes, nowMs);
      else subject.receiveRtcp(channel >> 1, bytes, nowMs);
    }
    subject.receiverReport(0, nowMs);
    subject.pictureLossIndication(0, nowMs);
    for (const time of [subject.videoTime, subject.audioTime]) {
      demand(time === undefined || (Number.isFinite(time.unixMs) && Number.isFinite(time.timestamp)), 'a timeline names a time');
    }
    let [frames, cached] = [0, 0];
    subject.addReader({
      ...readerOf(),
      video: ({ keyframe, bytes }) => {
        demand(frames > 0 || keyframe, 'a new viewer starts at a keyframe');
        frames += 1;
        cached += bytes;
      },
    });
    demand(cached <= CACHE_BYTES, 'what is kept for new viewers is bounded');
  },
};

function readerOf(): StreamReader {
  let started = false;
  return {
    video: ({ payloads, keyframe, bytes }) => {
      demand(started || keyframe, 'no picture is handed on without its reference');
      started = true;
      demand(
        payloads.every((payload) => payload.length > 0 && payload.length <= MAX_PAYLOAD),
        'payloads have a bounded size',
      );
      demand(bytes === payloads.reduce((sum, payload) => sum + payload.length, 0), 'bytes are the sum of the payloads');
    },
    audio: ({ payload }) => demand(payload.length > 0, 'no sound without samples'),
    metadata: noop,
    wantsMetadata: false,
  };
}

function noop(): void {
  // What comes asynchronously is looked at by a target of its own.
}

export const STREAM_TARGETS: readonly FuzzTarget[] = [stream];
