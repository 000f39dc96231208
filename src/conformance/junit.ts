import { explain, type ConformanceReport } from './report.ts';
import type { CaseResult } from './runner.ts';

/** The report as JUnit XML, as build servers read it: a test suite with a test case a case, its clause as the class name. */
export function toJunit(report: ConformanceReport): string {
  const { role, endpoint, edition, startedAt, durationMs, counts, cases } = report;
  const suite = attributes({
    name: `ONVIF WebRTC ${edition} ${role}: ${endpoint}`,
    tests: String(cases.length),
    failures: String(counts.fail),
    errors: '0',
    skipped: String(counts.notApplicable),
    timestamp: startedAt.replace(/\.\d+Z$/, ''),
    time: seconds(durationMs),
  });
  const lines = cases.map((each) => testCase(role, each));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `<testsuite${suite}>`,
    ...lines,
    '</testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(role: string, result: CaseResult): string {
  const { clause, id, title, durationMs, message } = result;
  // A dot would make a package of each part of the clause's number.
  const classname = `onvif-webrtc.${role}.clause ${clause.replaceAll('.', '-')}`;
  const head = `<testcase${attributes({ classname, name: `${id}: ${title}`, time: seconds(durationMs) })}`;
  if (result.result === 'pass') return `${head}/>`;
  const why = attributes({ message: message ?? '' });
  if (result.result === 'not-applicable') return `${head}><skipped${why}/></testcase>`;
  return `${head}><failure${why}>${escape(explain(result).join('\n'))}</failure></testcase>`;
}

function attributes(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escape(value)}"`)
    .join('');
}

const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(3);

/** XML 1.0 has no way to write most control characters at all. */
const UNWRITABLE = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escape(text: string): string {
  return text.replace(UNWRITABLE, '\uFFFD').replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
