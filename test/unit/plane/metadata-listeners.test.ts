import { expect, it } from 'vitest';
import { MetadataListeners } from '../../../src/plane/metadata-listeners.ts';

it('who listens to events is told once of each session, and that it is over once, however it ends', () => {
  const said: string[] = [];
  const listeners = new MetadataListeners((cameraId, sessionId, listens) => said.push(`${cameraId} ${sessionId} ${listens}`));
  const note = (sessionId: string, listens: boolean): void =>
    listeners.note({ type: 'metadata.listener', cameraId: 'yard', sessionId, listens });
  note('a', true);
  note('b', true);
  listeners.ended('other');
  note('a', false);
  listeners.ended('a');
  // As where its worker died, and says nothing any more.
  listeners.ended('b');
  listeners.ended('b');
  expect(said).toEqual(['yard a true', 'yard b true', 'yard a false', 'yard b false']);
});
