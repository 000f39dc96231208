import { randomInt } from 'node:crypto';
import { OPUS_CLOCK_RATE, type Conversions, type SoundConversion } from './conversion.ts';
import type { Readers } from './readers.ts';
import type { TimeMapping } from './rtp/timeline.ts';
import { soundDepacketizer } from './sound-depacketizer.ts';
import { passedAs, type SoundFormat } from './sound-format.ts';
import { SoundTrack } from './sound-track.ts';
import type { AudioPacket, SoundTimeline, StreamReader } from './stream.ts';
import type { TrackDescription, TrackReceiver } from './track.ts';
import type { ViewerCodecs } from './viewer-codecs.ts';

/** Each format needs a process of its own, and a camera may change between two with each packet. */
const RESTART_INTERVAL_MS = 500;

/** A stream's sound on its way to its viewers: as it comes, or as Opus for those who do not play that. */
export class SoundFeed {
  readonly #readers: Readers;
  readonly #conversions: Conversions | undefined;
  readonly #timeOf: (receiver: TrackReceiver) => TimeMapping | undefined;
  #track: SoundTrack | undefined;
  #timeline: SoundTimeline | undefined;
  #converted: SoundConversion | undefined;
  #convertedFormat: SoundFormat | undefined;
  /** The format has changed, and another conversion is begun when it is time. */
  #isBetweenConversions = false;
  /** When one was begun since the format had changed. */
  #restartedMs = -Infinity;

  /**
   * @param conversions absent: nothing is converted
   * @param timeOf the camera's time on a track's timeline
   */
  constructor(
    readers: Readers,
    conversions: Conversions | undefined,
    timeOf: (receiver: TrackReceiver) => TimeMapping | undefined,
  ) {
    this.#readers = readers;
    this.#conversions = conversions;
    this.#timeOf = timeOf;
  }

  get track(): SoundTrack | undefined {
    return this.#track;
  }

  setTrack(track: TrackDescription): void {
    const depacketizer = soundDepacketizer(track);
    // What was begun is of the format before.
    this.close();
    if (depacketizer === undefined) {
      this.#track = undefined;
    } else if (this.#track?.receiver.clockRate === track.clockRate) {
      this.#track.reconnect(track, depacketizer);
    } else {
      const begun = new SoundTrack(track, depacketizer, randomInt(2 ** 32));
      this.#track = begun;
      this.#timeline = { time: () => this.#timeOf(begun.receiver) };
    }
  }

  receive(bytes: Buffer, arrivalMs: number): void {
    const timeline = this.#timeline;
    if (this.#track === undefined || timeline === undefined) return;
    const { clockRate } = this.#track.receiver;
    const frames = this.#track.receive(bytes, arrivalMs);
    // AAC may say in its packets what it is.
    if (this.#converted !== undefined && this.#track.format !== this.#convertedFormat) {
      this.close();
      this.#isBetweenConversions = true;
    }
    if (this.#isBetweenConversions && performance.now() - this.#restartedMs >= RESTART_INTERVAL_MS) {
      this.#restartedMs = performance.now();
      this.look();
    }
    const codec = passedAs(this.#track.format);
    for (const frame of frames) {
      this.#converted?.push(frame);
      if (codec === undefined) continue;
      const packet: AudioPacket = { ...frame, codec, clockRate, timeline };
      this.#readers.each((reader) => {
        if (reader.codecs.audio.has(codec)) reader.audio(packet);
      });
    }
  }

  /** Begins to convert for the first reader that needs it, and ends with the last. */
  look(): void {
    if (this.#track === undefined || !this.#readers.some((reader) => this.#needsOpus(reader))) return this.close();
    if (this.#converted !== undefined) return;
    const { format, receiver } = this.#track;
    const converted = this.#conversions?.sound(format, (frame) => {
      const packet: AudioPacket = { ...frame, codec: 'OPUS', clockRate: OPUS_CLOCK_RATE, timeline };
      this.#readers.each((reader) => {
        if (this.#needsOpus(reader)) reader.audio(packet);
      });
    });
    const timeline: SoundTimeline = {
      time: () => {
        const time = this.#timeOf(receiver);
        return time && converted?.translate(time);
      },
    };
    this.#convertedFormat = format;
    this.#converted = converted;
    this.#isBetweenConversions = false;
  }

  close(): void {
    this.#converted?.close();
    this.#converted = undefined;
    this.#isBetweenConversions = false;
  }

  /** Whether a viewer with these codecs plays it as it comes. */
  #isPassed({ audio }: ViewerCodecs): boolean {
    const codec = this.#track && passedAs(this.#track.format);
    return codec !== undefined && audio.has(codec);
  }

  #needsOpus({ codecs }: StreamReader): boolean {
    return codecs.audio.has('OPUS') && !this.#isPassed(codecs);
  }
}
