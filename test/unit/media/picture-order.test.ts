import { describe, expect, it } from 'vitest';
import { PictureOrder } from '../../../src/media/picture-order.ts';

/** Counts as they stand in slice headers of 4 bits; a B-frame is no reference. */
function orderOf(pictures: readonly (number | [number, 'idr' | 'b'])[], order = new PictureOrder()): (boolean | undefined)[] {
  return pictures.map((picture) => {
    const [low, kind] = typeof picture === 'number' ? [picture, undefined] : picture;
    return order.isReordered({ low, range: 16, startsAnew: kind === 'idr', isReference: kind !== 'b' });
  });
}

describe('the order of pictures', () => {
  it('is that of showing where the count grows, over its wrap', () => {
    const grows = [[0, 'idr'], 2, 4, 6, 8, 10, 12, 14, 0, 2, 4, 6, 8, 10] as const;
    expect(orderOf(grows.map((picture) => (typeof picture === 'number' ? picture : [...picture])))).not.toContain(true);
  });

  it('is another where a picture is shown before one that came before it, at the wrap too', () => {
    expect(orderOf([[0, 'idr'], 4, [2, 'b'], 8, [6, 'b']])).toEqual([false, false, true, false, true]);
    expect(orderOf([[0, 'idr'], 4, 8, 12, 2, [14, 'b']])).toEqual([false, false, false, false, false, true]);
  });

  it('is counted on from references only', () => {
    expect(orderOf([[0, 'idr'], 6, 12, 4, [14, 'b'], 8])).toEqual([false, false, false, false, true, false]);
  });

  it('begins anew at each IDR picture', () => {
    expect(orderOf([[0, 'idr'], 8, 14, [0, 'idr'], 2])).not.toContain(true);
  });

  it('is not known before the first IDR picture, nor behind a loss', () => {
    const order = new PictureOrder();
    expect(orderOf([4, 2, [0, 'idr'], 2], order)).toEqual([undefined, undefined, false, false]);
    order.forget();
    expect(orderOf([1, [0, 'idr']], order)).toEqual([undefined, false]);
  });
});
