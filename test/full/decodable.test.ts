import { afterEach, beforeEach, it, vi } from 'vitest';
import { expectDecodable } from '../unit/peer/egress/decodable.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('whatever a viewer is shown, and however thinned, it can decode each picture that it is sent, and numbers and times go on', () => {
  expectDecodable(500);
});
