import { expect, it, onTestFinished, vi } from 'vitest';
import { silentLogger } from '../../../src/base/log.ts';
import { DEFAULT_MEDIA_SETTINGS } from '../../../src/gateway/media-settings.ts';
import { MediaControl } from '../../../src/plane/media-control.ts';
import { LOOPBACK, WAIT } from '../peer/webrtc/loopback-viewer.ts';
import { open } from './fixture.ts';

it('a viewer of a camera that is not there is invited at once, and told why when it has waited in vain', async () => {
  let now = 0;
  const failures: string[] = [];
  const control = new MediaControl({
    workers: 0,
    settings: { ...DEFAULT_MEDIA_SETTINGS, ice: LOOPBACK },
    clock: { now: () => now },
    logger: silentLogger,
    onStreamState: (_camera, _profile, state, reason) => {
      if (state === 'failed') failures.push(reason?.code ?? '');
    },
    onKeyframeWanted: () => undefined,
  });
  onTestFinished(() => control.close());
  // Nobody listens at the port of discard.
  control.setCamera({ id: 'yard', clockOffsetMs: 0, profiles: [{ token: 'main', uri: 'rtsp://127.0.0.1:9/main' }] });
  const first = open(control, 'a');
  await vi.waitFor(() => expect(first.offers).toHaveLength(1), WAIT);
  await vi.waitFor(() => expect(failures).toEqual(['rtsp.unreachable']), WAIT);
  expect(first.states).toEqual(['connecting']);
  now = 9000;
  const second = open(control, 'b');
  await vi.waitFor(() => expect(second.offers).toHaveLength(1), WAIT);
  now = 10_000;
  await vi.waitFor(() => expect(first.states).toEqual(['connecting', 'closed rtsp.unreachable']), WAIT);
  expect(second.states).toEqual(['connecting']);
});
