import { expect, it } from 'vitest';
import { cutInParts } from '../../../src/media/nal-packetizer.ts';

it.each([
  [10, 4, [4, 4, 2]],
  [9, 4, [3, 3, 3]],
  [8, 4, [4, 4]],
  [10, 3, [3, 3, 3, 1]],
])(
  '%i bytes in parts of %i at most are of nearly equal size behind room for headers, in memory that nothing else is in',
  (length, maxPart, sizes) => {
    const body = Buffer.from(Array.from({ length }, (_, at) => at + 1));
    const parts = cutInParts(body, maxPart, 2);
    expect(parts.map((part) => part.length - 2)).toEqual(sizes);
    expect(Buffer.concat(parts.map((part) => part.subarray(2)))).toEqual(body);
    for (const part of parts) part.fill(0, 0, 2);
    expect(Buffer.concat(parts.map((part) => part.subarray(2)))).toEqual(body);
    expect(parts.map(({ buffer }) => buffer.byteLength)).toEqual(sizes.map(() => length + 2 * sizes.length));
  },
);
