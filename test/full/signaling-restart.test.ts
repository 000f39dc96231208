import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { CameraOptions } from '../../src/camera/camera.ts';
import { connect, type OnvifSession } from '../../src/client/index.ts';
import { HeadlessPeerConnection } from '../../src/peer/webrtc/headless/peer-connection.ts';
import type { RunningCamera } from '../../src/simulator/simulator.ts';
import { CliProcess } from '../support/cli.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { mostWithin, RestartableSignaling } from '../support/restartable-signaling.ts';

const CAMERAS = 20;
const OPENING_ATTEMPTS = 3;
const STEADY_MS = 3000;
const STEADY_ROUNDS = 20;
/** As long as a server takes to be updated. */
const OUTAGE_MS = 6000;
const AFTER_MS = 3000;
/** In which all must be registered again. */
const BACK_MS = 10_000;
const SAMPLE_MS = 250;
/** A picture that stands still for longer counts as interrupted; 20 viewers, gateway and cameras share the cores of this machine. */
const INTERRUPTED_MS = 2000;

/** A picture being watched, and how long it stood still at most. */
class Picture {
  readonly session: OnvifSession;
  frames = 0;
  longestGapMs = 0;
  #movedAt = 0;

  constructor(server: RestartableSignaling, peer: string) {
    const session: OnvifSession = connect(server.url, {
      peer,
      profile: 'sub',
      token: server.viewerToken,
      createPeerConnection: ({ iceServers }) =>
        new HeadlessPeerConnection({ iceServers, onFirstFrame: () => session.noteFirstFrame() }),
      createWebSocket: (url, subprotocol) => new WebSocket(url, subprotocol, { perMessageDeflate: false }),
    });
    this.session = session;
    onTestFinished(() => session.close());
  }

  async look(): Promise<void> {
    const { framesDecoded } = await this.session.stats();
    const now = performance.now();
    if (this.frames > 0) this.longestGapMs = Math.max(this.longestGapMs, now - this.#movedAt);
    if (framesDecoded > this.frames) this.#movedAt = now;
    this.frames = framesDecoded;
  }
}

/** A picture that has come up; once more where the machine had too much to do for it to come up in time. */
async function watching(server: RestartableSignaling, peer: string): Promise<Picture> {
  for (let attempt = 1; ; attempt += 1) {
    const picture = new Picture(server, peer);
    try {
      await picture.session.whenLive();
      return picture;
    } catch (error) {
      if (attempt === OPENING_ATTEMPTS) throw error;
    }
  }
}

/** Looks at all pictures again and again; returns how many frames each got. */
async function watch(pictures: readonly Picture[], forMs: number): Promise<number[]> {
  const before = pictures.map(({ frames }) => frames);
  const until = performance.now() + forMs;
  while (performance.now() < until) {
    await Promise.all(pictures.map((picture) => picture.look()));
    await delay(SAMPLE_MS);
  }
  return pictures.map(({ frames }, index) => frames - (before[index] ?? 0));
}

it('20 live sessions outlive a restart of the signaling server, at which all cameras are registered again within 10 s, one after the other', async () => {
  const simulator = new CliProcess(['simulate', '--cameras', `${CAMERAS}`, '--no-discovery', '--json']);
  onTestFinished(async () => {
    simulator.kill('SIGTERM');
    await simulator.exit();
  });
  const [json] = await simulator.says(/\{.*\}\n/, 60_000);
  const { cameras, username, password } = JSON.parse(json) as { cameras: RunningCamera[]; username: string; password: string };
  const server = new RestartableSignaling();
  await server.start();
  onTestFinished(() => server.stop());
  const gateway = new GatewayProcess();
  onTestFinished(() => gateway.close());
  const options = cameras.map(({ onvifPort }, index): CameraOptions => ({
    ...{ id: `camera-${index + 1}`, name: `Camera ${index + 1}`, credentials: { username, password } },
    onvif: { host: '127.0.0.1', port: onvifPort },
  }));
  await gateway.start(options, { signaling: { server: server.url, token: server.deviceToken }, pull: 'on_demand' });
  const untilRegistered = async (timeout: number): Promise<void> => {
    await vi.waitFor(
      async () => {
        const states = (await gateway.cameras()).map(({ signaling, state }) => `${signaling.state} ${state}`);
        expect(states).toEqual(cameras.map(() => 'registered online'));
      },
      { timeout, interval: 20 },
    );
  };
  await untilRegistered(30_000);
  expect(server.server?.stats.devices).toBe(CAMERAS);

  const pictures: Picture[] = [];
  for (const { id } of options) pictures.push(await watching(server, id));
  // Twenty starts are a load of their own, which is over when all pictures move.
  let steady = await watch(pictures, STEADY_MS);
  for (let round = 1; Math.min(...steady) < moving(STEADY_MS) && round < STEADY_ROUNDS; round += 1) {
    for (const [index, { session }] of pictures.entries()) {
      if (session.state !== 'live') pictures[index] = await watching(server, options[index]?.id ?? '');
    }
    steady = await watch(pictures, STEADY_MS);
  }
  expect(Math.min(...steady)).toBeGreaterThan(moving(STEADY_MS));
  for (const picture of pictures) picture.longestGapMs = 0;

  await server.stop();
  const during = await watch(pictures, OUTAGE_MS);
  const away = (await gateway.cameras()).map(({ signaling, peer }) => [signaling.state, peer]);
  expect(away).toEqual(cameras.map(() => ['failed', null]));

  server.registrations = [];
  await server.start();
  const backAt = performance.now();
  const [after, backMs] = await Promise.all([
    watch(pictures, AFTER_MS),
    untilRegistered(BACK_MS).then(() => performance.now() - backAt),
  ]);

  // As the gateway dialled, since the server, in the process of the viewers, may see several at once.
  const port = Number(new URL(server.url).port);
  const dials = (await gateway.dials()).flatMap((dial) => (dial.port === port ? [dial.at] : [])).slice(-CAMERAS);
  const spreadMs = (dials.at(-1) ?? 0) - (dials[0] ?? 0);
  const gaps = pictures.map(({ longestGapMs }) => longestGapMs);
  console.log(
    [
      `${CAMERAS} sessions, signaling away for ${OUTAGE_MS / 1000} s; all registered again ${(backMs / 1000).toFixed(2)} s after its return`,
      `registered after, s: ${server.registrations.map((at) => ((at - backAt) / 1000).toFixed(2)).join(' ')}`,
      `frames a second of a session: ${rate(steady, STEADY_MS)} before, ${rate(during, OUTAGE_MS)} without signaling, ${rate(after, AFTER_MS)} after`,
      `longest time between two looks at which a picture had moved: ${Math.max(...gaps).toFixed(0)} ms (they are ${SAMPLE_MS} ms apart)`,
    ].join('\n'),
  );
  expect(server.registrations).toHaveLength(CAMERAS);
  expect(backMs).toBeLessThan(BACK_MS);
  expect(spreadMs).toBeGreaterThan(500);
  expect(mostWithin(dials, 100)).toBeLessThanOrEqual(5);
  expect(Math.max(...gaps)).toBeLessThan(INTERRUPTED_MS);
  for (const [index, { session }] of pictures.entries()) {
    expect(session.state).toBe('live');
    expect(during[index], options[index]?.id).toBeGreaterThan(moving(OUTAGE_MS));
    expect(after[index], options[index]?.id).toBeGreaterThan(moving(AFTER_MS));
  }

  // What came back serves new viewers too.
  await watching(server, 'camera-1');
});

/** Frames that a picture has at least in this time, when it moves; the cameras send 15 a second. */
function moving(overMs: number): number {
  return overMs / 100;
}

/** Least and most of all sessions. */
function rate(frames: readonly number[], overMs: number): string {
  const rates = frames.map((count) => ((count * 1000) / overMs).toFixed(1));
  return `${rates.toSorted((a, b) => Number(a) - Number(b)).at(0)} to ${rates.toSorted((a, b) => Number(a) - Number(b)).at(-1)}`;
}
