import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { CameraOptions } from '../../src/camera/camera.ts';
import type { RunningCamera } from '../../src/simulator/simulator.ts';
import { CliProcess } from '../support/cli.ts';
import { GatewayProcess, type Counters, type EventLoopDelay } from '../support/gateway-process.ts';
import { mostWithin, RestartableSignaling } from '../support/restartable-signaling.ts';

const CAMERAS = 200;
/** One process of `simulate` has 64 at most. */
const SIMULATORS = 4;
const START_MS = 60_000;
const IDLE_MS = 20_000;
const OUTAGE_MS = 4000;
/** Turns 25 ms apart alone are five seconds of it. */
const BACK_MS = 20_000;
const MEBIBYTE = 1024 * 1024;
/** The control thread answers within this while nothing happens; this machine runs the cameras too. */
const RESPONSIVE_MS = 100;
/** Of a core. */
const IDLE_CPU = 0.25;

interface Simulated {
  cameras: RunningCamera[];
  username: string;
  password: string;
}

it('200 cameras registered by one gateway and watched by nobody cost little, and leave its control thread free', async () => {
  const options = (await Promise.all(Array.from({ length: SIMULATORS }, simulate))).flatMap(optionsOf);
  expect(options).toHaveLength(CAMERAS);
  const server = new RestartableSignaling();
  await server.start();
  onTestFinished(() => server.stop());
  const gateway = new GatewayProcess();
  onTestFinished(() => gateway.close());
  const untilRegistered = async (timeout: number): Promise<number> => {
    const begin = performance.now();
    await vi.waitFor(
      async () => {
        const missing = (await gateway.cameras()).filter(({ signaling }) => signaling.state !== 'registered');
        expect(missing.map(({ id, signaling }) => `${id} ${signaling.reason?.message}`)).toEqual([]);
      },
      { timeout, interval: 100 },
    );
    return performance.now() - begin;
  };
  await gateway.start(options, { signaling: { server: server.url, token: server.deviceToken }, pull: 'on_demand' });
  const upMs = await untilRegistered(START_MS);
  await vi.waitFor(
    async () => expect((await gateway.cameras()).filter(({ state }) => state !== 'online').map(({ id }) => id)).toEqual([]),
    { timeout: START_MS, interval: 200 },
  );
  const starting = await gateway.delays();
  expect(server.server?.stats.devices).toBe(CAMERAS);

  const before = await gateway.counters();
  await gateway.delays();
  await delay(IDLE_MS);
  const idling = await gateway.delays();
  const after = await gateway.counters();
  const cpu = (after.cpuMs - before.cpuMs) / (after.atMs - before.atMs);

  await server.stop();
  await delay(OUTAGE_MS);
  server.registrations = [];
  const backAt = performance.now();
  await server.start();
  const backMs = await untilRegistered(BACK_MS);
  const returning = await gateway.delays();
  const times = server.registrations.map((at) => at - backAt);
  const spreadMs = (times.at(-1) ?? 0) - (times[0] ?? 0);

  console.log(
    [
      `${CAMERAS} cameras registered after ${(upMs / 1000).toFixed(1)} s; all online`,
      `idle: ${(cpu * 100).toFixed(1)} % of a core; ${memory(after)}`,
      `event loop of the control thread: ${late(starting)} at the start, ${late(idling)} idle, ${late(returning)} with all coming back`,
      `signaling away for ${OUTAGE_MS / 1000} s: all back ${(backMs / 1000).toFixed(1)} s after its return, the first and the last ${(spreadMs / 1000).toFixed(1)} s apart, at most ${mostWithin(times, 100)} within 100 ms`,
    ].join('\n'),
  );
  expect(cpu).toBeLessThan(IDLE_CPU);
  expect(idling.percentile99).toBeLessThan(RESPONSIVE_MS);
  expect(times).toHaveLength(CAMERAS);
  expect(spreadMs).toBeGreaterThan(1000);
  expect(mostWithin(times, 100)).toBeLessThanOrEqual(10);
});

async function simulate(): Promise<Simulated> {
  const simulator = new CliProcess(['simulate', '--cameras', `${CAMERAS / SIMULATORS}`, '--no-discovery', '--json']);
  onTestFinished(async () => {
    simulator.kill('SIGTERM');
    await simulator.exit();
  });
  const [json] = await simulator.says(/\{.*\}\n/, 60_000);
  return JSON.parse(json) as Simulated;
}

function optionsOf({ cameras, username, password }: Simulated, simulator: number): CameraOptions[] {
  return cameras.map(({ onvifPort }, index) => {
    const id = `camera-${simulator + 1}-${index + 1}`;
    return { id, name: id, credentials: { username, password }, onvif: { host: '127.0.0.1', port: onvifPort } };
  });
}

function memory({ rssBytes, heapBytes }: Counters): string {
  return `memory ${(rssBytes / MEBIBYTE).toFixed(0)} MiB, heap and buffers ${(heapBytes / MEBIBYTE).toFixed(0)} MiB`;
}

function late({ median, percentile99, max }: EventLoopDelay): string {
  return `${median.toFixed(1)} / ${percentile99.toFixed(1)} / ${max.toFixed(0)} ms (median, 99 %, most)`;
}
