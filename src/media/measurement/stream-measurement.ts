import { parseRtcp } from '../rtp/rtcp.ts';
import { isPassedSound } from '../sound-track.ts';
import { Stream } from '../stream.ts';
import type { TrackDescription, TrackReceiver } from '../track.ts';
import { AudioMeasurement, type AudioFigures } from './audio-measurement.ts';
import { MetadataMeasurement, type MetadataFigures } from './metadata-measurement.ts';
import { isPassedVideo } from '../video-coding.ts';
import { VideoMeasurement, type VideoFigures } from './video-measurement.ts';

/** A track of a session description; channels of sound. */
export type MeasuredTrack = TrackDescription & { channels: number };

/** What is measured of a track of any kind. */
export interface TrackFigures {
  /** As in SDP rtpmap: `H264`, `PCMU`, `MPEG4-GENERIC`, `vnd.onvif.metadata`. */
  codec: string;
  clockRate: number;
  packets: number;
  lost: number;
  malformed: number;
  /** Null before the first packet. */
  jitterMs: number | null;
  senderReports: number;
  /** The camera's clock minus ours by its sender reports; null without. */
  clockOffsetMs: number | null;
  /** When the first packet came, Unix milliseconds. */
  firstPacketMs: number | null;
  /** The gateway hands the track on to viewers as it comes. */
  passed: boolean;
  /** It hands it on, or what is made of it. */
  used: boolean;
}

export interface StreamFigures {
  video: (TrackFigures & VideoFigures & { fmtp: ReadonlyMap<string, string> }) | null;
  audio: (TrackFigures & AudioFigures) | null;
  metadata: (TrackFigures & MetadataFigures) | null;
  /** Pictures that the gateway would have handed on to a viewer, or had converted for it. */
  framesPassed: number;
}

interface MeasuredEntry {
  track: MeasuredTrack;
  measurement: { readonly receiver: TrackReceiver; receive(bytes: Buffer, arrivalMs: number): void };
  senderReports: number;
  firstPacketMs: number | null;
}

/** Enough for RTP over Ethernet; what the pictures are cut into does not matter here. */
const MAX_PAYLOAD = 1200;

/**
 * One pulled profile, measured: a track of each kind. A {@link Stream}, as viewers are served from, is fed beside it, so that what is
 * said about the gateway is what it does.
 */
export class StreamMeasurement {
  readonly #video: (MeasuredEntry & { measurement: VideoMeasurement }) | undefined;
  readonly #audio: (MeasuredEntry & { measurement: AudioMeasurement }) | undefined;
  readonly #metadata: (MeasuredEntry & { measurement: MetadataMeasurement }) | undefined;
  readonly #used: readonly MeasuredTrack[];
  readonly #stream: Stream;

  constructor(tracks: readonly MeasuredTrack[]) {
    this.#used = Stream.choose(tracks);
    this.#video = this.#entry(tracks, 'video', (track) => new VideoMeasurement(track));
    this.#audio = this.#entry(tracks, 'audio', (track) => new AudioMeasurement(track, track.channels));
    this.#metadata = this.#entry(tracks, 'application', (track) => new MetadataMeasurement(track));
    this.#stream = new Stream({
      maxPayload: MAX_PAYLOAD,
      keyframeCacheBytes: 0,
      clockOffsetMs: 0,
      onKeyframeWanted: () => undefined,
    });
    this.#stream.setTracks(this.#used);
  }

  /** Takes an RTP packet; arrival in Unix milliseconds. */
  receiveRtp(track: MeasuredTrack, bytes: Buffer, arrivalMs: number): void {
    const index = this.#used.indexOf(track);
    if (index !== -1) this.#stream.receiveRtp(index, bytes, arrivalMs);
    const entry = this.#entryOf(track);
    if (entry === undefined) return;
    entry.firstPacketMs ??= arrivalMs;
    entry.measurement.receive(bytes, arrivalMs);
  }

  receiveRtcp(track: MeasuredTrack, bytes: Buffer, arrivalMs: number): void {
    const entry = this.#entryOf(track);
    if (entry === undefined) return;
    for (const message of parseRtcp(bytes).messages) {
      if (message.type === 'sender-report') entry.senderReports += 1;
      entry.measurement.receiver.receiveRtcp(message, arrivalMs);
    }
  }

  /** What is known up to now. */
  figures(nowMs: number): StreamFigures {
    const video = this.#video;
    const audio = this.#audio;
    const metadata = this.#metadata;
    return {
      video: video === undefined ? null : { ...this.#common(video, nowMs), ...video.measurement.figures, fmtp: video.track.fmtp },
      audio: audio === undefined ? null : { ...this.#common(audio, nowMs), ...audio.measurement.figures },
      metadata: metadata === undefined ? null : { ...this.#common(metadata, nowMs), ...metadata.measurement.figures },
      framesPassed: (this.#stream.video?.accessUnits ?? 0) - (this.#stream.video?.damaged ?? 0),
    };
  }

  /** The track of a kind that the gateway takes, else the first. */
  #entry<Measurement extends MeasuredEntry['measurement']>(
    tracks: readonly MeasuredTrack[],
    kind: MeasuredTrack['kind'],
    measure: (track: MeasuredTrack) => Measurement,
  ): (MeasuredEntry & { measurement: Measurement }) | undefined {
    const track = [...this.#used, ...tracks].find((each) => each.kind === kind);
    return track && { track, measurement: measure(track), senderReports: 0, firstPacketMs: null };
  }

  #entryOf(track: MeasuredTrack): MeasuredEntry | undefined {
    return [this.#video, this.#audio, this.#metadata].find((entry) => entry?.track === track);
  }

  #common({ track, measurement: { receiver }, senderReports, firstPacketMs }: MeasuredEntry, nowMs: number): TrackFigures {
    const report = receiver.report(nowMs);
    return {
      codec: track.encodingName,
      clockRate: track.clockRate,
      packets: receiver.received,
      lost: receiver.lost,
      malformed: receiver.malformed,
      jitterMs: report === undefined ? null : (report.jitter / track.clockRate) * 1000,
      senderReports,
      clockOffsetMs: receiver.reportedClockOffsetMs ?? null,
      firstPacketMs,
      passed: this.#used.includes(track) && isPassed(track),
      used: this.#used.includes(track),
    };
  }
}

function isPassed(track: TrackDescription): boolean {
  if (track.kind === 'audio') return isPassedSound(track);
  return track.kind !== 'video' || isPassedVideo(track);
}
