import type { OnvifSession, Receiver } from '../../client/index.ts';
import type { AnalyticsFrame, Box, DetectedObject } from './analytics-frame.ts';
import { paintBoxes } from './box-painter.ts';
import { type ChosenFrame, FrameChoice, type OutOfStep, type ShownPicture } from './frame-choice.ts';
import { pictureIn } from './letterbox.ts';
import { PictureClock } from './picture-clock.ts';

/** What is drawn now, for tests and curious people. */
export interface DrawnBoxes {
  /** Time of the analytics frame, milliseconds since 1970; null where it has none. */
  utcMs: number | null;
  /** When the picture below was taken by the camera's clock; null where that is not known. */
  pictureMs: number | null;
  isInStep: boolean;
  boxes: Box[];
}

/** Of a browser that tells nothing of the pictures that it shows. */
const UNKNOWN_PICTURE: ShownPicture = { cameraMs: null, intervalMs: 0 };
/** How often statistics are asked while the sender does not say when pictures were taken. */
const ESTIMATE_INTERVAL_MS = 500;

/** Draws what the analytics saw over the picture in which it was seen. */
export class Overlay {
  readonly #canvas: HTMLCanvasElement;
  readonly #video: HTMLVideoElement;
  #choice = new FrameChoice();
  #clock = new PictureClock();
  #session: OnvifSession | null = null;
  /** Known while pictures are looked at. */
  #picture: ShownPicture | undefined;
  #isOn = true;
  #callback: number | undefined;
  #estimateTimer: number | undefined;
  #drawn: ChosenFrame | null = null;
  /** What is on the canvas, so that the same is not painted twice. */
  #painted: { objects: readonly DetectedObject[]; geometry: string } = { objects: [], geometry: '' };

  constructor(canvas: HTMLCanvasElement, video: HTMLVideoElement) {
    this.#canvas = canvas;
    this.#video = video;
    new ResizeObserver(() => this.#draw()).observe(canvas);
  }

  get drawn(): DrawnBoxes | null {
    if (this.#drawn === null) return null;
    const { frame, isInStep } = this.#drawn;
    const boxes = frame.objects.map(({ box }) => box);
    return { utcMs: frame.utcMs, pictureMs: this.#picture?.cameraMs ?? null, isInStep, boxes };
  }

  get outOfStep(): OutOfStep | null {
    return this.#picture === undefined ? null : this.#choice.outOfStep(this.#picture, Date.now());
  }

  /** Begins anew with the session whose picture and metadata come from now on. */
  watch(session: OnvifSession | null): void {
    this.#session = session;
    this.#choice = new FrameChoice();
    this.#clock = new PictureClock();
    this.#stop();
  }

  setOn(isOn: boolean): void {
    this.#isOn = isOn;
    // On again it goes on with the next document.
    if (!isOn) this.#stop();
  }

  /** Takes the frames of a document that just came. */
  add(frames: readonly AnalyticsFrame[]): void {
    if (frames.length === 0) return;
    this.#choice.add(frames, this.#picture, Date.now());
    if (!this.#isOn) return;
    this.#start();
    // The picture may stand for a while.
    this.#draw();
  }

  #start(): void {
    if (this.#picture !== undefined || this.#callback !== undefined) return;
    if (!('requestVideoFrameCallback' in this.#video)) {
      this.#picture = UNKNOWN_PICTURE;
      return;
    }
    const next = (): void => {
      this.#callback = this.#video.requestVideoFrameCallback((_now, { rtpTimestamp }) => {
        next();
        this.#onPicture(rtpTimestamp);
      });
    };
    next();
    this.#estimateTimer = window.setInterval(() => void this.#estimate(), ESTIMATE_INTERVAL_MS);
  }

  #stop(): void {
    if (this.#callback !== undefined) this.#video.cancelVideoFrameCallback(this.#callback);
    this.#callback = undefined;
    this.#picture = undefined;
    clearInterval(this.#estimateTimer);
    this.#draw();
  }

  #onPicture(rtpTimestamp: number | undefined): void {
    if (rtpTimestamp === undefined) {
      this.#picture = UNKNOWN_PICTURE;
    } else {
      for (const source of this.#receiver()?.getSynchronizationSources() ?? []) this.#clock.addSource(source);
      this.#clock.see(rtpTimestamp);
      this.#picture = { cameraMs: this.#clock.timeOf(rtpTimestamp) ?? null, intervalMs: this.#clock.intervalMs };
    }
    this.#draw();
  }

  async #estimate(): Promise<void> {
    const clock = this.#clock;
    if (clock.isExact) return;
    const playout = (await this.#session?.playout()) ?? null;
    const source = this.#receiver()?.getSynchronizationSources()[0];
    if (playout !== null && source !== undefined) clock.addEstimate(source, playout);
  }

  #receiver(): Receiver | undefined {
    return this.#session?.peerConnection?.getReceivers?.().find(({ track }) => track.kind === 'video');
  }

  #draw(): void {
    this.#drawn = this.#picture === undefined ? null : this.#choice.for(this.#picture, Date.now());
    this.#paint(this.#drawn?.frame.objects ?? [], this.#drawn?.isInStep ?? true);
  }

  #paint(objects: readonly DetectedObject[], isInStep: boolean): void {
    const canvas = this.#canvas;
    const { clientWidth: width, clientHeight: height } = canvas;
    const video = { width: this.#video.videoWidth, height: this.#video.videoHeight };
    const ratio = window.devicePixelRatio;
    const geometry = [width, height, ratio, video.width, video.height, isInStep].join(' ');
    const isSame = this.#painted.objects === objects || this.#painted.objects.length + objects.length === 0;
    if (isSame && this.#painted.geometry === geometry) return;
    this.#painted = { objects, geometry };
    const context = canvas.getContext('2d');
    // Also clears it.
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const picture = pictureIn({ width, height }, video);
    if (context === null || picture === undefined) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    paintBoxes(context, objects, picture, isInStep);
  }
}
