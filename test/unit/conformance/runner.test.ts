import { describe, expect, it } from 'vitest';
import { type CaseRun, type ConformanceCase, Failure, NotApplicable, selectCases } from '../../../src/conformance/case.ts';
import { type CaseResult, runCases } from '../../../src/conformance/runner.ts';
import { Transcript } from '../../../src/conformance/transcript.ts';

function conformanceCase(id: string, run: (context: CaseRun) => Promise<void>, clause = '5.2'): ConformanceCase {
  return { id, clause, level: 'shall', title: `The endpoint does ${id}`, run };
}

function run(cases: ConformanceCase[], options: { limitMs?: number; signal?: AbortSignal } = {}): Promise<CaseResult[]> {
  return runCases({ cases, transcript: new Transcript(['secret']), prepare: (each) => each, limitMs: 5000, ...options });
}

describe('a run of cases', () => {
  it('says pass, fail with what was said, and not applicable with the reason', async () => {
    const results = await run([
      conformanceCase('good', async ({ transcript }) => transcript.add('kit -> device', 'hello')),
      conformanceCase('bad', async ({ transcript }) => {
        transcript.add('kit -> device', 'hello');
        throw new Failure('an answer', 'nothing');
      }),
      conformanceCase('absent', async () => {
        throw new NotApplicable('there is no sound');
      }),
    ]);
    expect(results).toMatchObject([
      {
        id: 'good',
        clause: '5.2',
        level: 'shall',
        title: 'The endpoint does good',
        result: 'pass',
        message: null,
        transcript: [],
      },
      {
        id: 'bad',
        result: 'fail',
        message: 'expected: an answer; got: nothing',
        transcript: [{ direction: 'kit -> device', text: 'hello' }],
      },
      { id: 'absent', result: 'not-applicable', message: 'there is no sound', transcript: [] },
    ]);
  });

  it('goes on after a case that throws something unexpected, and says that the kit is to blame', async () => {
    const results = await run([
      conformanceCase('broken', async () => {
        throw new TypeError('not a function');
      }),
      conformanceCase('next', async () => {}),
    ]);
    expect(results[0]).toMatchObject({
      result: 'fail',
      message: expect.stringMatching(/^the kit could not run the case: TypeError: not a function/),
    });
    expect(results[1]).toMatchObject({ result: 'pass' });
  });

  it('ends a case that never ends, and what it waits for with it', async () => {
    let aborted = false;
    const results = await run(
      [
        conformanceCase('endless', ({ signal }) => {
          signal.addEventListener('abort', () => (aborted = true));
          return new Promise(() => {});
        }),
        conformanceCase('next', async () => {}),
      ],
      { limitMs: 50 },
    );
    expect(results[0]).toMatchObject({ result: 'fail', message: 'expected: the case to end within 0.05 s; got: it did not' });
    expect(results[1]).toMatchObject({ result: 'pass' });
    expect(aborted).toBe(true);
  });

  it('cleans up behind each case, the last thing first, whatever came of the case and of the cleaning', async () => {
    const done: string[] = [];
    const results = await run([
      conformanceCase('untidy', async (context) => {
        context.defer(() => done.push('first'));
        context.defer(() => {
          throw new Error('cannot be cleaned');
        });
        context.defer(() => done.push('last'));
        throw new Failure('a', 'b');
      }),
      conformanceCase('next', async () => void done.push('next')),
    ]);
    expect(done).toEqual(['last', 'first', 'next']);
    expect(results).toMatchObject([{ result: 'fail' }, { result: 'pass' }]);
  });

  it('ends where it is told to', async () => {
    const interrupted = new AbortController();
    const results = await run(
      [conformanceCase('first', () => new Promise(() => interrupted.abort())), conformanceCase('never', async () => {})],
      { signal: interrupted.signal },
    );
    expect(results).toMatchObject([
      { id: 'first', result: 'fail', message: 'expected: the run to go on; got: it was interrupted' },
    ]);
  });

  it('shows no secret in a message', async () => {
    const [result] = await run([
      conformanceCase('leaky', async () => {
        throw new Failure('a token', 'secret');
      }),
    ]);
    expect(result?.message).toBe('expected: a token; got: ***');
  });
});

describe('--only', () => {
  const cases = [
    conformanceCase('one', async () => {}, '5.2.1'),
    conformanceCase('two', async () => {}, '5.2.10'),
    { ...conformanceCase('three', async () => {}, '5.2.1.1'), level: 'should' as const },
  ];

  it.each([
    { only: [], ids: ['one', 'two', 'three'] },
    { only: ['two'], ids: ['two'] },
    { only: ['5.2.1'], ids: ['one', 'three'] },
    { only: ['5'], ids: ['one', 'two', 'three'] },
    { only: ['should', 'one'], ids: ['one', 'three'] },
    { only: ['nothing'], ids: [] },
  ])('chooses $ids by $only', ({ only, ids }) => {
    expect(selectCases(cases, only).map(({ id }) => id)).toEqual(ids);
  });
});
