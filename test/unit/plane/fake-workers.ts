import type { CameraSource, ControlMessage, MediaMessage, MediaSettings } from '../../../src/plane/messages.ts';
import type { PlaneThreadEvents, StartPlane } from '../../../src/plane/plane-thread.ts';

/** One start of a worker, of which nothing comes but what a test says. */
export interface FakeThread {
  worker: number;
  settings: MediaSettings;
  heard: ControlMessage[];
  terminated: boolean;
  says: (message: MediaMessage) => void;
  /** With what its cameras cost. */
  isAlive: (costs?: Record<string, number>) => void;
  dies: (error?: Error) => void;
}

/** Media planes that do nothing of themselves; one that is terminated is gone at once. */
export function fakeWorkers(): { threads: FakeThread[]; start: StartPlane } {
  const threads: FakeThread[] = [];
  const start = (worker: number, settings: MediaSettings, events: PlaneThreadEvents): ReturnType<StartPlane> => {
    const thread: FakeThread = {
      worker,
      settings,
      heard: [],
      terminated: false,
      says: (message) => events.onMessage(message),
      isAlive: (costs = {}) =>
        events.onAlive({
          utilization: 0.5,
          delayMs: 3,
          costs: Object.entries(costs).map(([cameraId, cost]) => ({ cameraId, cost })),
        }),
      dies: (error = new Error('it ended with code 1')) => events.onExit(error),
    };
    threads.push(thread);
    return {
      post: (message) => thread.heard.push(message),
      terminate: () => {
        thread.terminated = true;
        thread.dies();
        return Promise.resolve();
      },
    };
  };
  return { threads, start };
}

export function fakeCamera(id: string, name = 'main'): CameraSource {
  return { id, clockOffsetMs: 0, profiles: [{ token: name, uri: `rtsp://192.0.2.1/${name}` }] };
}

/** What threads were told of cameras: `set ID PROFILE`, `remove ID`. */
export function toldOfCameras({ heard }: FakeThread): string[] {
  return heard.flatMap((message) => {
    if (message.type === 'camera.set') return `set ${message.camera.id} ${message.camera.profiles[0]?.token}`;
    return message.type === 'camera.remove' ? `remove ${message.cameraId}` : [];
  });
}
