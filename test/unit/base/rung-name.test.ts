import { describe, expect, it } from 'vitest';
import { rungName } from '../../../src/base/rung-name.ts';

const PROFILES = [{ token: 'p1', name: 'Sub stream' }];

describe('what is sent in words', () => {
  it.each([
    ['none', 'Sub stream'],
    ['discardable', 'Sub stream, fewer pictures a second'],
    ['keyframes', 'Sub stream, still pictures only'],
    ['pictures', 'Sub stream, sound only'],
  ] as const)('%s: %s', (thinning, name) => {
    expect(rungName({ profile: 'p1', thinning, kbps: 0 }, PROFILES)).toBe(name);
  });

  it('names a profile by its token where the camera tells no name', () => {
    expect(rungName({ profile: 'p2', thinning: 'none', kbps: 0 }, PROFILES)).toBe('p2');
    expect(rungName({ profile: 'p2', thinning: 'none', kbps: 0 })).toBe('p2');
  });
});
