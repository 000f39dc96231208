import { InvalidArgumentError } from 'commander';
import { GatewayError } from '../base/errors.ts';

/** A commander argument parser for whole numbers within bounds. */
export function wholeNumber(min: number, max: number): (value: string) => number {
  return (value) => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= min && number <= max)) throw new InvalidArgumentError(`Write a whole number from ${min} to ${max}.`);
    return number;
  };
}

/** A commander argument parser for seconds, fractions allowed. */
export function seconds(value: string): number {
  const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (!(number > 0 && number <= 86_400)) throw new InvalidArgumentError('Write seconds, more than 0 and at most 86400.');
  return number;
}

/** A commander argument parser for an option that may be repeated. */
export function collect(value: string, previous: string[] = []): string[] {
  return [...previous, value];
}

/** RFC 6750 section 2.1: a token must fit into a header. The error does not show it. */
export function checkToken(option: string, token: string | undefined): void {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return;
  throw new GatewayError('usage.token', `${option} holds spaces, line breaks or letters beyond ASCII, or nothing.`, {
    advice: 'Give the token alone.',
  });
}
