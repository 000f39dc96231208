import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MATRIX_METADATA, MATRIX_SOUND, MATRIX_VIDEO } from '../../support/gst-matrix.ts';

const PAGE = readFileSync(new URL('../../../docs/codecs.md', import.meta.url), 'utf8');
const rows = PAGE.split('\n').filter((line) => line.startsWith('| '));
const cellsOf = (row: string): string[] =>
  row
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());

describe('the matrix of codecs', () => {
  it('has a row for each picture, a column for each sound, and the number of cells that its test goes through', () => {
    const head = rows.findIndex((row) => row.startsWith('| picture \\ sound'));
    const table = rows.slice(head, head + 1 + MATRIX_VIDEO.length).map(cellsOf);
    // PCMU and PCMA share a column, and so do the two bit orders of G.726.
    const columns = 1 + MATRIX_SOUND.length - 2;
    expect(table.map((cells) => cells.length)).toEqual(Array.from({ length: 1 + MATRIX_VIDEO.length }, () => columns));
    expect(table.flat()).not.toContain('');
    const cells = MATRIX_VIDEO.length * MATRIX_SOUND.length * MATRIX_METADATA.length;
    expect(PAGE).toContain(`each of the ${cells} combinations`);
  });
});
