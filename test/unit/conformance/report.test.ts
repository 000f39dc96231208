import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { senseOf } from '../../../src/conformance/clauses.ts';
import { toJunit } from '../../../src/conformance/junit.ts';
import { describeReport, reportOf } from '../../../src/conformance/report.ts';
import type { CaseResult } from '../../../src/conformance/runner.ts';

const BASE: Pick<CaseResult, 'clause' | 'level' | 'durationMs' | 'transcript'> = {
  clause: '5.2.5',
  level: 'shall',
  durationMs: 1234,
  transcript: [],
};
const CASES: CaseResult[] = [
  { ...BASE, id: 'good', title: 'It is good', result: 'pass', message: null },
  {
    ...BASE,
    id: 'bad',
    title: 'It says "a < b" & more',
    result: 'fail',
    message: 'expected: <a>; got: "b"\u0001',
    transcript: [
      { atMs: 12, direction: 'kit -> device', text: '{"method":"connect"}' },
      { atMs: 1015, direction: '', text: 'device: connection closed with code 1006' },
    ],
  },
  { ...BASE, id: 'absent', title: 'It has sound', result: 'not-applicable', message: 'the offer has no sound' },
];
const REPORT = reportOf({
  role: 'device',
  endpoint: 'Front & back <1>',
  startedAt: '2026-11-21T17:00:00.123Z',
  durationMs: 3702,
  interrupted: false,
  cases: CASES,
});

describe('the report for people', () => {
  const text = describeReport(REPORT);

  it('has a line a case and the counts', () => {
    expect(text).toMatch(/^5\.2\.5 +shall +pass +good +It is good$/m);
    expect(text).toMatch(/^5\.2\.5 +shall +FAIL +bad +It says "a < b" & more$/m);
    expect(text).toMatch(/^5\.2\.5 +shall +n\/a +absent +It has sound \(the offer has no sound\)$/m);
    expect(text).toMatch(/^clause  level   result  case    requirement$/m);
    expect(text.split('\n').at(-1)).toBe('1 passed, 1 failed, 1 not applicable');
  });

  it('explains what failed: the clause, what was expected, what was said', () => {
    expect(text).toContain(`  clause 5.2.5: ${senseOf('5.2.5')}`);
    expect(text).toContain('  expected: <a>; got: "b"');
    expect(text).toContain('    0.012 s  kit -> device: {"method":"connect"}');
    expect(text).toContain('    1.015 s  device: connection closed with code 1006');
  });

  it('says that the run was interrupted', () => {
    expect(describeReport({ ...REPORT, interrupted: true })).toMatch(/not applicable; the run was interrupted$/);
  });
});

describe('the report for programs', () => {
  it('has the edition and the counts beside the cases', () => {
    expect(JSON.parse(JSON.stringify(REPORT))).toEqual({
      role: 'device',
      endpoint: 'Front & back <1>',
      edition: '26.06',
      startedAt: '2026-11-21T17:00:00.123Z',
      durationMs: 3702,
      interrupted: false,
      counts: { pass: 1, fail: 1, notApplicable: 1 },
      cases: CASES,
    });
  });
});

describe('the report for build servers', () => {
  const xml = toJunit(REPORT);
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '', parseAttributeValue: false });

  it('is well-formed XML with the counts of the suite', () => {
    expect(XMLValidator.validate(xml)).toBe(true);
    const { testsuites } = parser.parse(xml) as { testsuites: { testsuite: Record<string, unknown> } };
    expect(testsuites.testsuite).toMatchObject({
      name: 'ONVIF WebRTC 26.06 device: Front & back <1>',
      tests: '3',
      failures: '1',
      skipped: '1',
      timestamp: '2026-11-21T17:00:00',
      time: '3.702',
    });
  });

  it('has a test case a case, with the failure explained and the reason why one was skipped', () => {
    const { testsuites } = parser.parse(xml) as { testsuites: { testsuite: { testcase: Record<string, unknown>[] } } };
    const [good, bad, absent] = testsuites.testsuite.testcase;
    expect(good).toEqual({ classname: 'onvif-webrtc.device.clause 5-2-5', name: 'good: It is good', time: '1.234' });
    expect(bad).toMatchObject({
      name: 'bad: It says "a < b" & more',
      failure: { message: 'expected: <a>; got: "b"\uFFFD', '#text': expect.stringContaining('{"method":"connect"}') },
    });
    expect(absent).toMatchObject({ skipped: { message: 'the offer has no sound' } });
  });
});
