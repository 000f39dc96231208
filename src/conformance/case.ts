import type { Transcript } from './transcript.ts';

/*
 * A kit is a list of cases over one kind of endpoint: `device/` holds those against a device, `server/` those against a signaling server.
 * Both bring a context of their own, which extends CaseRun by what their cases need (the station that a device connects to, the URL and
 * the tokens of a server), and are run by `runner.ts`.
 */

/** As the specification words it. */
export type Level = 'shall' | 'should';

/** What each case is given, whatever it is run against. */
export interface CaseRun {
  /** Aborted when the time of the case is over; ends every wait. */
  readonly signal: AbortSignal;
  /** What is said on the wire during the case; a {@link RawPeer} writes into it by itself. */
  readonly transcript: Transcript;
  /** Does this after the case, whatever came of it; the last one first. */
  defer(action: () => unknown): void;
}

/** One requirement of the specification, put to an endpoint. */
export interface ConformanceCase<Context extends CaseRun = CaseRun> {
  /** Stable, kebab-case: what `--only` and reports of other years name. */
  readonly id: string;
  /** By the numbering of edition 25.12, such as `5.2.5`; explained in `clauses.ts`. */
  readonly clause: string;
  readonly level: Level;
  /** What the endpoint does when it conforms; a sentence without a full stop. */
  readonly title: string;
  /** Resolves when the endpoint conforms; throws {@link Failure} or {@link NotApplicable} otherwise. */
  run(context: Context): Promise<void>;
}

/** The endpoint does not conform. */
export class Failure extends Error {
  readonly expected: string;
  readonly actual: string;

  /** @param expected, actual each a phrase that can stand after a colon */
  constructor(expected: string, actual: string) {
    super(`expected: ${expected}; got: ${actual}`);
    this.name = 'Failure';
    this.expected = expected;
    this.actual = actual;
  }
}

/** The endpoint has nothing that the requirement speaks of, or the kit was not given what it needs to see it. */
export class NotApplicable extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'NotApplicable';
  }
}

/** The cases that `--only` names, by id, by clause (`5.2` names 5.2.5 too) or by level; all where it names none. */
export function selectCases<Case extends ConformanceCase<never>>(cases: readonly Case[], only: readonly string[]): Case[] {
  if (only.length === 0) return [...cases];
  return cases.filter(({ id, clause, level }) =>
    only.some((name) => name === id || name === level || name === clause || clause.startsWith(`${name}.`)),
  );
}
