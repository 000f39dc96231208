import { randomInt } from 'node:crypto';
import type { Conversions } from './conversion.ts';
import { documentForm } from './metadata/document-form.ts';
import { MetadataTrack } from './metadata/metadata-track.ts';
import type { StreamRates } from './picture-rates.ts';
import { Readers } from './readers.ts';
import { encodePictureLossIndication, encodeReceiverReport, parseRtcp } from './rtp/rtcp.ts';
import type { TimeMapping } from './rtp/timeline.ts';
import { SoundFeed } from './sound-feed.ts';
import { isPassedSound, soundFormat } from './sound-track.ts';
import { StreamClock } from './stream-clock.ts';
import type { TrackDescription, TrackReceiver } from './track.ts';
import { chooseVideo } from './video-coding.ts';
import { VideoFeed } from './video-feed.ts';
import type { CameraFrame, VideoFrame, VideoTrack } from './video-track.ts';
import type { AudioCodec, ViewerCodecs } from './viewer-codecs.ts';

/** A timeline that packets of sound are on. */
export interface SoundTimeline {
  /** The camera's time on it; undefined before the first packet. It goes on when nothing more comes on the timeline. */
  time(): TimeMapping | undefined;
}

export interface AudioPacket {
  codec: AudioCodec;
  /** Shared by all viewers; must not be written to. */
  payload: Buffer;
  /** 32 bits, at {@link clockRate}. */
  timestamp: number;
  /** Of the timestamp: another object where timestamps begin anew, anywhere. */
  timeline: SoundTimeline;
  clockRate: number;
  marker: boolean;
}

/** One viewer of a stream. It must take what it is given at once and bound what it keeps: nothing here waits for it. */
export interface StreamReader {
  /** What it takes; it is given nothing else. */
  readonly codecs: ViewerCodecs;
  video(frame: VideoFrame): void;
  audio(packet: AudioPacket): void;
  /** One XML document, compressed with gzip. */
  metadata(gzipped: Buffer): void;
  /** False while nobody listens to metadata. */
  readonly wantsMetadata: boolean;
}

export interface StreamOptions {
  /** Most bytes of an RTP payload that viewers are sent. */
  maxPayload: number;
  keyframeCacheBytes: number;
  /** The camera's clock minus ours, milliseconds, for tracks without sender reports. */
  clockOffsetMs: number;
  /** Viewers cannot decode until a keyframe comes. */
  onKeyframeWanted: () => void;
  /** Told once a connection at most: the video has B-frames, which no browser shows in their order (mediamtx#1491, #3022). */
  onReordered?: () => void;
  /** Told once a connection at most: the video is made of fields. */
  onInterlaced?: () => void;
  /** Absent: nothing is converted for viewers who do not play it as it comes. */
  conversions?: Conversions;
}

/** The camera's time on the timeline of its picture. */
export interface StreamTimes {
  /** Undefined before the first packet. */
  readonly videoTime: TimeMapping | undefined;
  /** The camera's clock minus ours, milliseconds. */
  readonly cameraClockOffsetMs: number;
  /** The same as the camera's own reports say it; undefined where those tell no time of day. */
  readonly reportedClockOffsetMs?: number | undefined;
}

type Kind = 'video' | 'audio' | 'metadata';

/**
 * One pulled profile: takes what the camera sends, makes it fit for viewers once, keeps the newest group of pictures, and hands all on
 * to its readers. It knows no sockets: the owner feeds it. It outlives the camera's connections.
 */
export class Stream implements StreamTimes {
  readonly #readers = new Readers(() => this.#look());
  readonly #video: VideoFeed;
  readonly #sound: SoundFeed;
  readonly #clock: StreamClock;
  /** RTCP identity towards the camera. */
  readonly #ssrc = randomInt(1, 2 ** 32);
  /** Of the video, before its first packet. */
  #announcedSsrc: number | undefined;
  #tracks: (Kind | undefined)[] = [];
  #metadata: MetadataTrack | undefined;
  #bytes = 0;

  constructor(options: StreamOptions) {
    this.#video = new VideoFeed(this.#readers, options, {
      keyframeWanted: options.onKeyframeWanted,
      reordered: () => options.onReordered?.(),
      interlaced: () => options.onInterlaced?.(),
    });
    this.#sound = new SoundFeed(this.#readers, options.conversions, (receiver) => this.#clock.timeOf(receiver));
    this.#clock = new StreamClock(options.clockOffsetMs, () =>
      [this.#video.track?.receiver, this.#sound.track?.receiver].filter((receiver) => receiver !== undefined),
    );
  }

  get readers(): number {
    return this.#readers.count;
  }

  get video(): VideoTrack | undefined {
    return this.#video.track;
  }

  /** Metadata documents that were incomplete, too large, or came too fast. */
  get metadataDropped(): number {
    return this.#metadata?.dropped ?? 0;
  }

  get bytesReceived(): number {
    return this.#bytes;
  }

  get packetsReceived(): number {
    return this.#receivers().reduce((sum, receiver) => sum + receiver.received, 0);
  }

  get packetsLost(): number {
    return this.#receivers().reduce((sum, receiver) => sum + receiver.lost, 0);
  }

  get packetsMalformed(): number {
    return (this.video?.malformed ?? 0) + (this.#sound.track?.malformed ?? 0) + (this.#metadata?.receiver.malformed ?? 0);
  }

  set clockOffsetMs(offset: number) {
    this.#clock.offsetMs = offset;
  }

  /**
   * Those of a camera's tracks that are of use, at most one of each kind.
   *
   * @param isConverted pictures that no viewer plays are converted; else they are of no use
   */
  static choose<Track extends TrackDescription>(tracks: readonly Track[], isConverted = true): Track[] {
    const first = (kind: TrackDescription['kind'], isUsed: (track: TrackDescription) => boolean): Track | undefined =>
      tracks.find((track) => track.kind === kind && isUsed(track));
    // Sound that needs no conversion goes before what a camera lists first.
    return [
      chooseVideo(tracks, isConverted),
      first('audio', isPassedSound) ?? first('audio', isSound),
      first('application', isMetadata),
    ].filter((track) => track !== undefined);
  }

  /**
   * Tells the {@link choose | chosen} tracks of a new connection, by position; they carry on where those before left. What is not among them any more has no
   * part in the camera's clock, and is not converted; it would carry on, too.
   */
  setTracks(tracks: readonly TrackDescription[]): void {
    this.#tracks = [];
    this.#video.forget();
    for (const { clock } of this.#receivers()) clock.forget();
    for (const [index, track] of tracks.entries()) {
      if (track.kind === 'video') {
        this.#tracks[index] = 'video';
        this.#announcedSsrc = track.ssrc;
        this.#video.setTrack(track);
      } else if (track.kind === 'audio') {
        this.#tracks[index] = 'audio';
        this.#sound.setTrack(track);
      } else {
        this.#setMetadata(index, track);
      }
    }
    this.#look();
  }

  /** Takes an RTP packet of the track at `index`; arrival in Unix milliseconds. */
  receiveRtp(index: number, bytes: Buffer, arrivalMs: number): void {
    this.#bytes += bytes.length;
    switch (this.#tracks[index]) {
      case 'video':
        this.video?.receive(bytes, arrivalMs);
        return;
      case 'audio':
        this.#sound.receive(bytes, arrivalMs);
        return;
      case 'metadata':
        this.#metadata?.receive(bytes, arrivalMs, this.#metadataWanted());
        return;
      case undefined:
    }
  }

  receiveRtcp(index: number, bytes: Buffer, arrivalMs: number): void {
    for (const message of parseRtcp(bytes).messages) this.#receiverAt(index)?.receiveRtcp(message, arrivalMs);
    this.#clock.compare();
  }

  /** The receiver report that is due to the camera for the track at `index`; undefined before its first packet. */
  receiverReport(index: number, nowMs: number): Buffer | undefined {
    const report = this.#receiverAt(index)?.report(nowMs);
    return report === undefined ? undefined : encodeReceiverReport(this.#ssrc, [report], 'gateway');
  }

  /** Asks the camera itself for a keyframe (RFC 4585 PLI), for the track at `index`; undefined while its SSRC is not known. */
  pictureLossIndication(index: number, nowMs: number): Buffer | undefined {
    if (this.#tracks[index] !== 'video') return undefined;
    const media = this.video?.receiver.ssrc ?? this.#announcedSsrc;
    if (media === undefined) return undefined;
    const report = this.receiverReport(index, nowMs) ?? encodeReceiverReport(this.#ssrc, [], 'gateway');
    return Buffer.concat([report, encodePictureLossIndication(this.#ssrc, media)]);
  }

  /**
   * Adds a viewer, which is handed the cached group of pictures at once, and then what comes. Returns how to remove it.
   *
   * @param onFailure called with what the viewer threw; it is removed then, and the others go on. Default: who feeds the stream is thrown it.
   */
  addReader(reader: StreamReader, onFailure: (error: unknown) => void = rethrow): () => void {
    const remove = (): void => this.#readers.remove(reader);
    this.#readers.add(reader, onFailure);
    try {
      this.#look();
      this.#video.join(reader);
    } catch (error) {
      remove();
      throw error;
    }
    return remove;
  }

  /** True when a viewer that joins has a picture at once. */
  get hasKeyframe(): boolean {
    return this.#video.hasPictures;
  }

  /** The newest group of pictures as the camera sent it, from its keyframe on; empty where there is none. */
  get pictures(): readonly CameraFrame[] {
    return this.#video.pictures;
  }

  /**
   * Mean rates of the pictures as the camera sends them, and viewers are sent them where they are not converted: of the newest whole groups of pictures that
   * last 8 s together. They stay when the camera is let go; undefined before a group was measured, or 8 s of one.
   */
  get rates(): StreamRates | undefined {
    return this.#video.rates;
  }

  get videoTime(): TimeMapping | undefined {
    return this.#clock.timeOf(this.video?.receiver);
  }

  /** See {@link StreamClock.cameraOffsetMs}. */
  get cameraClockOffsetMs(): number {
    return this.#clock.cameraOffsetMs;
  }

  /** See {@link StreamClock.reportedOffsetMs}. */
  get reportedClockOffsetMs(): number | undefined {
    return this.#clock.reportedOffsetMs;
  }

  /** Whether a reader is given pictures that are made of the camera's, not those. */
  isConvertedFor(reader: StreamReader): boolean {
    return this.#video.isConvertedFor(reader);
  }

  /** Ends what is under way for viewers. */
  close(): void {
    this.#video.close();
    this.#sound.close();
  }

  #setMetadata(index: number, track: TrackDescription): void {
    this.#tracks[index] = 'metadata';
    if (this.#metadata === undefined) {
      this.#metadata = new MetadataTrack(track, randomInt(2 ** 32), (gzipped) => {
        this.#readers.each((reader) => {
          if (reader.wantsMetadata) reader.metadata(gzipped);
        });
      });
    } else {
      this.#metadata.reconnect(track);
    }
  }

  #look(): void {
    if (this.#tracks.includes('video')) this.#video.look();
    else this.#video.close();
    if (this.#tracks.includes('audio')) this.#sound.look();
    else this.#sound.close();
  }

  #metadataWanted(): boolean {
    return this.#readers.some(({ wantsMetadata }) => wantsMetadata);
  }

  #receiverAt(index: number): TrackReceiver | undefined {
    switch (this.#tracks[index]) {
      case 'video':
        return this.video?.receiver;
      case 'audio':
        return this.#sound.track?.receiver;
      case 'metadata':
        return this.#metadata?.receiver;
      case undefined:
        return undefined;
    }
  }

  #receivers(): TrackReceiver[] {
    return [this.video?.receiver, this.#sound.track?.receiver, this.#metadata?.receiver].filter(
      (receiver) => receiver !== undefined,
    );
  }
}

function rethrow(error: unknown): never {
  throw error;
}

function isMetadata(track: TrackDescription): boolean {
  return documentForm(track.encodingName) !== undefined;
}

function isSound(track: TrackDescription): boolean {
  return soundFormat(track) !== undefined;
}
