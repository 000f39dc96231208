import { randomInt } from 'node:crypto';
import type { Conversions } from './conversion.ts';
import { ConvertedVideo } from './converted-video.ts';
import { PacketHistory } from './packet-history.ts';
import { PictureRates, type StreamRates } from './picture-rates.ts';
import type { Readers } from './readers.ts';
import type { StreamReader } from './stream.ts';
import type { TrackDescription } from './track.ts';
import { isForViewers, VideoTrack, type CameraFrame, type VideoFrame, type VideoTrackEvents } from './video-track.ts';

export interface VideoFeedOptions {
  /** Most bytes of an RTP payload that viewers are sent. */
  maxPayload: number;
  keyframeCacheBytes: number;
  /** Absent: nothing is converted. */
  conversions?: Conversions;
}

/** A stream's pictures on their way to its viewers: as they come, or as H.264 for those who do not play that. */
export class VideoFeed {
  readonly #readers: Readers;
  readonly #options: VideoFeedOptions;
  readonly #events: Omit<VideoTrackEvents, 'frame'>;
  readonly #history: PacketHistory<CameraFrame>;
  readonly #rates = new PictureRates();
  #track: VideoTrack | undefined;
  #converted: ConvertedVideo | undefined;
  /** Where those of the camera are proved to be out of order, the converted ones are shown, and not those. */
  #replaced = false;

  constructor(readers: Readers, options: VideoFeedOptions, events: Omit<VideoTrackEvents, 'frame'>) {
    this.#readers = readers;
    this.#options = options;
    this.#events = events;
    this.#history = new PacketHistory(options.keyframeCacheBytes);
  }

  get track(): VideoTrack | undefined {
    return this.#track;
  }

  /** The newest group of pictures as the camera sent it. */
  get pictures(): readonly CameraFrame[] {
    return this.#history.group;
  }

  /** There is a group of pictures as the camera sent it. */
  get hasPictures(): boolean {
    return this.#history.hasGroup;
  }

  /** What the pictures take as the camera sends them. */
  get rates(): StreamRates | undefined {
    return this.#rates.rates;
  }

  setTrack(track: TrackDescription): void {
    if (this.#track !== undefined) {
      const { codec } = this.#track;
      this.#track.reconnect(track);
      // What was begun is of the codec before.
      if (this.#track.codec !== codec) this.close();
      this.#replaced = false;
      return;
    }
    this.#track = new VideoTrack(track, randomInt(2 ** 32), this.#options.maxPayload, {
      ...this.#events,
      reordered: () => {
        this.look();
        // Who is shown the camera's goes over to the converted ones at a keyframe of theirs.
        this.#replaced = false;
        // Of a codec that is converted for everybody it makes no difference.
        if (this.#track?.codec === 'H264' || this.#track?.codec === 'H265') this.#events.reordered();
      },
      frame: (frame) => this.#handOn(frame),
    });
  }

  /** What is kept belongs to the connection before: the camera may have been away for long. */
  forget(): void {
    this.#history.clear();
    this.#rates.breakOff();
    this.#converted?.forget();
  }

  /**
   * Hands the newest group of pictures to one that joins. They come in one go, and so they are stamped: a tick apart, up to the newest, which keeps its
   * time. By their own times they would be seconds that pass at once, of which Chromium concludes that the sender's clock runs fast: it played the
   * pictures too early by that, and sound up to half a second apart from them, for half a minute.
   */
  join(reader: StreamReader): void {
    const frames = (this.isConvertedFor(reader) ? (this.#converted?.pictures ?? []) : this.pictures).filter(isForViewers);
    const newest = frames.at(-1)?.timestamp ?? 0;
    for (const [index, frame] of frames.entries()) {
      const timestamp = (newest - (frames.length - 1 - index)) >>> 0;
      this.#readers.give(reader, () => reader.video({ ...frame, timestamp }));
    }
  }

  /** Begins to convert for the first reader that needs it, and ends with the last. */
  look(): void {
    if (this.#track === undefined || !this.#readers.some((reader) => this.#needsH264(reader))) return this.close();
    if (this.#converted !== undefined) return;
    this.#converted = ConvertedVideo.begin(this.#options, this.#track.codec, this.pictures, (frame) =>
      this.#handOnConverted(frame),
    );
    // Known before, it is for one that joins, who would be shown the newest group of pictures twice: as it came, and converted.
    this.#replaced = this.#converted !== undefined && this.#track.reordered;
  }

  close(): void {
    this.#converted?.close();
    this.#converted = undefined;
    this.#replaced = false;
  }

  #handOn(frame: CameraFrame): void {
    this.#history.add(frame, isForViewers(frame));
    this.#rates.note(frame);
    this.#converted?.push(frame);
    // Where nothing is converted any more, as when ffmpeg was taken away, the camera's own go out again.
    if (frame.keyframe && this.#converted?.isFailed === true) this.#replaced = false;
    if (!isForViewers(frame)) return;
    this.#readers.each((reader) => {
      if (reader.codecs.video.has(frame.codec) && !this.isConvertedFor(reader)) reader.video(frame);
    });
  }

  #handOnConverted(frame: VideoFrame): void {
    // Where a viewer goes over from one to the other, it must be at a keyframe.
    if (frame.keyframe && this.#track?.reordered === true) this.#replaced = true;
    this.#readers.each((reader) => {
      if (this.isConvertedFor(reader)) reader.video(frame);
    });
  }

  /** Whether it is given the converted pictures by now: the camera's own, out of order, are better than none. */
  isConvertedFor(reader: StreamReader): boolean {
    return this.#needsH264(reader) && (this.#replaced || !this.#takes(reader));
  }

  #takes({ codecs }: StreamReader): boolean {
    const taken: ReadonlySet<string> = codecs.video;
    return this.#track !== undefined && taken.has(this.#track.codec);
  }

  /** No browser puts pictures in order. */
  #needsH264(reader: StreamReader): boolean {
    return reader.codecs.video.has('H264') && (this.#track?.reordered === true || !this.#takes(reader));
  }
}
