import { setTimeout as delay } from 'node:timers/promises';
import { GatewayProcess, type Settings } from '../support/gateway-process.ts';
import type { CameraFunctions } from './camera/process.ts';
import { Remote } from './remote.ts';
import type { Place, ViewerFunctions } from './viewers/process.ts';

/* A gateway whose threads can be looked into, cameras for it, and viewers that come and go. */

const KEYFRAME_RATIO = 8;
const WORKERS = 2;
const LOOK_MS = 100;
/** Many cameras of one address have their turns. */
const START_MS = 120_000;

export interface Site {
  gateway: GatewayProcess;
  /** Where each camera is watched. */
  places: Place[];
  close: () => Promise<void>;
}

/** All cameras are registered; those that are pulled all the time play. */
export async function startSite(
  { cameras, mbit }: { cameras: number; mbit: number },
  settings: Pick<Settings, 'pull' | 'media'>,
): Promise<Site> {
  const camera = new Remote<CameraFunctions>(new URL('camera/process.ts', import.meta.url));
  const { port } = await camera.call('start', undefined);
  const gateway = new GatewayProcess();
  const ids = Array.from({ length: cameras }, (_, index) => `camera-${index + 1}`);
  const rtsp = (id: string): string => `rtsp://127.0.0.1:${port}/${mbit * 1000}-${KEYFRAME_RATIO}/${id}`;
  await gateway.start(
    ids.map((id) => ({ id, name: id, rtsp: { main: rtsp(id) } })),
    { workers: WORKERS, ...settings },
  );
  const server = new URL('signaling', gateway.url.replace(/^http/, 'ws')).href;
  const places = await within('all cameras are registered', async () => {
    const registered = (await gateway.cameras()).filter(({ signaling }) => signaling.state === 'registered');
    return registered.length === cameras && registered.map(({ peer }): Place => ({ kind: 'onvif', server, peer: peer ?? '' }));
  });
  if (settings.pull === 'always') {
    await within('all cameras play', async () => {
      const { streams } = await gateway.stats();
      return streams.filter(({ state }) => state === 'playing').length === cameras;
    });
  }
  const close = async (): Promise<void> => {
    await gateway.close();
    camera.close();
  };
  return { gateway, places, close };
}

async function within<Value>(what: string, look: () => Promise<Value | false>): Promise<Value> {
  const deadline = performance.now() + START_MS;
  for (;;) {
    const value = await look();
    if (value !== false) return value;
    if (performance.now() > deadline) throw new Error(`not ${what}`);
    await delay(LOOK_MS);
  }
}

export interface Visits {
  viewers: Remote<ViewerFunctions>;
  places: readonly Place[];
  sessions: number;
  /** In which they are spread evenly. */
  durationMs: number;
  /** How many there are at a time, at most. */
  atATime: number;
  onSeen?: (firstFrameMs: number) => void;
  onFailed?: (error: unknown) => void;
}

/** Lets viewers come and go: one behind the other in each slot, some for a moment, some for as long as there is time. */
export async function comeAndGo({ viewers, places, sessions, durationMs, atATime, onSeen, onFailed }: Visits): Promise<void> {
  const eachMs = (durationMs / sessions) * atATime;
  let begun = 0;
  const slot = async (index: number): Promise<void> => {
    await delay((eachMs * index) / atATime);
    while (begun < sessions) {
      const place = places[begun % places.length];
      if (place === undefined) return;
      begun += 1;
      const startedAt = performance.now();
      const visit = viewers.call('visit', { place, stayMs: Math.random() * eachMs * STAY_SHARE });
      await visit.then(onSeen, onFailed);
      await delay(Math.max(0, startedAt + eachMs - performance.now()));
    }
  };
  await Promise.all(Array.from({ length: atATime }, (_, index) => slot(index)));
}

/** What remains of its time is for connecting. */
const STAY_SHARE = 0.8;
