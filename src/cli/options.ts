import { InvalidArgumentError } from 'commander';

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
