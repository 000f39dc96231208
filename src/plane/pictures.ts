import { GatewayError } from '../base/errors.ts';
import { SnapshotEncoder } from '../media/transcode/snapshot.ts';
import type { MediaControl } from './media-control.ts';

/** A JPEG of what a camera sends. */
export interface Picture {
  jpeg: Buffer;
  /** When it was taken, by our clock, milliseconds since 1970. */
  takenAt: number;
}

/** JPEGs of cameras' streams, for all cameras of a gateway: keyframes of the media plane, and processes that make pictures of them. */
export class Pictures {
  readonly #media: Pick<MediaControl, 'keyframe'>;
  readonly #encoder: Pick<SnapshotEncoder, 'encode' | 'close'>;

  /** @param encoder default one with limits of its own */
  constructor(media: Pick<MediaControl, 'keyframe'>, encoder: Pick<SnapshotEncoder, 'encode' | 'close'> = new SnapshotEncoder()) {
    this.#media = media;
    this.#encoder = encoder;
  }

  /**
   * A picture of the profile's newest keyframe; undefined where it is not to be pulled for that and there is none at hand. Throws a GatewayError: that
   * of the pull, of {@link SnapshotEncoder.encode}, or `snapshot.no_keyframe`.
   */
  async take(cameraId: string, wanted: { profile?: string; pull: boolean }): Promise<Picture | undefined> {
    const { keyframe, reason } = await this.#media.keyframe(cameraId, wanted);
    if (keyframe !== undefined) {
      return { jpeg: await this.#encoder.encode(keyframe.codec, keyframe.bytes), takenAt: keyframe.takenAt };
    }
    if (reason === undefined && !wanted.pull) return undefined;
    const { code, message, advice } = reason ?? { code: 'snapshot.no_keyframe', message: 'The camera gave no picture in time.' };
    throw new GatewayError(code, message, advice === undefined ? {} : { advice });
  }

  close(): void {
    this.#encoder.close();
  }
}
