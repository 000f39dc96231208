import { isReceived, parseSessionDescription, type RtspTrack } from '../../../../src/camera/rtsp/sdp.ts';
import { timestampAt } from '../../../../src/media/rtp/timeline.ts';
import { Stream, type AudioPacket } from '../../../../src/media/stream.ts';
import type { VideoFrame } from '../../../../src/media/video-track.ts';
import { H264Camera, nalsOf, PPS, SPS } from '../../media/h264-camera.ts';
import { rtpBytes, senderReportBytes } from '../../media/rtp-bytes.ts';
import { BROWSER_CODECS } from '../../../support/viewer-codecs.ts';

/** As small as a viewer's packets are, so that they are at most 1200 bytes with all that comes around them. */
export const MAX_PAYLOAD = 1150;
/** Parameter sets of the clip, as sprop-parameter-sets has them. */
export const SPROP = `${SPS.toString('base64')},${PPS.toString('base64')}`;
/** Sound in packets of 20 ms, picture every 40 ms. */
const SOUND_BYTES = 160;
const FRAME_MS = 40;

/** Lines of an SDP. */
export function sdp(...lines: string[]): string {
  return `${lines.join('\r\n')}\r\n`;
}

export const H264_AND_PCMU = sdp(
  'v=0',
  'm=video 0 RTP/AVP 96',
  'a=rtpmap:96 H264/90000',
  `a=fmtp:96 packetization-mode=1;sprop-parameter-sets=${SPROP}`,
  'm=audio 0 RTP/AVP 0',
);

/** From what a camera says and sends to what a viewer is handed: SDP, choice of tracks, RTP and RTCP, stream. */
export class DescribedStream {
  readonly frames: VideoFrame[] = [];
  readonly sound: AudioPacket[] = [];
  readonly stream: Stream;
  tracks: RtspTrack[] = [];
  keyframesWanted = 0;
  reordered = 0;
  /** Our clock. */
  nowMs = Date.UTC(2026, 0, 1);

  constructor(description: string, clockOffsetMs = 0) {
    this.stream = new Stream({
      maxPayload: MAX_PAYLOAD,
      keyframeCacheBytes: 8e6,
      clockOffsetMs,
      onKeyframeWanted: () => {
        this.keyframesWanted += 1;
      },
      onReordered: () => {
        this.reordered += 1;
      },
    });
    this.connect(description);
    this.stream.addReader({
      codecs: BROWSER_CODECS,
      video: (frame) => this.frames.push(frame),
      audio: (packet) => this.sound.push(packet),
      metadata: () => undefined,
      wantsMetadata: false,
    });
  }

  /** The camera was lost and is back; SSRCs by kind, as SETUP would announce them. */
  connect(description: string, ssrcs: Partial<Record<RtspTrack['kind'], number>> = {}): void {
    const chosen = Stream.choose(parseSessionDescription(description).tracks.filter(isReceived));
    this.tracks = chosen.map((track) => {
      const ssrc = ssrcs[track.kind];
      return ssrc === undefined ? track : { ...track, ssrc };
    });
    this.stream.setTracks(this.tracks);
  }

  /** Packets of one track that come in one moment, and then some time passes. */
  rtp(kind: RtspTrack['kind'], packets: readonly Buffer[], thenMs = FRAME_MS): void {
    const index = this.tracks.findIndex((track) => track.kind === kind);
    for (const packet of packets) this.stream.receiveRtp(index, packet, this.nowMs);
    this.nowMs += thenMs;
  }

  rtcp(kind: RtspTrack['kind'], bytes: Buffer): void {
    const index = this.tracks.findIndex((track) => track.kind === kind);
    this.stream.receiveRtcp(index, bytes, this.nowMs);
  }

  /** NAL units of the pictures that a viewer was handed. */
  get pictures(): Buffer[][] {
    return this.frames.map(({ payloads }) => nalsOf(payloads));
  }

  /** From the first picture on, 90 kHz. */
  get pictureTimes(): number[] {
    return relative(this.frames);
  }

  /** From the first packet on, in the track's clock rate. */
  get soundTimes(): number[] {
    return relative(this.sound);
  }

  /**
   * Milliseconds by which a viewer would play the sound later than the picture, from the sender reports that it is sent: of the last
   * picture and the last sound, which have come in the same moment.
   */
  get soundBehindPictureMs(): number {
    const { videoTime } = this.stream;
    const [frame, packet] = [this.frames.at(-1), this.sound.at(-1)];
    const audioTime = packet?.timeline.time();
    if (videoTime === undefined || audioTime === undefined || frame === undefined || packet === undefined) return Number.NaN;
    const now = this.nowMs + this.stream.cameraClockOffsetMs;
    const behind = (timestamp: number, at: number, rate: number): number => (((at - timestamp) | 0) / rate) * 1000;
    return (
      behind(frame.timestamp, timestampAt(videoTime, now, 90_000), 90_000) -
      behind(packet.timestamp, timestampAt(audioTime, now, packet.clockRate), packet.clockRate)
    );
  }
}

/** A camera with sound and picture, whose clock and timestamps a test can set. */
export class CameraClocks {
  readonly video = new H264Camera(100, 90_000, 77);
  /** The camera's clock minus ours, by its sender reports. */
  offsetMs = 0;
  sequenceNumber = 500;
  timestamp = 8000;
  readonly #target: DescribedStream;
  readonly #nals: Buffer[];

  constructor(target: DescribedStream, nals: Buffer[]) {
    this.#target = target;
    this.#nals = nals;
  }

  /** Sends picture and sound of 40 ms for so long. */
  play(durationMs: number): void {
    for (let elapsed = 0; elapsed < durationMs; elapsed += FRAME_MS) {
      this.#target.rtp('audio', [this.#sound(), this.#sound()], 0);
      this.#target.rtp('video', this.video.picture(this.#nals));
    }
  }

  /** Sends the reports of both tracks, true to its clocks but for what is given. */
  report(wrong: { unixMs?: number; videoTimestamp?: number; audioUnixMs?: number } = {}): void {
    const unixMs = wrong.unixMs ?? this.#target.nowMs + this.offsetMs;
    this.#target.rtcp('video', senderReportBytes(unixMs, wrong.videoTimestamp ?? this.video.timestamp, 77));
    this.#target.rtcp('audio', senderReportBytes(wrong.audioUnixMs ?? unixMs, this.timestamp, 5));
  }

  #sound(): Buffer {
    const { sequenceNumber, timestamp } = this;
    this.sequenceNumber += 1;
    this.timestamp = (this.timestamp + SOUND_BYTES) % 2 ** 32;
    return rtpBytes({ payload: Buffer.alloc(SOUND_BYTES, 0xff), payloadType: 0, sequenceNumber, timestamp, ssrc: 5 });
  }
}

function relative(timed: readonly { timestamp: number }[]): number[] {
  const first = timed[0]?.timestamp ?? 0;
  return timed.map(({ timestamp }) => (timestamp - first) >>> 0);
}
