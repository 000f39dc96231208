import type { TimeMapping } from '../../../src/media/rtp/timeline.ts';
import { Stream, type StreamReader } from '../../../src/media/stream.ts';
import type { TrackDescription } from '../../../src/media/track.ts';
import { VideoTrack } from '../../../src/media/video-track.ts';
import { joinPackets, splitPackets } from '../packets.ts';
import { demand, type FuzzTarget } from '../target.ts';
import { AUDIO_PACKETS, jpegPackets, METADATA_PACKETS, mpeg4Packets, REPORTS, VIDEO_PACKETS } from './packets.ts';
import { H265_IDR, H265_SETS, H265Camera, h265Slice, h265Track } from '../../unit/media/h265-camera.ts';
import { BROWSER_CODECS } from '../../support/viewer-codecs.ts';

const MAX_PAYLOAD = 200;
/** Tables of quantization and of Huffman codes, and what else RTP leaves out of a JPEG; or the headers of MPEG-4. */
const MAX_JPEG_HEADER = 2048;
const H265_CAMERA = new H265Camera();
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
    demandTime(subject.videoTime);
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
    codecs: BROWSER_CODECS,
    video: ({ payloads, keyframe, bytes }) => {
      demand(started || keyframe, 'no picture is handed on without its reference');
      started = true;
      demand(
        payloads.every((payload) => payload.length > 0 && payload.length <= MAX_PAYLOAD),
        'payloads have a bounded size',
      );
      demand(bytes === payloads.reduce((sum, payload) => sum + payload.length, 0), 'bytes are the sum of the payloads');
    },
    audio: ({ payload, timeline }) => {
      demand(payload.length > 0, 'no sound without samples');
      demandTime(timeline.time());
    },
    metadata: noop,
    wantsMetadata: false,
  };
}

function demandTime(time: TimeMapping | undefined): void {
  demand(time === undefined || (Number.isFinite(time.unixMs) && Number.isFinite(time.timestamp)), 'a timeline names a time');
}

function noop(): void {
  // What comes asynchronously is looked at by a target of its own.
}

/** Packets that ffmpeg and GStreamer would send of these codecs, small. */
const OTHER_CODECS: [TrackDescription, Buffer[]][] = [
  [h265Track(), [...H265_CAMERA.picture([...H265_SETS, H265_IDR], 300), ...H265_CAMERA.picture([h265Slice(9, 'B')])]],
  [h265Track({ 'sprop-max-don-diff': '1' }), H265_CAMERA.picture([...H265_SETS, H265_IDR], 300)],
  [{ ...h265Track(), encodingName: 'JPEG', payloadType: 96 }, jpegPackets()],
  [{ ...h265Track(), encodingName: 'MP4V-ES' }, mpeg4Packets()],
];

/** The first byte says which codec; a jump of the packets' numbers is a gap. */
const pictures: FuzzTarget = {
  name: 'video-track',
  form: 'packets',
  corpus: OTHER_CODECS.map(([, packets], index) => joinPackets([Buffer.from([index]), ...packets])),
  run(input) {
    const [first, ...packets] = splitPackets(input);
    const [description = TRACKS[0]] = OTHER_CODECS[(first?.[0] ?? 0) % OTHER_CODECS.length] ?? [];
    if (description === undefined) return;
    let [taken, handed, started] = [0, 0, false];
    const track = new VideoTrack(description, 0, MAX_PAYLOAD, {
      frame: ({ codec, payloads, keyframe, bytes }) => {
        demand(started || keyframe, 'no picture is handed on without its reference');
        started = true;
        handed += 1;
        demand(bytes === payloads.reduce((sum, payload) => sum + payload.length, 0), 'bytes are the sum of the payloads');
        const isSent = codec === 'H264' || codec === 'H265';
        demand(
          payloads.every((payload) => payload.length > 0 && (!isSent || payload.length <= MAX_PAYLOAD)),
          'payloads have a bounded size',
        );
        demand(isSent || bytes <= taken + MAX_JPEG_HEADER, 'a picture is made of its packets');
      },
      keyframeWanted: noop,
      reordered: noop,
      interlaced: noop,
    });
    for (const [index, packet] of packets.entries()) {
      taken += packet.length;
      track.receive(packet, index * 40);
    }
    demand(handed + track.damaged <= track.accessUnits, 'every picture is handed on or counted');
    demand(track.malformed <= packets.length, 'a packet is malformed once');
  },
};

export const STREAM_TARGETS: readonly FuzzTarget[] = [stream, pictures];
