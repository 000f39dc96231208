import { vi } from 'vitest';

/** Waits until the check holds; as long as a machine with much else to do may take. */
export function soon<Value>(check: () => Value): Promise<Value> {
  return vi.waitFor(check, { timeout: 10_000, interval: 5 });
}
