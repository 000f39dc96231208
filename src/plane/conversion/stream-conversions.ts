import type { Reason } from '../../base/errors.ts';
import type { CameraVideoCodec } from '../../media/coded-picture.ts';
import type { Conversions, ConvertedPicture, OpusFrame, PictureConversion, SoundConversion } from '../../media/conversion.ts';
import type { SoundFormat } from '../../media/sound-format.ts';
import { soundInput } from '../../media/transcode/sound-input.ts';
import type { ConversionStats } from '../messages.ts';
import type { StartTranscoder } from '../transcoders.ts';
import type { Converter } from './converter.ts';
import { SoundToOpus } from './sound-to-opus.ts';
import { VideoToH264 } from './video-to-h264.ts';

export interface StreamConversionsOptions {
  /** Whether pictures are converted; sound always is. */
  convertsPictures: () => boolean;
  start: StartTranscoder;
  /** The pictures to come cannot be converted before the camera's next keyframe. */
  onKeyframeWanted: () => void;
  /** Something can no longer be converted, or can again; {@link StreamConversions.warnings} has changed. */
  onWarnings: () => void;
}

type ConversionKind = ConversionStats['kind'];

interface Running {
  from: string;
  to: ConversionStats['to'];
  converter: Converter;
}

/** What of one stream is converted for its viewers, by a process of ffmpeg for the sound and one for the picture, while somebody needs it. */
export class StreamConversions implements Conversions {
  readonly #options: StreamConversionsOptions;
  readonly #running = new Map<ConversionKind, Running>();
  /** Those that ended have not failed any more. */
  readonly #reasons = new Map<ConversionKind, Reason>();
  /** By those that ended. */
  #droppedBefore = 0;

  constructor(options: StreamConversionsOptions) {
    this.#options = options;
  }

  /** What viewers miss since it cannot be converted, and why. */
  get warnings(): Reason[] {
    return [...this.#reasons].map(([kind, reason]) =>
      reason.code === 'transcode.too_slow' ? reason : { ...reason, message: `${this.#lost(kind)} ${reason.message}` },
    );
  }

  /** Why no pictures are made for viewers; undefined while they are, or nobody needs them. */
  get pictureFailure(): Reason | undefined {
    return this.#running.get('video')?.converter.reason;
  }

  /** Frames of all conversions, those that ended included, of which nothing was made. */
  get dropped(): number {
    return [...this.#running.values()].reduce((sum, { converter }) => sum + converter.dropped, this.#droppedBefore);
  }

  get stats(): ConversionStats[] {
    return [...this.#running].map(([kind, { from, to, converter }]) => ({
      kind,
      from,
      to,
      state: converter.state,
      reason: this.#reasons.get(kind) ?? null,
      restarts: converter.restarts,
      dropped: converter.dropped,
      transcoderId: converter.transcoderId ?? null,
      cpu: null,
    }));
  }

  sound(format: SoundFormat, onFrame: (frame: OpusFrame) => void): SoundConversion | undefined {
    const input = soundInput(format);
    if (input === undefined) return undefined;
    const { start } = this.#options;
    const conversion = new SoundToOpus(format, input, { start, onState: (reason) => this.#say('audio', reason), onFrame });
    const end = this.#begin('audio', { from: format.codec, to: 'OPUS', converter: conversion.converter });
    return {
      push: (frame) => conversion.push(frame),
      translate: (time) => conversion.translate(time),
      close: () => end(conversion),
    };
  }

  video(codec: CameraVideoCodec, onPicture: (picture: ConvertedPicture) => void): PictureConversion | undefined {
    const { start, onKeyframeWanted, convertsPictures } = this.#options;
    if (!convertsPictures()) return undefined;
    const conversion = new VideoToH264(codec, {
      start,
      onState: (reason) => this.#say('video', reason),
      onPicture,
      onKeyframeWanted,
    });
    const end = this.#begin('video', { from: codec, to: 'H264', converter: conversion.converter });
    return {
      get isFailed() {
        return conversion.converter.state === 'failed';
      },
      push: (frame) => conversion.push(frame),
      close: () => end(conversion),
    };
  }

  #lost(kind: ConversionKind): string {
    if (kind === 'audio') return 'There is no sound for viewers:';
    // Every viewer takes H.264 as it comes: it is converted for its order alone.
    return this.#running.get(kind)?.from === 'H264'
      ? 'Viewers are shown the pictures out of their order, and lose most:'
      : 'There is no picture for viewers who do not play it as it comes:';
  }

  #begin(kind: ConversionKind, running: Running): (conversion: { close(): void }) => void {
    this.#running.set(kind, running);
    running.converter.start();
    return (conversion) => {
      conversion.close();
      this.#droppedBefore += running.converter.dropped;
      if (this.#running.get(kind) !== running) return;
      this.#running.delete(kind);
      this.#say(kind, undefined);
    };
  }

  #say(kind: ConversionKind, reason: Reason | undefined): void {
    if (reason !== undefined) this.#reasons.set(kind, reason);
    else if (!this.#reasons.delete(kind)) return;
    this.#options.onWarnings();
  }
}
