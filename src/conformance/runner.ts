import { type CaseRun, type ConformanceCase, Failure, type Level, NotApplicable } from './case.ts';
import type { Transcript, TranscriptLine } from './transcript.ts';

export type Result = 'pass' | 'fail' | 'not-applicable';

/** What came of one case; part of what `--json` prints. */
export interface CaseResult {
  id: string;
  clause: string;
  level: Level;
  title: string;
  result: Result;
  /** Why it failed or does not apply; null where it passed. */
  message: string | null;
  durationMs: number;
  /** Empty unless it failed. */
  transcript: TranscriptLine[];
}

export interface RunOptions<Context extends CaseRun> {
  cases: readonly ConformanceCase<Context>[];
  /** Shared by all peers of the kit; begins anew with each case. */
  transcript: Transcript;
  /** Makes the context of a case. What it throws counts as thrown by the case. */
  prepare: (run: CaseRun) => Context | Promise<Context>;
  /** Longest time a case may take, milliseconds. */
  limitMs: number;
  /** Ends the run after the case that is running. */
  signal?: AbortSignal;
  onStart?: (next: ConformanceCase<Context>, index: number) => void;
  onResult?: (result: CaseResult) => void;
}

/** Cleaning up must not hold the run up. */
const CLEANUP_LIMIT_MS = 3000;

/** Runs the cases one after the other. None of them can stop the run, whatever it throws and however long it takes. */
export async function runCases<Context extends CaseRun>(options: RunOptions<Context>): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const [index, each] of options.cases.entries()) {
    if (options.signal?.aborted === true) break;
    options.onStart?.(each, index);
    const result = await runCase(each, options);
    results.push(result);
    options.onResult?.(result);
  }
  return results;
}

async function runCase<Context extends CaseRun>(
  each: ConformanceCase<Context>,
  { transcript, prepare, limitMs, signal }: RunOptions<Context>,
): Promise<CaseResult> {
  const { id, clause, level, title } = each;
  const startedAt = performance.now();
  const timeUp = new AbortController();
  const ended = signal === undefined ? timeUp.signal : AbortSignal.any([timeUp.signal, signal]);
  const cleanups: (() => unknown)[] = [];
  transcript.clear();
  const timer = setTimeout(() => timeUp.abort(new Failure(`the case to end within ${limitMs / 1000} s`, 'it did not')), limitMs);
  let outcome: { result: Result; message: string | null };
  try {
    const running = (async () => {
      const context = await prepare({ signal: ended, transcript, defer: (action) => cleanups.push(action) });
      await each.run(context);
    })();
    await Promise.race([running, rejectedBy(ended)]);
    outcome = { result: 'pass', message: null };
  } catch (error) {
    outcome = outcomeOf(error);
  }
  clearTimeout(timer);
  const lines = outcome.result === 'fail' ? transcript.lines : [];
  // Whatever still waits on behalf of this case ends now.
  timeUp.abort(new Failure('the case to go on', 'it is over'));
  for (const cleanup of cleanups.toReversed()) await bounded(cleanup);
  const message = outcome.message === null ? null : transcript.redact(outcome.message);
  const durationMs = Math.round(performance.now() - startedAt);
  return { id, clause, level, title, result: outcome.result, message, durationMs, transcript: lines };
}

function outcomeOf(error: unknown): { result: Result; message: string } {
  if (error instanceof NotApplicable) return { result: 'not-applicable', message: error.message };
  if (error instanceof Failure) return { result: 'fail', message: error.message };
  // Shown as a failure, since nothing was proved; said plainly, so that nobody looks for it in the endpoint.
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { result: 'fail', message: `the kit could not run the case: ${what}` };
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = (): void =>
      reject(signal.reason instanceof Failure ? signal.reason : new Failure('the run to go on', 'it was interrupted'));
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}

async function bounded(cleanup: () => unknown): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLEANUP_LIMIT_MS)));
  await Promise.race([limit, Promise.resolve().then(cleanup)]).catch(() => undefined);
  clearTimeout(timer);
}
