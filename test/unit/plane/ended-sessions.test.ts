import { expect, it } from 'vitest';
import { EndedSessions } from '../../../src/plane/ended-sessions.ts';
import { sessionStats } from '../http/stub-view.ts';

it('sums what ended sessions counted, camera by camera', () => {
  const ended = new EndedSessions();
  ended.add(sessionStats({ packetsSent: 10, metadataDropped: 1 }));
  ended.add(sessionStats({ packetsSent: 5, bytesSent: 7 }));
  ended.add(sessionStats({ cameraId: 'yard', packetsSent: 1 }));
  expect(ended.sums).toMatchObject([
    { cameraId: 'front-door', sessions: 2, packetsSent: 15, bytesSent: 7, metadataDropped: 1, packetsDropped: 0 },
    { cameraId: 'yard', sessions: 1, packetsSent: 1 },
  ]);
});
