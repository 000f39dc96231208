import type { CameraVideoCodec } from './coded-picture.ts';
import type { Conversions, PictureConversion } from './conversion.ts';
import { isDiscardable } from './h264/nal.ts';
import { packetizeH264 } from './h264/packetizer.ts';
import { PacketHistory } from './packet-history.ts';
import type { CameraFrame, VideoFrame } from './video-track.ts';

/** The pictures of a stream as H.264, made for those viewers who do not play them as they come. */
export class ConvertedVideo {
  readonly #conversion: PictureConversion;
  readonly #history: PacketHistory<VideoFrame>;
  #awaitingKeyframe = true;

  /**
   * Undefined where this codec is not converted.
   *
   * @param pictures the newest group, which the first viewer is shown
   */
  static begin(
    options: { maxPayload: number; keyframeCacheBytes: number; conversions?: Conversions },
    codec: CameraVideoCodec,
    pictures: readonly CameraFrame[],
    onFrame: (frame: VideoFrame) => void,
  ): ConvertedVideo | undefined {
    const { conversions, maxPayload, keyframeCacheBytes } = options;
    const history = new PacketHistory<VideoFrame>(keyframeCacheBytes);
    const conversion = conversions?.video(codec, ({ nals, timestamp, keyframe }) => {
      const payloads = packetizeH264(nals, maxPayload);
      if (payloads.length === 0) return;
      const bytes = payloads.reduce((sum, payload) => sum + payload.length, 0);
      const frame: VideoFrame = { codec: 'H264', payloads, timestamp, keyframe, discardable: isDiscardable(nals), bytes };
      history.add(frame);
      onFrame(frame);
    });
    if (conversion === undefined) return undefined;
    const converted = new ConvertedVideo(conversion, history);
    for (const picture of pictures) converted.push(picture);
    return converted;
  }

  private constructor(conversion: PictureConversion, history: PacketHistory<VideoFrame>) {
    this.#conversion = conversion;
    this.#history = history;
  }

  /** The newest group of pictures as H.264. */
  get pictures(): readonly VideoFrame[] {
    return this.#history.group;
  }

  /** Nothing comes of it now, and will not soon. */
  get isFailed(): boolean {
    return this.#conversion.isFailed;
  }

  push(frame: CameraFrame): void {
    if (this.#awaitingKeyframe && !frame.keyframe) return;
    this.#awaitingKeyframe = false;
    this.#conversion.push(frame);
  }

  /** Lets go what was made until now. */
  forget(): void {
    this.#history.clear();
  }

  close(): void {
    this.#conversion.close();
  }
}
