import { PictureOrder } from '../picture-order.ts';
import { nalType, NAL_IDR } from './nal.ts';
import { parsePictureParameters, parseSequenceParameters, type SequenceParameters } from './sequence-parameters.ts';
import { parseSlicePlace, parseSliceStart } from './slice-header.ts';

/**
 * Finds out by the pictures' own numbers whether they come in another order than they are shown in: the timestamps of some cameras and
 * servers go by when pictures are sent.
 */
export class ShownOrder {
  readonly #order = new PictureOrder();
  readonly #sequences = new Map<number, SequenceParameters>();
  readonly #sequenceOfPicture = new Map<number, number>();

  /** Takes a parameter set; of numbers that the standard allows, so that they are bounded. */
  keep(nal: Buffer): void {
    const sequence = parseSequenceParameters(nal);
    const picture = parsePictureParameters(nal);
    if (sequence !== undefined) this.#sequences.set(sequence.id, sequence);
    if (picture !== undefined) this.#sequenceOfPicture.set(picture.id, picture.sequenceId);
  }

  /** True when the picture is shown before one that came before it, which is proof; false where that is not so, or not known. */
  isReordered(nals: readonly Buffer[]): boolean {
    const slice = nals.find((nal) => parseSliceStart(nal) !== undefined);
    const start = slice && parseSliceStart(slice);
    const sequence = start && this.#sequences.get(this.#sequenceOfPicture.get(start.pictureParametersId) ?? -1);
    if (slice === undefined || sequence === undefined) return false;
    const low = parseSlicePlace(slice, sequence)?.pictureOrder ?? null;
    if (low === null) return false;
    const reordered = this.#order.isReordered({
      low,
      range: 2 ** sequence.slice.pictureOrderBits,
      startsAnew: nalType(slice) === NAL_IDR,
      isReference: ((slice[0] ?? 0) & 0x60) !== 0,
    });
    return reordered === true;
  }

  /** Pictures were lost. */
  forget(): void {
    this.#order.forget();
  }
}
