import { expect, it } from 'vitest';
import { DEFAULT_MEDIA_SETTINGS } from '../../../src/gateway/media-settings.ts';
import { SessionPlaces } from '../../../src/plane/session-places.ts';

function places(maxSessions: number, maxSessionsPerCamera: number): SessionPlaces {
  return new SessionPlaces({ ...DEFAULT_MEDIA_SETTINGS, maxSessions, maxSessionsPerCamera });
}

const REFUSED = expect.objectContaining({ code: 'session.limit' }) as Error;

it('there are so many for one camera, and others still have theirs', () => {
  const limited = places(10, 2);
  for (const session of ['a', 'b']) limited.take(session, 'yard');
  expect(() => limited.take('c', 'yard')).toThrow(REFUSED);
  expect(() => limited.take('c', 'yard')).toThrow('The camera has as many');
  limited.take('d', 'gate');
  limited.free('a');
  limited.free('a');
  limited.free('never');
  limited.take('c', 'yard');
  expect(() => limited.take('e', 'yard')).toThrow(REFUSED);
});

it('there are so many in all', () => {
  const limited = places(2, 10);
  limited.take('a', 'yard');
  limited.take('b', 'gate');
  expect(() => limited.take('c', 'barn')).toThrow('The gateway serves as many');
  limited.free('b');
  limited.take('c', 'barn');
});
