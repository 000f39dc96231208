import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { undecodable } from './decodable.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('whatever a viewer is shown, and however thinned, it can decode each picture that it is sent, and numbers and times go on', () => {
  expect(undecodable(5)).toBeUndefined();
});
