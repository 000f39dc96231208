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

it('sums what was decided for them', () => {
  const ended = new EndedSessions();
  const adaptation = { rung: 0, rungs: [{ profile: 'main', thinning: 'none' as const, kbps: 2000 }], last: null };
  ended.add(sessionStats({ adaptation: { ...adaptation, switches: 3, probes: 1 } }));
  ended.add(sessionStats({ adaptation: { ...adaptation, switches: 2, probes: 4 } }));
  ended.add(sessionStats({ adaptation: null }));
  expect(ended.sums).toMatchObject([{ sessions: 3, switches: 5, probes: 5 }]);
});
