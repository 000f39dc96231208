import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DEVICE_CASES } from '../../../src/conformance/device/cases/index.ts';
import { SERVER_CASES } from '../../../src/conformance/server/cases/index.ts';

const DOCS = new URL('../../../docs/', import.meta.url);
const TABLE = readFileSync(new URL('clauses.md', DOCS), 'utf8');

/** Sections of ONVIF WebRTC 25.12 that ask for something; 5.2.9 is informative. */
const SECTIONS =
  '5 5.1 5.2 5.2.1 5.2.2 5.2.2.1 5.2.2.2 5.2.3 5.2.4 5.2.4.1 5.2.4.2 5.2.5 5.2.6 5.2.7 5.2.7.1 5.2.7.2 5.2.8 6 6.1 6.2 6.3 6.4 6.5 6.6 6.7.1 6.7.2'.split(
    ' ',
  );

interface Row {
  clause: string;
  /** Ids of the kit's cases. */
  cases: string[];
  proofs: { title: string; file: string }[];
}

/** Rows of the tables that have a column of proofs: clause, level, what is asked, what we do, shown by. */
function readRows(markdown: string): Row[] {
  return markdown
    .split('\n')
    .filter((line) => /^\| (RFC )?\d/.test(line))
    .map((line) => {
      const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
      const proofs = [...(cells[5] ?? '').matchAll(/\[((?:\\.|[^\]\\])+)\]\(([^)]+)\)/g)];
      return {
        clause: cells[1] ?? '',
        cases: [...(cells[6] ?? '').matchAll(/`([^`]+)`/g)].map(([, id = '']) => id),
        proofs: proofs.map(([, title = '', file = '']) => ({ title: title.replaceAll(/\\(.)/g, '$1'), file })),
      };
    });
}

/** Titles of tests as they stand in the source, of `it` and `test`, with `each` or without. */
function titlesOf(source: string): string[] {
  const calls = /\b(?:it|test)(?:\.(?:each|for)(?:\([\s\S]*?\)|<[^>]*>\([\s\S]*?\)))?\(\s*(['`])((?:\\.|(?!\1).)+)\1/g;
  return [...source.matchAll(calls)].map(([, , title = '']) => title.replaceAll(/\\(.)/g, '$1'));
}

const rows = readRows(TABLE);

describe('the table of clauses', () => {
  it('has a row for every section of the specification that asks for something', () => {
    const clauses = new Set(rows.map(({ clause }) => clause));
    expect(SECTIONS.filter((section) => !clauses.has(section))).toEqual([]);
  });

  it('has no row without a test', () => {
    expect(rows.filter(({ proofs }) => proofs.length === 0)).toEqual([]);
  });

  it('names tests that exist, by their titles', () => {
    const missing = rows.flatMap(({ clause, proofs }) =>
      proofs
        .filter(({ title, file }) => {
          const url = new URL(file, DOCS);
          return !existsSync(fileURLToPath(url)) || !titlesOf(readFileSync(url, 'utf8')).includes(title);
        })
        .map(({ title, file }) => `${clause}: "${title}" in ${file}`),
    );
    expect(missing).toEqual([]);
  });

  it('has every case of the conformance kit in a row, and none that there is not', () => {
    const cases = [...DEVICE_CASES, ...SERVER_CASES];
    const listed = new Set(rows.flatMap((row) => row.cases));
    const known = new Set(cases.map(({ id }) => id));
    expect([...listed].filter((id) => !known.has(id))).toEqual([]);
    expect(cases.filter(({ id }) => !listed.has(id)).map(({ id }) => id)).toEqual([]);
  });
});
