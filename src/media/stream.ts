import { randomInt } from 'node:crypto';
import { encodePictureLossIndication, encodeReceiverReport, parseRtcp } from './rtp/rtcp.ts';
import type { TimeMapping } from './rtp/timeline.ts';
import { KeyframeCache } from './keyframe-cache.ts';
import { MetadataTrack } from './metadata/metadata-track.ts';
import { TrackReceiver, type TrackDescription } from './track.ts';
import { VideoTrack, type VideoFrame } from './video-track.ts';

/** Audio codecs that browsers play as they come: nothing but the RTP header is rewritten. */
const PASSED_AUDIO: ReadonlySet<string> = new Set(['PCMU', 'PCMA', 'OPUS']);

export interface AudioPacket {
  /** As in rtpmap, upper case: `PCMU`, `PCMA` or `OPUS`. */
  codec: string;
  /** Shared by all viewers; must not be written to. */
  payload: Buffer;
  /** On the track's timeline, 32 bits, at {@link clockRate}. */
  timestamp: number;
  clockRate: number;
  marker: boolean;
}

/** One viewer of a stream. It must take what it is given at once and bound what it keeps: nothing here waits for it. */
export interface StreamReader {
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
}

/**
 * A clock that is further off than this from what ONVIF says, or from ours, does not tell the time of day: it was never set (1970), counts
 * the camera's uptime, or has 1970 for 1900.
 */
const MAX_CLOCK_ERROR_MS = 366 * 24 * 3_600_000;
/** Sound and picture of a camera whose reports are further apart than this have reports of different clocks. */
const MAX_DISAGREEMENT_MS = 1000;

type Kind = 'video' | 'audio' | 'metadata';

/**
 * One pulled profile: takes what the camera sends, makes it fit for viewers once, keeps the newest group of pictures, and hands all on
 * to its readers. It knows no sockets: the owner feeds it. It outlives the camera's connections.
 */
export class Stream {
  readonly #options: StreamOptions;
  /** With what is called where one of them throws. */
  readonly #readers = new Map<StreamReader, (error: unknown) => void>();
  readonly #cache: KeyframeCache;
  /** RTCP identity towards the camera. */
  readonly #ssrc = randomInt(1, 2 ** 32);
  #clockOffsetMs: number;
  /** Of the video, before its first packet. */
  #announcedSsrc: number | undefined;
  #tracks: (Kind | undefined)[] = [];
  #video: VideoTrack | undefined;
  #audio: { receiver: TrackReceiver; codec: string } | undefined;
  #metadata: MetadataTrack | undefined;
  #bytes = 0;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#clockOffsetMs = options.clockOffsetMs;
    this.#cache = new KeyframeCache(options.keyframeCacheBytes);
  }

  get readers(): number {
    return this.#readers.size;
  }

  get video(): VideoTrack | undefined {
    return this.#video;
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
    const others = [this.#audio?.receiver, this.#metadata?.receiver];
    return (this.#video?.malformed ?? 0) + others.reduce((sum, receiver) => sum + (receiver?.malformed ?? 0), 0);
  }

  set clockOffsetMs(offset: number) {
    this.#clockOffsetMs = offset;
  }

  /** Those of a camera's tracks that are of use, at most one of each kind: H.264, sound that passes as it comes, metadata. */
  static choose<Track extends TrackDescription>(tracks: readonly Track[]): Track[] {
    const isUsed = { video: isH264, audio: isPassed, application: isMetadata };
    return (['video', 'audio', 'application'] as const)
      .map((kind) => tracks.find((track) => track.kind === kind && isUsed[kind](track)))
      .filter((track) => track !== undefined);
  }

  /** Tells the {@link choose | chosen} tracks of a new connection, by position; they carry on where those before left. */
  setTracks(tracks: readonly TrackDescription[]): void {
    this.#tracks = [];
    // What the cache holds belongs to the connection before: the camera may have been away for long.
    this.#cache.clear();
    for (const [index, track] of tracks.entries()) {
      if (track.kind === 'video') this.#setVideo(index, track);
      else if (track.kind === 'audio') this.#setAudio(index, track);
      else this.#setMetadata(index, track);
    }
  }

  /** Takes an RTP packet of the track at `index`; arrival in Unix milliseconds. */
  receiveRtp(index: number, bytes: Buffer, arrivalMs: number): void {
    this.#bytes += bytes.length;
    switch (this.#tracks[index]) {
      case 'video':
        this.#video?.receive(bytes, arrivalMs);
        return;
      case 'audio':
        this.#receiveAudio(bytes, arrivalMs);
        return;
      case 'metadata':
        this.#metadata?.receive(bytes, arrivalMs, this.#metadataWanted());
        return;
      case undefined:
    }
  }

  receiveRtcp(index: number, bytes: Buffer, arrivalMs: number): void {
    for (const message of parseRtcp(bytes).messages) this.#receiverAt(index)?.receiveRtcp(message, arrivalMs);
  }

  /** The receiver report that is due to the camera for the track at `index`; undefined before its first packet. */
  receiverReport(index: number, nowMs: number): Buffer | undefined {
    const report = this.#receiverAt(index)?.report(nowMs);
    return report === undefined ? undefined : encodeReceiverReport(this.#ssrc, [report], 'gateway');
  }

  /** Asks the camera itself for a keyframe (RFC 4585 PLI), for the track at `index`; undefined while its SSRC is not known. */
  pictureLossIndication(index: number, nowMs: number): Buffer | undefined {
    if (this.#tracks[index] !== 'video') return undefined;
    const media = this.#video?.receiver.ssrc ?? this.#announcedSsrc;
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
    this.#readers.set(reader, onFailure);
    for (const frame of this.#cache.frames) this.#give(reader, onFailure, () => reader.video(frame));
    return () => void this.#readers.delete(reader);
  }

  /** True when a viewer that joins has a picture at once. */
  get hasKeyframe(): boolean {
    return this.#cache.frames.length > 0;
  }

  /** The camera's time on the video's timeline; undefined before its first packet. */
  get videoTime(): TimeMapping | undefined {
    return this.#timeOf(this.#video?.receiver);
  }

  /** The camera's time on the audio's timeline; undefined before its first packet. */
  get audioTime(): TimeMapping | undefined {
    return this.#timeOf(this.#audio?.receiver);
  }

  /** The camera's clock minus ours: by its sender reports, so that all tracks agree, else as it was given. Milliseconds. */
  get cameraClockOffsetMs(): number {
    return this.reportedClockOffsetMs ?? this.#clockOffsetMs;
  }

  /** The camera's clock minus ours by its sender reports, milliseconds; undefined where they tell no time of day. */
  get reportedClockOffsetMs(): number | undefined {
    const offset = this.#senderOffsetMs;
    return offset !== undefined && Math.abs(offset - this.#clockOffsetMs) < MAX_CLOCK_ERROR_MS ? offset : undefined;
  }

  /** What sender reports count from minus our clock: the time of day, or the camera's uptime (RFC 3550 section 6.4.1). */
  get #senderOffsetMs(): number | undefined {
    return this.#video?.receiver.reportedClockOffsetMs ?? this.#audio?.receiver.reportedClockOffsetMs;
  }

  /**
   * By its sender reports, as long as they agree with those of the other track; else by arrival. A clock without the time of day brings
   * sound and picture in step all the same: its times are moved to the camera's.
   */
  #timeOf(receiver: TrackReceiver | undefined): TimeMapping | undefined {
    const senderOffset = this.#senderOffsetMs;
    const own = receiver?.reportedClockOffsetMs;
    const reported = receiver?.reportedTime;
    if (reported !== undefined && own !== undefined && senderOffset !== undefined) {
      const agrees = Math.abs(own - senderOffset) <= MAX_DISAGREEMENT_MS;
      if (agrees) return { ...reported, unixMs: reported.unixMs + this.cameraClockOffsetMs - senderOffset };
    }
    const arrival = receiver?.arrivalTime;
    return arrival && { ...arrival, unixMs: arrival.unixMs + this.cameraClockOffsetMs };
  }

  #setVideo(index: number, track: TrackDescription): void {
    this.#tracks[index] = 'video';
    this.#announcedSsrc = track.ssrc;
    if (this.#video !== undefined) {
      this.#video.reconnect(track);
      return;
    }
    this.#video = new VideoTrack(track, randomInt(2 ** 32), this.#options.maxPayload, {
      frame: (frame) => this.#handOn(frame),
      keyframeWanted: this.#options.onKeyframeWanted,
      reordered: () => this.#options.onReordered?.(),
    });
  }

  #setAudio(index: number, track: TrackDescription): void {
    this.#tracks[index] = 'audio';
    if (this.#audio?.receiver.clockRate === track.clockRate) {
      this.#audio.receiver.reconnect(track);
      this.#audio.codec = track.encodingName;
    } else {
      this.#audio = { receiver: new TrackReceiver(track, randomInt(2 ** 32)), codec: track.encodingName };
    }
  }

  #setMetadata(index: number, track: TrackDescription): void {
    this.#tracks[index] = 'metadata';
    if (this.#metadata === undefined) {
      this.#metadata = new MetadataTrack(track, randomInt(2 ** 32), (gzipped) => {
        this.#toReaders((reader) => {
          if (reader.wantsMetadata) reader.metadata(gzipped);
        });
      });
    } else {
      this.#metadata.reconnect(track);
    }
  }

  #handOn(frame: VideoFrame): void {
    this.#cache.add(frame);
    this.#toReaders((reader) => reader.video(frame));
  }

  #receiveAudio(bytes: Buffer, arrivalMs: number): void {
    const audio = this.#audio;
    const placed = audio?.receiver.receive(bytes, arrivalMs);
    if (audio === undefined || placed === undefined || placed.packet.payload.length === 0) return;
    const { codec, receiver } = audio;
    const { payload, marker } = placed.packet;
    const packet: AudioPacket = { codec, payload, timestamp: placed.timestamp, clockRate: receiver.clockRate, marker };
    this.#toReaders((reader) => reader.audio(packet));
  }

  #toReaders(give: (reader: StreamReader) => void): void {
    for (const [reader, onFailure] of this.#readers) this.#give(reader, onFailure, () => give(reader));
  }

  /** A fault in what serves one viewer must reach neither the camera's connection nor the other viewers. */
  #give(reader: StreamReader, onFailure: (error: unknown) => void, give: () => void): void {
    if (!this.#readers.has(reader)) return;
    try {
      give();
    } catch (error) {
      this.#readers.delete(reader);
      onFailure(error);
    }
  }

  #metadataWanted(): boolean {
    for (const reader of this.#readers.keys()) if (reader.wantsMetadata) return true;
    return false;
  }

  #receiverAt(index: number): TrackReceiver | undefined {
    switch (this.#tracks[index]) {
      case 'video':
        return this.#video?.receiver;
      case 'audio':
        return this.#audio?.receiver;
      case 'metadata':
        return this.#metadata?.receiver;
      case undefined:
        return undefined;
    }
  }

  #receivers(): TrackReceiver[] {
    return [this.#video?.receiver, this.#audio?.receiver, this.#metadata?.receiver].filter((receiver) => receiver !== undefined);
  }
}

function rethrow(error: unknown): never {
  throw error;
}

function isH264(track: TrackDescription): boolean {
  return track.encodingName === 'H264';
}

function isMetadata(track: TrackDescription): boolean {
  return /^vnd\.onvif\.metadata$/i.test(track.encodingName);
}

/** G.711 at its own rate only (mediamtx#2848), and in mono: a browser knows it as PCMU/8000 and PCMA/8000, and nothing else by these names. */
function isPassed({ encodingName, clockRate, channels = 1 }: TrackDescription): boolean {
  return PASSED_AUDIO.has(encodingName) && (encodingName === 'OPUS' || (clockRate === 8000 && channels === 1));
}
