import { expect, it, vi } from 'vitest';
import { METADATA_SUBPROTOCOL } from '../../../src/base/signaling.ts';
import { WAIT } from '../peer/webrtc/loopback-viewer.ts';
import { open, startPlane, view } from './fixture.ts';

it('a viewer listens to its camera’s events from when it opens a channel for metadata until it closes it', async () => {
  const { control, listeners } = startPlane();
  // Nothing comes of it, and it has no metadata stream.
  const profile = { token: 'main', uri: 'rtsp://127.0.0.1:9/main', metadata: false };
  control.setCamera({ id: 'yard', clockOffsetMs: 0, events: true, profiles: [profile] });
  const { viewer } = await view(open(control, 'a'), [METADATA_SUBPROTOCOL]);
  const [first, second] = [await viewer.openChannel(METADATA_SUBPROTOCOL), await viewer.openChannel(METADATA_SUBPROTOCOL)];
  // The second is told the states again; that the first is closed for it is no end.
  await vi.waitFor(() => expect(first.readyState).toBe('closed'), WAIT);
  expect(listeners).toEqual(['yard a true', 'yard a true']);
  second.close();
  await vi.waitFor(() => expect(listeners).toEqual(['yard a true', 'yard a true', 'yard a false']), WAIT);
});
