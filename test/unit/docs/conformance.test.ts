import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ConformanceCase } from '../../../src/conformance/case.ts';
import { isKnownClause } from '../../../src/conformance/clauses.ts';
import { DEVICE_CASES } from '../../../src/conformance/device/cases/index.ts';
import { SERVER_CASES } from '../../../src/conformance/server/cases/index.ts';

const TEXT = readFileSync(new URL('../../../docs/conformance.md', import.meta.url), 'utf8');

/** The rows of the table below a heading. */
function rowsBelow(heading: string): string[] {
  const [, section = ''] = TEXT.split(`\n## ${heading}\n`);
  return (section.split('\n## ')[0] ?? '').split('\n').filter((line) => /^\| \d/.test(line));
}

describe('docs/conformance.md', () => {
  it.each<[string, readonly ConformanceCase<never>[]]>([
    ['Cases against a device', DEVICE_CASES],
    ['Cases against a server', SERVER_CASES],
  ])('lists every case as the code has it: %s', (heading, cases) => {
    const rows = cases.map(({ clause, level, id, title }) => `| ${clause} | ${level} | \`${id}\` | ${title} |`);
    expect(rowsBelow(heading)).toEqual(rows);
  });

  it.each([
    '--listen',
    '--tls-cert',
    '--profile-audio',
    '--wait',
    '--timeout',
    '--settle',
    '--expiry',
    '--junit',
    '--only',
    '--list',
    '--json',
  ])('explains %s', (option) => expect(TEXT).toContain(option));
});

describe('the cases of both kits', () => {
  const all: readonly ConformanceCase<never>[] = [...DEVICE_CASES, ...SERVER_CASES];

  it('name clauses that a failure can explain', () => {
    expect(all.filter(({ clause }) => !isKnownClause(clause)).map(({ id }) => id)).toEqual([]);
  });

  it('have ids in kebab-case, each once in its kit', () => {
    for (const cases of [DEVICE_CASES, SERVER_CASES]) expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
    expect(all.map(({ id }) => id).filter((id) => !/^[a-z\d]+(-[a-z\d]+)*$/.test(id))).toEqual([]);
  });
});
