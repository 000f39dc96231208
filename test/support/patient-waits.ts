import { vi } from 'vitest';

/*
 * Runs before each file of tests. One second, which `vi.waitFor` gives a condition where a test says nothing, is what a busy machine may take for
 * anything. Four are still less than the time-outs of the product (5 s and more): what comes by one of those alone is late.
 */
const TIMEOUT_MS = 4000;

const { waitFor } = vi;
vi.waitFor = (callback, options) =>
  waitFor(callback, typeof options === 'number' ? options : { timeout: TIMEOUT_MS, ...options });
