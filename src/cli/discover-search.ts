import { isIpv6Only, onvifAddressOf } from '../camera/discovery/device-address.ts';
import type { DiscoveredDevice } from '../camera/discovery/device-list.ts';
import { multicastEndpoints } from '../camera/discovery/interfaces.ts';
import type { DiscoveryResult } from '../camera/discovery/search.ts';
import { expandTargets } from '../camera/discovery/targets.ts';
import { discover, probeAddresses } from '../camera/discovery/ws-discovery.ts';
import type { Credentials } from '../config/addresses.ts';
import { askCamera, describeFound, type Answer, type ConfiguredCamera, type FoundCamera } from './discover-camera.ts';
import type { CameraToAdd } from '../config/camera-entries.ts';

export interface SearchRequest {
  /** Empty: by multicast. */
  targets: readonly string[];
  /** Undefined: all. */
  interfaces: readonly string[] | undefined;
  timeoutMs: number;
  /** With which each camera is asked; undefined: not at all. */
  credentials: Credentials | undefined;
  configured: readonly ConfiguredCamera[];
  /** Ends search and questions; what is known then is the result. */
  signal: AbortSignal;
}

/** Hears of a search as it goes on. */
export interface SearchObserver {
  /** Once, in a few words: where it is searched. */
  started(where: string): void;
  progress(text: string): void;
  /** A camera, and again when more is known of it; `complete`: nothing more will be. */
  found(camera: FoundCamera, complete: boolean): void;
}

export interface SearchResult {
  /** By address. */
  cameras: FoundCamera[];
  /** Those that are not in the config yet. */
  toAdd: CameraToAdd[];
  /** Datagrams that were no answers. */
  ignored: number;
}

/** Cameras that are asked at the same time. */
const MAX_ASKED_AT_ONCE = 8;

/** Searches, and asks each camera that is found. Throws as the searches of `camera/discovery` do. */
export async function findCameras(request: SearchRequest, observer: SearchObserver): Promise<SearchResult> {
  const { credentials, configured, signal } = request;
  const answers = new Map<string, Answer>();
  const describe = (device: DiscoveredDevice): FoundCamera =>
    describeFound(device, answers.get(device.endpointReference), configured);
  const asked = new TaskPool(MAX_ASKED_AT_ONCE);
  const ask = (device: DiscoveredDevice): void => {
    if (credentials === undefined) return;
    asked.add(device.endpointReference, async () => {
      answers.set(device.endpointReference, await askCamera(device, credentials, signal));
      observer.found(describe(device), true);
    });
  };

  const { devices, ignored } = await search(request, observer, (device) => {
    observer.found(describe(device), credentials === undefined);
    // A better address may come with the next answer.
    if (!isIpv6Only(device)) ask(device);
  });
  for (const device of devices) ask(device);
  await asked.done();
  const found = devices
    .map((device) => ({ device, camera: describe(device) }))
    .toSorted((a, b) => a.camera.address.localeCompare(b.camera.address, 'en', { numeric: true }));
  return {
    cameras: found.map(({ camera }) => camera),
    toAdd: found
      .filter(({ camera }) => camera.configured === null)
      .map(({ device, camera: { name, videoSources } }) => ({
        name,
        videoSources: videoSources?.length ?? 1,
        onvif: onvifAddressOf(device),
        endpointReference: device.endpointReference,
        ...(credentials === undefined ? {} : { username: credentials.username }),
      })),
    ignored,
  };
}

async function search(
  { targets, interfaces, timeoutMs, signal }: SearchRequest,
  observer: SearchObserver,
  onFound: (device: DiscoveredDevice) => void,
): Promise<DiscoveryResult> {
  if (targets.length > 0) {
    const addresses = await expandTargets(targets);
    observer.started(addresses.length === 1 ? '1 address' : `${addresses.length} addresses`);
    const onProgress = (sent: number, total: number): void => observer.progress(`${sent} of ${total} packets sent`);
    return await probeAddresses(addresses, { timeoutMs, signal, onFound, onProgress });
  }
  const names = new Set(multicastEndpoints(interfaces).map(({ interfaceName }) => interfaceName));
  observer.started([...names].join(', '));
  return await discover({ ...(interfaces === undefined ? {} : { interfaces }), timeoutMs, signal, onFound });
}

/** Runs tasks, each key's once, so many at a time. */
class TaskPool {
  readonly #most: number;
  readonly #keys = new Set<string>();
  readonly #waiting: (() => Promise<void>)[] = [];
  readonly #running = new Set<Promise<void>>();

  constructor(most: number) {
    this.#most = most;
  }

  add(key: string, task: () => Promise<void>): void {
    if (this.#keys.has(key)) return;
    this.#keys.add(key);
    this.#waiting.push(task);
    this.#fill();
  }

  async done(): Promise<void> {
    while (this.#running.size > 0) await Promise.race(this.#running);
  }

  #fill(): void {
    while (this.#running.size < this.#most) {
      const task = this.#waiting.shift();
      if (task === undefined) return;
      const running = task().finally(() => {
        this.#running.delete(running);
        this.#fill();
      });
      this.#running.add(running);
    }
  }
}
