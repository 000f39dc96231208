import { Failure } from './case.ts';
import type { Message, RawAnswer } from './raw-peer.ts';

/* What cases check again and again. Each throws a Failure that says what was expected and what was there instead. */

/** @param what names the value, such as `the invite's "offer"` */
export function expectString(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '') throw new Failure(`${what} to be a string that is not empty`, show(value));
  return value;
}

export function expectInteger(value: unknown, what: string): number {
  if (!Number.isInteger(value)) throw new Failure(`${what} to be an integer`, show(value));
  return value as number;
}

export function expectStrings(value: unknown, what: string): string[] {
  if (!Array.isArray(value) || value.some((entry) => typeof entry !== 'string')) {
    throw new Failure(`${what} to be an array of strings`, show(value));
  }
  return value as string[];
}

export function expectObject(value: unknown, what: string): Message {
  if (!isObject(value)) throw new Failure(`${what} to be an object`, show(value));
  return value;
}

export function expectThat(holds: boolean, expected: string, actual: unknown): void {
  if (!holds) throw new Failure(expected, show(actual));
}

/** The result of an answer that must not be an error. */
export function expectResult(answer: RawAnswer, what: string): unknown {
  if (answer.error !== undefined || !Object.hasOwn(answer.message, 'result')) {
    throw new Failure(`a result of ${what}`, show(answer.message));
  }
  return answer.result;
}

/** The code of an answer that must be an error, one of those given where some are. */
export function expectError(answer: RawAnswer, what: string, codes: readonly number[] = []): number {
  const wanted = codes.length === 0 ? 'an error' : `error ${codes.join(' or ')}`;
  if (answer.error === undefined) throw new Failure(`${wanted} as the answer to ${what}`, show(answer.message));
  const code = expectInteger(answer.error.code, 'the code of the error');
  if (codes.length > 0 && !codes.includes(code)) throw new Failure(`${wanted} as the answer to ${what}`, show(answer.error));
  if (typeof answer.error.message !== 'string') throw new Failure('the message of the error to be a string', show(answer.error));
  return code;
}

export function isObject(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const MAX_SHOWN = 300;

/** A value as people read it, bounded. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? typeof value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)} ...` : text;
}
