/** One parser under test. */
export interface FuzzTarget {
  name: string;
  /** What the inputs are made of: text with lines and numbers, bytes, or packets as `packets.ts` joins them. */
  form: 'text' | 'bytes' | 'packets';
  /** Real inputs, from which the others are made. */
  corpus: readonly Buffer[];
  /** One input in so many that the others get, for a slow one; default 1. */
  share?: number;
  /**
   * Parses one input and holds the result against what the parser promises. Throws, or rejects, on whatever is a finding; what a
   * parser may throw by its own documentation is caught here. What else it needs to decide it draws from the input, so that a
   * finding can be played again from the input alone.
   */
  run(input: Buffer): void | Promise<void>;
}

/** Fails the input where a parser broke its promise. */
export function demand(kept: boolean, promise: string): asserts kept {
  if (!kept) throw new Error(`broken promise: ${promise}`);
}

/** A whole number within limits, both inclusive. */
export function isWithin(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}
