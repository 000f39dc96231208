/** A picture's place in the order of showing, as its slice header gives it. */
export interface PlacedPicture {
  /** The low bits of the picture order count. */
  low: number;
  /** 2 to the number of those bits. */
  range: number;
  /** The count begins anew. */
  startsAnew: boolean;
  /** Pictures that follow count on from this one. */
  isReference: boolean;
}

/**
 * Finds out whether pictures come in another order than they are shown in: B-frames, which refer to a picture that is shown later.
 * Counts as H.264 section 8.2.1.1 and H.265 section 8.3.1 do.
 */
export class PictureOrder {
  #previous: { low: number; high: number } | undefined;
  #highest = Number.NEGATIVE_INFINITY;

  /** True when the picture is shown before one that came before it; undefined where no beginning of the count was seen. */
  isReordered(picture: PlacedPicture): boolean | undefined {
    const { low, range, startsAnew, isReference } = picture;
    if (startsAnew) {
      this.#highest = Number.NEGATIVE_INFINITY;
      this.#previous = { low: 0, high: 0 };
    }
    const previous = this.#previous;
    if (previous === undefined) return undefined;
    let { high } = previous;
    if (low < previous.low && previous.low - low >= range / 2) high += range;
    else if (low > previous.low && low - previous.low > range / 2) high -= range;
    if (isReference) this.#previous = { low, high };
    const count = high + low;
    const reordered = count < this.#highest;
    this.#highest = Math.max(this.#highest, count);
    return reordered;
  }

  /** Pictures were lost: nothing is known up to the next beginning. */
  forget(): void {
    this.#previous = undefined;
    this.#highest = Number.NEGATIVE_INFINITY;
  }
}
