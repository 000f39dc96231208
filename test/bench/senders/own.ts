import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../owned.ts';
import { cameraName, cameraUrls, Program, type Sender, type SenderOptions } from './sender.ts';

const SOURCES = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
const DIST = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const READY_MS = 30_000;

export interface GatewaySettings {
  /** Threads that move media; absent: as the gateway chooses. */
  workers?: number;
  /** As `npm run build` made it: the sources bring along what makes the page, which takes memory. */
  dist?: boolean;
}

/** The gateway as it is run: `run` with a config, its own signaling server. */
export async function startGateway({
  site,
  alwaysPulled = false,
  workers,
  dist = false,
}: SenderOptions & GatewaySettings): Promise<Sender> {
  const folder = temporaryFolder();
  const file = join(folder, 'gateway.yaml');
  const cameras = Object.entries(cameraUrls(site)).map(([id, main]) => ({ id, rtsp: { main } }));
  const config = {
    http: { listen: '127.0.0.1:0' },
    webrtc: { interfaces: ['127.0.0.1'] },
    media: {
      ...{
        pull: alwaysPulled ? 'always' : 'on_demand',
        linger: 0,
        transcode: 'never',
        max_sessions: 1000,
        max_sessions_per_camera: 1000,
      },
      ...(workers === undefined ? {} : { workers }),
    },
    discovery: { enabled: false },
    cameras,
  };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  const program = new Program(process.execPath, [dist ? DIST : SOURCES, 'run', '--config', file], folder);
  const url = await program.until(() => /viewer page at (http:\/\/[\d.:]+)\//.exec(program.said)?.[1]);
  await untilReady(url);
  return {
    pid: program.pid,
    place: (camera) => ({ kind: 'onvif', server: `${url.replace('http', 'ws')}/signaling`, peer: cameraName(camera) }),
    loopDelayMs: () => loopDelayAt(url),
    close: () => program.close(),
  };
}

/**
 * Until its cameras are registered: who comes before is refused with 480.
 *
 * @throws Error when they are not after half a minute
 */
export async function untilReady(url: string): Promise<void> {
  const endAt = performance.now() + READY_MS;
  while (!(await fetch(`${url}/readyz`)).ok) {
    if (performance.now() > endAt) throw new Error(`the cameras were not registered within ${READY_MS / 1000} s`);
    await delay(20);
  }
}

/** By the gateway's own metrics: of its worst worker in the last second, milliseconds. */
export async function loopDelayAt(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const delays = metrics.matchAll(/^onvif_gateway_worker_delay_seconds\{[^}]*\} (\S+)$/gm);
  return Math.max(0, ...Array.from(delays, ([, seconds]) => Number(seconds) * 1000));
}
