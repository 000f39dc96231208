import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createLogger } from '../../src/base/log.ts';
import { DEFAULT_MEDIA_SETTINGS } from '../../src/gateway/media-settings.ts';
import { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { CliProcess, runCli } from '../support/cli.ts';
import { createNetworkNamespace } from '../support/network-namespace.ts';
import { CREDENTIALS, recordingLogger, startSite } from '../support/site.ts';

const WAIT = { timeout: 20_000, interval: 50 };

/** A started NVR with so many inputs. */
async function nvr(inputs: number): Promise<{ simulated: SimulatedCamera; port: number }> {
  const simulated = new SimulatedCamera({ name: 'NVR', ...CREDENTIALS, inputs });
  onTestFinished(() => simulated.close());
  const { onvifPort: port } = await simulated.start();
  return { simulated, port };
}

it('each input of an NVR is a camera with the profiles of that input alone, and is pulled from it', async () => {
  const { port } = await nvr(3);
  const onvif = { host: '127.0.0.1', port };
  const cameras = [1, 2, 3, 4].map((videoSource) => ({
    id: `input-${videoSource}`,
    ...{ name: `Input ${videoSource}`, onvif, videoSource, credentials: CREDENTIALS },
  }));
  const { logger, lines } = recordingLogger((destination) => createLogger({ destination }));
  const site = await startSite(cameras, { media: { ...DEFAULT_MEDIA_SETTINGS, pull: 'always' }, logger });
  onTestFinished(() => site.close());
  const { gateway } = site;
  const profiles = (id: string) => gateway.cameras().find((camera) => camera.id === id)?.profiles ?? [];
  await vi.waitFor(() => {
    for (const id of ['input-1', 'input-2', 'input-3']) expect(profiles(id)[0]?.stream.state).toBe('playing');
  }, WAIT);
  expect(['input-1', 'input-2', 'input-3'].map((id) => profiles(id).map(({ token }) => token))).toEqual([
    ['main', 'sub'],
    ['main-2', 'sub-2'],
    ['main-3', 'sub-3'],
  ]);
  await vi.waitFor(() => expect(gateway.cameras().at(-1)?.state).toBe('failed'), WAIT);
  expect(gateway.cameras().at(-1)?.reason).toMatchObject({
    code: 'camera.no_video_source',
    message: expect.stringContaining('3 video sources: 1 (Main stream, Sub stream), 2 (Main stream of input 2') as unknown,
  });
  // Once nothing changes any more the log says how the site is.
  await vi.waitFor(() => expect(lines.map(({ msg }) => msg)).toContain('4 cameras: 3 online, 1 failed (input-4)'), WAIT);
});

it('discover --write gives each input of an NVR a camera of its own', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'video-source-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [file, passwordFile] = [join(folder, 'gateway.yaml'), join(folder, 'password')];
  await writeFile(passwordFile, 'right-password\n');
  const namespace = createNetworkNamespace(`video-source-${process.pid}`);
  onTestFinished(() => namespace.close());
  const { prefix } = namespace;
  const simulated = new CliProcess(
    ['simulate', '--cameras', '1', '--video-sources', '2', '--password-file', passwordFile, '--json'],
    { prefix },
  );
  onTestFinished(async () => {
    simulated.kill('SIGTERM');
    await simulated.exit();
  });
  await simulated.says(/"cameras":/);
  const login = ['--username', 'admin', '--password-file', passwordFile];
  const { code, stderr } = await runCli(['discover', '--interface', 'lo', '--timeout', '2', ...login, '--write', file], {
    prefix,
  });
  expect(code, stderr).toBe(0);
  expect((await readFile(file, 'utf8')).match(/video_source: \d/g)).toEqual(['video_source: 1', 'video_source: 2']);
});
