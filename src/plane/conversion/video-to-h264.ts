import type { Reason } from '../../base/errors.ts';
import type { CameraVideoCodec } from '../../media/coded-picture.ts';
import type { Conversion, ConvertedPicture } from '../../media/conversion.ts';
import { splitAnnexB } from '../../media/h264/nal.ts';
import { matroskaFrame, matroskaHeader } from '../../media/matroska/writer.ts';
import { h264Arguments } from '../../media/transcode/conversion-arguments.ts';
import { ConversionTimeline } from '../../media/transcode/conversion-timeline.ts';
import { pictureInput, pictureTrack } from '../../media/transcode/picture-input.ts';
import type { CameraFrame } from '../../media/video-track.ts';
import { Converter, type ConverterOptions } from './converter.ts';
import { Lateness } from './lateness.ts';
import { PictureRate } from './picture-rate.ts';

/** Of video in RTP, Hz. */
const CLOCK_RATE = 90_000;
/** A group of pictures that is kept, and some of the largest pictures more. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024;

/** How many bits of H.264, made in a hurry, show what one bit of the other shows. */
const BITS: Readonly<Record<CameraVideoCodec, number>> = { H264: 1.5, H265: 2, JPEG: 0.2, MPEG4: 1.2 };
const MIN_BIT_RATE = 500_000;
const MAX_BIT_RATE = 20_000_000;
const UNKNOWN_BIT_RATE = 4_000_000;
/** A process that may make so much less than is needed is not left so. */
const MAX_BELOW = 2;

/** Once it was too slow that is said for so long, milliseconds: where each group of pictures loses its end it is not to come and go. */
const SAID_FOR_MS = 60_000;
const TOO_SLOW: Reason = {
  code: 'transcode.too_slow',
  message: 'The pictures are converted more slowly than they come: some are left out, so that viewers do not fall behind.',
  advice: "Set the camera's video encoder to H.264 without B-frames, or to fewer or smaller pictures.",
};

export interface VideoToH264Options extends Pick<ConverterOptions, 'start' | 'onState'> {
  onPicture: (picture: ConvertedPicture) => void;
  /** It cannot go on before the camera's next keyframe. */
  onKeyframeWanted: () => void;
}

/** A camera's pictures as H.264 that every browser plays. */
export class VideoToH264 implements Conversion<CameraFrame> {
  readonly converter: Converter;
  readonly #options: VideoToH264Options;
  readonly #codec: CameraVideoCodec;
  readonly #timeline = new ConversionTimeline({ clockRate: CLOCK_RATE, madeRate: CLOCK_RATE, skipsGaps: false });
  readonly #rate = new PictureRate();
  readonly #lateness = new Lateness();
  #awaitingKeyframe = true;
  #failure: Reason | undefined;
  /** When it was too slow last; undefined once that is long ago. */
  #slowAtMs: number | undefined;
  /** Of the process that there is: most bits a second of what it makes. */
  #cap: number | undefined;
  /** Of the last keyframe; undefined before the first that a process is given. */
  #form: Buffer | undefined;

  constructor(codec: CameraVideoCodec, options: VideoToH264Options) {
    const { start, onPicture } = options;
    this.#codec = codec;
    this.#options = options;
    this.converter = new Converter({
      kind: 'video',
      start,
      onState: (reason) => {
        this.#failure = reason;
        this.#tellState();
      },
      maxUnsentBytes: MAX_UNSENT_BYTES,
      argumentsFor: (from, to) => {
        this.#cap = this.#maxBitRate() ?? UNKNOWN_BIT_RATE;
        return h264Arguments(codec, this.#cap, from, to);
      },
      begin: () => {
        this.#timeline.restart();
        this.#lateness.restart();
        // At the keyframe that has a process begin there is nothing to wait for.
        this.#awaitingKeyframe = true;
        this.#form = undefined;
        return matroskaHeader(pictureTrack(codec));
      },
      onFrame: ({ data, keyframe }, seconds) => {
        const timestamp = this.#timeline.made(seconds);
        this.#lateness.made(timestamp);
        onPicture({ nals: splitAnnexB(data), timestamp, keyframe });
      },
    });
  }

  push({ payloads, timestamp, keyframe, bytes }: CameraFrame): void {
    const input = pictureInput(this.#codec, payloads);
    const isLate = this.#lookAtLateness(performance.now());
    // An encoder makes pictures of one size only; and what waits in a process that is late would come late.
    if (keyframe && (this.#isOfAnotherForm(input.form) || isLate || this.#isCapped)) this.converter.startAnew();
    if (keyframe) this.#form = input.form;
    // Behind what was asked of the pictures up to this one: two keyframes at the ends of a short time say too much.
    this.#rate.push(bytes, timestamp);
    if (this.#awaitingKeyframe && !keyframe) return this.#leaveOut();
    this.#awaitingKeyframe = !this.converter.write(matroskaFrame(input.bytes, this.#timeline.place(timestamp), keyframe));
    if (!this.#awaitingKeyframe) this.#lateness.given(timestamp);
  }

  close(): void {
    this.converter.close();
  }

  #leaveOut(): void {
    this.converter.drop();
    // While there is no process a keyframe is of no use.
    if (this.converter.state !== 'failed') this.#options.onKeyframeWanted();
  }

  #lookAtLateness(nowMs: number): boolean {
    const isLate = this.#lateness.isLate(nowMs);
    const wasSlow = this.#slowAtMs !== undefined;
    if (isLate) {
      this.#awaitingKeyframe = true;
      this.#slowAtMs = nowMs;
    } else if (this.#slowAtMs !== undefined && nowMs - this.#slowAtMs > SAID_FOR_MS) {
      this.#slowAtMs = undefined;
    }
    if (wasSlow !== (this.#slowAtMs !== undefined)) this.#tellState();
    return isLate;
  }

  #tellState(): void {
    this.#options.onState(this.#failure ?? (this.#slowAtMs === undefined ? undefined : TOO_SLOW));
  }

  #isOfAnotherForm(form: Buffer): boolean {
    return this.#form !== undefined && !this.#form.equals(form);
  }

  /** The process was begun when less was known, or less came: so many bits do not show what the camera sends. Each cap is at least twice the last. */
  get #isCapped(): boolean {
    const rate = this.#maxBitRate();
    return this.#cap !== undefined && rate !== undefined && rate > MAX_BELOW * this.#cap;
  }

  /** Undefined while that cannot be said. */
  #maxBitRate(): number | undefined {
    const rate = this.#rate.bitsPerSecond;
    if (rate === undefined) return undefined;
    return Math.round(Math.min(MAX_BIT_RATE, Math.max(MIN_BIT_RATE, rate * BITS[this.#codec])));
  }
}
