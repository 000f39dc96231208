import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { WAIT } from '../peer/webrtc/loopback-viewer.ts';
import { runServer } from '../simulator/rtsp/server-fixture.ts';
import { cameraAt, open, startPlane, view } from './fixture.ts';

/* A camera of H.265 alone, viewers who play H.264 alone, and no ffmpeg. */

function withoutFfmpeg(): void {
  const folder = mkdtempSync(join(tmpdir(), 'no-ffmpeg-'));
  vi.stubEnv('PATH', folder);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });
}

it('a viewer whose picture cannot be converted is told so, and not left in front of nothing', async () => {
  withoutFfmpeg();
  const running = await runServer();
  running.server.faults.description = 'h265';
  const { control, media } = startPlane();
  const { profiles, ...camera } = cameraAt(running);
  control.setCamera({ ...camera, profiles: profiles.slice(0, 1) });
  for (const id of ['first', 'second']) {
    const opened = open(control, id, 'main');
    view(opened).catch(() => undefined);
    await vi.waitFor(() => expect(opened.states.at(-1)).toBe('closed transcode.no_ffmpeg'), WAIT);
  }
  expect(media.flatMap(({ warnings }) => warnings.map(({ code }) => code))).toContain('transcode.no_ffmpeg');
});
