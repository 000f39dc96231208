import { senseOf } from './clauses.ts';
import type { ConformanceCase } from './case.ts';
import type { CaseResult, Result } from './runner.ts';
import type { TranscriptLine } from './transcript.ts';

/** What `conformance --json` prints; part of what users rely on. */
export interface ConformanceReport {
  role: 'device' | 'server';
  /** What was tested, for people. */
  endpoint: string;
  /** Of the specification whose requirements were put; clauses are numbered as in 25.12. */
  edition: string;
  startedAt: string;
  durationMs: number;
  /** The run was ended before all cases had run. */
  interrupted: boolean;
  counts: { pass: number; fail: number; notApplicable: number };
  cases: CaseResult[];
}

const EDITION = '26.06';

export function reportOf(fields: Omit<ConformanceReport, 'edition' | 'counts'>): ConformanceReport {
  const count = (wanted: Result): number => fields.cases.filter(({ result }) => result === wanted).length;
  const counts = { pass: count('pass'), fail: count('fail'), notApplicable: count('not-applicable') };
  const { cases, ...head } = fields;
  return { ...head, edition: EDITION, counts, cases };
}

const WORDS: Readonly<Record<Result, string>> = { pass: 'pass', fail: 'FAIL', 'not-applicable': 'n/a' };
const INDENT = '  ';

/** For people: a line a case, what failed explained below, the counts at the end. */
export function describeReport(report: ConformanceReport): string {
  const { role, endpoint, edition, cases, counts, interrupted } = report;
  const idWidth = Math.max(4, ...cases.map(({ id }) => id.length));
  const rows = cases.map(({ clause, level, result, id, title, message }) => {
    const why = result === 'not-applicable' ? ` (${message ?? ''})` : '';
    return `${clause.padEnd(8)}${level.padEnd(8)}${WORDS[result].padEnd(8)}${id.padEnd(idWidth + 2)}${title}${why}`;
  });
  const failures = cases.filter(({ result }) => result === 'fail').flatMap((failed) => ['', ...explain(failed)]);
  return [
    `ONVIF WebRTC ${edition}, ${role}: ${endpoint}`,
    '',
    `${'clause'.padEnd(8)}${'level'.padEnd(8)}${'result'.padEnd(8)}${'case'.padEnd(idWidth + 2)}requirement`,
    ...rows,
    ...failures,
    '',
    `${counts.pass} passed, ${counts.fail} failed, ${counts.notApplicable} not applicable${interrupted ? '; the run was interrupted' : ''}`,
  ].join('\n');
}

/** One line about a case that ended, for the progress on a terminal. */
export function describeResult({ clause, result, id, message }: CaseResult): string {
  return `${WORDS[result].padEnd(6)}${clause.padEnd(8)}${id}${message === null ? '' : `: ${message.split('\n')[0] ?? ''}`}`;
}

/** `--list`: the cases without a run. */
export function describeCases(cases: readonly ConformanceCase<never>[]): string {
  const idWidth = Math.max(4, ...cases.map(({ id }) => id.length));
  return cases
    .map(({ clause, level, id, title }) => `${clause.padEnd(8)}${level.padEnd(8)}${id.padEnd(idWidth + 2)}${title}`)
    .join('\n');
}

/** A failure in full: what was required, what happened, and what was said. */
export function explain({ clause, id, title, message, transcript }: CaseResult): string[] {
  return [
    `FAIL ${clause} ${id}: ${title}`,
    `${INDENT}clause ${clause}: ${senseOf(clause)}`,
    `${INDENT}${message ?? ''}`,
    `${INDENT}what was said:`,
    ...transcript.map((line) => `${INDENT}${INDENT}${describeLine(line)}`),
  ];
}

function describeLine({ atMs, direction, text }: TranscriptLine): string {
  return `${(atMs / 1000).toFixed(3)} s  ${direction === '' ? '' : `${direction}: `}${text}`;
}
