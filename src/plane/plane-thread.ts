import { MessageChannel } from 'node:worker_threads';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { CameraCost, ControlMessage, MediaMessage, MediaSettings } from './messages.ts';

/** How busy a media plane's thread was of late. */
export interface ThreadLoad {
  /** Share of the time in which it was not idle, 0 to 1. */
  utilization: number;
  /** How late its timers were, milliseconds: 99 of 100 were no later. */
  delayMs: number;
  /** Of the cameras that somebody watched. */
  costs: CameraCost[];
}

/** A media plane where it runs: in a thread of its own, or in that of the control plane. */
export interface PlaneThread {
  post(message: ControlMessage): void;
  /** Ends it at once, whatever it is about. */
  terminate(): Promise<void>;
}

/** What is heard of a media plane. */
export interface PlaneThreadEvents {
  onMessage(message: MediaMessage): void;
  /** Comes once a second from a thread that is well. */
  onAlive(load: ThreadLoad): void;
  /** It is gone, and all that it had with it; nothing more comes. */
  onExit(error: Error): void;
}

/** @param worker number of the worker, from 0 on */
export type StartPlane = (worker: number, settings: MediaSettings, events: PlaneThreadEvents) => PlaneThread;

/** Runs the media plane in this thread, behind a message channel as it has one in a thread of its own. It never ends by itself. */
export function planeHere(clock: Clock, logger: Logger): StartPlane {
  return (_, settings, events) => {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (message: MediaMessage) => events.onMessage(message));
    // Loaded where it runs only: with workers this thread needs nothing of it. Messages wait in the channel meanwhile.
    void import('./media-plane.ts').then(({ MediaPlane }) => new MediaPlane({ port: port2, settings, clock, logger }).start());
    return {
      post: (message) => port1.postMessage(message),
      terminate: () => Promise.resolve(port1.close()),
    };
  };
}
