import { accessSync, constants, existsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { GatewayError } from '../base/errors.ts';
import { type CaseRun, type ConformanceCase, selectCases } from '../conformance/case.ts';
import { toJunit } from '../conformance/junit.ts';
import { describeCases, describeReport, describeResult, reportOf } from '../conformance/report.ts';
import { runCases } from '../conformance/runner.ts';
import type { Transcript } from '../conformance/transcript.ts';
import { collect } from './options.ts';

/*
 * What `conformance device` and `conformance server` have in common: which cases, how they are shown, the exit code.
 */

export interface OutputOptions {
  only?: string[];
  list?: true;
  json?: true;
  junit?: string;
}

export function addOutputOptions(command: Command): Command {
  return command
    .option('--only <case>', 'only this case, by its id, its clause (5.2 means all of 5.2) or shall; may be repeated', collect)
    .option('--list', 'print the cases and end')
    .option('--json', 'print one JSON object at the end, and nothing else')
    .option('--junit <file>', 'write the report as JUnit XML, for build servers');
}

/** The cases that were asked for; prints them and returns undefined with `--list`. */
export function chooseCases<Case extends ConformanceCase<never>>(
  all: readonly Case[],
  options: OutputOptions,
): Case[] | undefined {
  const { only = [], list, json } = options;
  for (const name of only) {
    if (selectCases(all, [name]).length > 0) continue;
    throw new GatewayError('usage.case', `--only ${name} is neither a case nor a clause nor a level of this kit.`, {
      advice: 'See --list.',
    });
  }
  const cases = selectCases(all, only);
  if (list !== true) {
    if (options.junit !== undefined) checkWritable(options.junit);
    return cases;
  }
  const plain = cases.map(({ id, clause, level, title }) => ({ id, clause, level, title }));
  process.stdout.write(`${json === true ? JSON.stringify(plain) : describeCases(cases)}\n`);
  return undefined;
}

export interface KitRun<Context extends CaseRun> {
  role: 'device' | 'server';
  /** Asked at the end: a device is known by what it said. */
  endpoint: () => string;
  cases: readonly ConformanceCase<Context>[];
  transcript: Transcript;
  prepare: (run: CaseRun) => Context | Promise<Context>;
  limitMs: number;
  signal: AbortSignal;
}

/** Runs the cases, shows the report and sets the exit code: 0 nothing failed, 1 something did or the run was interrupted. */
export async function runKit<Context extends CaseRun>(kit: KitRun<Context>, options: OutputOptions): Promise<void> {
  const { cases, signal } = kit;
  const started = new Date();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const results = await runCases({ ...kit, onResult: (result) => say(`${describeResult(result)}`) });
  const report = reportOf({
    role: kit.role,
    endpoint: kit.endpoint(),
    startedAt: started.toISOString(),
    durationMs: Date.now() - started.getTime(),
    interrupted: signal.aborted || results.length < cases.length,
    cases: results,
  });
  process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : `${describeReport(report)}\n`);
  if (options.junit !== undefined) writeReport(options.junit, toJunit(report));
  if (report.counts.fail > 0 || report.interrupted) process.exitCode = 1;
}

/** Before the cases, which take minutes. */
function checkWritable(file: string): void {
  try {
    accessSync(existsSync(file) ? file : dirname(file), constants.W_OK);
  } catch (error) {
    throw new GatewayError('usage.junit', `${file} cannot be written (${(error as Error).message}).`, {
      advice: 'Name a file in a folder that is there.',
      cause: error,
    });
  }
}

function writeReport(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new GatewayError('conformance.junit', `${file} could not be written (${(error as Error).message}).`, { cause: error });
  }
}
