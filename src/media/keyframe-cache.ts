import type { VideoFrame } from './video-track.ts';

/**
 * The newest group of pictures: what a viewer that joins now needs to show a picture at once. A group that grows over the limit
 * is let go whole, since a part of it is of no use; joining then waits for the next keyframe.
 */
export class KeyframeCache {
  readonly #maxBytes: number;
  #frames: VideoFrame[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** From the keyframe on; empty when there is none. */
  get frames(): readonly VideoFrame[] {
    return this.#frames;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(frame: VideoFrame): void {
    if (frame.keyframe) this.clear();
    else if (this.#frames.length === 0) return;
    this.#bytes += frame.bytes;
    if (this.#bytes > this.#maxBytes) this.clear();
    else this.#frames.push(frame);
  }

  clear(): void {
    this.#frames = [];
    this.#bytes = 0;
  }
}
