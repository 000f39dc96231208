import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { CameraOptions } from '../../src/camera/camera.ts';
import type { RunningCamera } from '../../src/simulator/simulator.ts';
import { CliProcess } from '../support/cli.ts';
import { GatewayProcess, type Counters, type Dial } from '../support/gateway-process.ts';

const CAMERAS = 64;
/** In which all must deliver media. */
const START_MS = 30_000;
const STEADY_MS = 10_000;
const MEBIBYTE = 1024 * 1024;

it('64 cameras pulled at once by one process start one after the other, and all deliver within 30 s', async () => {
  const simulator = new CliProcess(['simulate', '--cameras', `${CAMERAS}`, '--no-discovery', '--json']);
  onTestFinished(async () => {
    simulator.kill('SIGTERM');
    await simulator.exit();
  });
  const [json] = await simulator.says(/\{.*\}\n/, 60_000);
  const { cameras, username, password } = JSON.parse(json) as { cameras: RunningCamera[]; username: string; password: string };
  const gateway = new GatewayProcess();
  onTestFinished(() => gateway.close());
  const options = cameras.map(({ onvifPort }, index): CameraOptions => ({
    ...{ id: `camera-${index + 1}`, name: `Camera ${index + 1}`, credentials: { username, password } },
    onvif: { host: '127.0.0.1', port: onvifPort },
  }));

  const begin = performance.now();
  await gateway.start(options);
  const start = await gateway.counters();
  await vi.waitFor(
    async () => {
      const streams = (await gateway.stats()).streams.filter(({ accessUnits }) => accessUnits > 0);
      expect(streams).toHaveLength(CAMERAS);
    },
    { timeout: START_MS, interval: 100 },
  );
  const upMs = performance.now() - begin;
  expect((await gateway.cameras()).map(({ state }) => state)).toEqual(cameras.map(() => 'online'));

  const dials = await gateway.dials();
  const pulls = timesOf(dials, new Set(cameras.map(({ rtspPort }) => rtspPort)));
  // Of the several requests to each camera the first is what takes its turn.
  const firsts = [...Map.groupBy(dials, ({ port }) => port).values()]
    .map(([first]) => first)
    .filter((dial) => dial !== undefined);
  const connects = timesOf(firsts, new Set(cameras.map(({ onvifPort }) => onvifPort)));
  expect(pulls.length).toBeGreaterThanOrEqual(CAMERAS);
  expect(connects).toHaveLength(CAMERAS);
  expect(mostWithin(pulls, 100)).toBeLessThanOrEqual(5);
  expect(mostWithin(connects, 100)).toBeLessThanOrEqual(5);

  const before = await gateway.counters();
  const mediaBefore = await gateway.stats();
  await delay(STEADY_MS);
  const after = await gateway.counters();
  const media = await gateway.stats();
  for (const [index, { cameraId, accessUnits }] of media.streams.entries()) {
    expect(accessUnits, cameraId).toBeGreaterThan(mediaBefore.streams[index]?.accessUnits ?? 0);
  }
  const megabits = ((bytesOf(media) - bytesOf(mediaBefore)) * 8) / 1e6 / ((after.atMs - before.atMs) / 1000);
  const cpu = (after.cpuMs - before.cpuMs) / (after.atMs - before.atMs);
  console.log(
    [
      `${CAMERAS} cameras, main stream each (H.264 1280x720, sound, metadata): all up after ${(upMs / 1000).toFixed(1)} s`,
      `dials within any 100 ms: ${mostWithin(connects, 100)} by ONVIF, ${mostWithin(pulls, 100)} by RTSP`,
      `${megabits.toFixed(0)} Mbit/s; a camera costs ${((cpu * 100) / CAMERAS).toFixed(2)} % of a core`,
      `memory ${memory(after)} with ${after.workers} media workers; at the start, with ${start.workers}, ${memory(start)}: a camera costs ${mebibytes((after.rssBytes - start.rssBytes) / CAMERAS)}, of which heap and buffers ${mebibytes((after.heapBytes - start.heapBytes) / CAMERAS)}`,
    ].join('\n'),
  );
  expect(gateway.lines).toContain(`${CAMERAS} cameras: ${CAMERAS} online`);
});

function timesOf(dials: readonly Dial[], ports: ReadonlySet<number>): number[] {
  return dials.flatMap(({ at, port }) => (ports.has(port) ? [at] : []));
}

function mostWithin(times: readonly number[], spanMs: number): number {
  return Math.max(...times.map((time) => times.filter((other) => other >= time && other < time + spanMs).length));
}

function bytesOf({ streams }: { streams: readonly { bytesReceived: number }[] }): number {
  return streams.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);
}

function memory({ rssBytes, heapBytes }: Counters): string {
  return `${mebibytes(rssBytes)} (heap and buffers ${mebibytes(heapBytes)})`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
}
