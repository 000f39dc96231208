import type { FoundDevice } from '../../base/api.ts';
import type { Clock } from '../../base/clock.ts';
import { delay } from '../../base/delay.ts';
import type { Logger } from '../../base/log.ts';
import type { Camera, CameraOptions } from '../../camera/camera.ts';
import type { DeviceIdentity } from '../../camera/device-identity.ts';
import type { PresentDevice } from '../../camera/discovery/present-devices.ts';
import { DiscoveryWatch, type DiscoveryStats } from '../../camera/discovery/watch.ts';
import type { DiscoveryConfig } from '../../config/gateway-config.ts';
import { Adopting } from './adopting.ts';
import { CameraLocations } from './camera-locations.ts';
import { CandidateLogins } from './candidate-logins.ts';
import { Following } from './following.ts';
import { describeFound } from './found-devices.ts';
import type { IdentityStore } from './identity-store.ts';
import { NetworkView } from './network-view.ts';

export interface DiscoverySettings extends DiscoveryConfig {
  /** UDP port of WS-Discovery; default 3702. For tests. */
  port?: number;
}

export interface SiteDiscoveryOptions {
  settings: DiscoverySettings;
  store: IdentityStore;
  /** All that there are now, in the order in which they are shown. */
  cameras: () => readonly Camera[];
  add: (camera: CameraOptions) => void;
  remove: (id: string) => void;
  clock: Clock;
  logger: Logger;
}

/** What happens within this time is looked at together, milliseconds: a site that comes back says hundreds of Hellos. */
const GATHER_MS = 200;

/** A look is followed by a rest of so many times its length: hundreds of lost cameras among hundreds of strangers take long to compare. */
const REST = 20;

/** So long the names in the config are waited for before the first look, milliseconds. */
const NAMES_MS = 3000;

/** Discovery as long as the gateway runs: follows cameras to other addresses, adopts what the config wants, and lists the rest. */
export class SiteDiscovery {
  readonly #options: SiteDiscoveryOptions;
  readonly #watch: DiscoveryWatch;
  readonly #locations = new CameraLocations();
  readonly #logins: CandidateLogins;
  readonly #following: Following;
  readonly #adopting: Adopting;
  /** Devices that are heard at a new address since the last look. */
  readonly #changed = new Set<string>();
  readonly #lost = new Set<string>();
  #found: FoundDevice[] = [];
  #looking: NodeJS.Timeout | undefined;
  /** The last look, milliseconds. */
  #tookMs = 0;
  readonly #closing = new AbortController();
  /** The names in the config were looked up once, or that took too long. */
  #isLocated = false;

  constructor(options: SiteDiscoveryOptions) {
    this.#options = options;
    const { settings, clock, logger, add, remove } = options;
    const { interfaces, port } = settings;
    this.#watch = new DiscoveryWatch({
      ...(interfaces === undefined ? {} : { interfaces }),
      ...(port === undefined ? {} : { port }),
      clock,
      logger,
      onChange: (endpointReference) => {
        this.#changed.add(endpointReference);
        this.#lookSoon();
      },
      onSearched: () => this.#locate(),
    });
    this.#logins = new CandidateLogins({ onAnswer: () => this.#lookSoon() });
    this.#following = new Following({ locations: this.#locations, logins: this.#logins });
    this.#adopting = new Adopting({
      settings,
      clock,
      logger,
      add,
      remove: (id) => {
        this.#lost.delete(id);
        remove(id);
      },
    });
  }

  start(): void {
    this.#watch.start();
    this.#locate();
  }

  /** To be called whenever the status of a camera changed. */
  cameraChanged({ id, kind, status }: Camera): void {
    if (this.#closing.signal.aborted || kind === 'rtsp') return;
    if (status.state !== 'failed') this.#lost.delete(id);
    else if (!this.#lost.has(id)) {
      this.#lost.add(id);
      this.#watch.hurry();
    }
    this.#lookSoon();
  }

  /** Devices that are no cameras of ours, and what to write into the config to make them. */
  get found(): FoundDevice[] {
    return this.#found;
  }

  get stats(): DiscoveryStats {
    return this.#watch.stats;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#looking);
    this.#locations.close();
    this.#save();
    await Promise.all([this.#watch.close(), this.#logins.close()]);
  }

  /** Host names may mean other addresses now. A name server that does not answer holds nothing up for long. */
  #locate(): void {
    if (this.#closing.signal.aborted) return;
    const refreshed = this.#locations.refresh(this.#options.cameras()).then(() => this.#lookSoon());
    void Promise.race([refreshed, delay(NAMES_MS, this.#closing.signal)]).then(() => {
      this.#isLocated = true;
      this.#lookSoon();
    });
  }

  #lookSoon(): void {
    if (this.#closing.signal.aborted || this.#looking !== undefined) return;
    this.#looking = setTimeout(
      () => {
        this.#looking = undefined;
        const startedAt = performance.now();
        this.#look();
        this.#tookMs = performance.now() - startedAt;
      },
      Math.max(GATHER_MS, this.#tookMs * REST),
    );
  }

  #look(): void {
    if (!this.#isLocated) return;
    const network = new NetworkView(this.#watch.devices);
    this.#following.look(this.#options.cameras(), network, this.#changed);
    this.#changed.clear();
    this.#save();
    this.#adopting.release(this.#options.cameras(), network, this.#configuredDevices(network));
    this.#found = describeFound(this.#adoptFrom(network), this.#ids());
  }

  /** Adopts what the config wants of the devices that are nobody's; returns the others. */
  #adoptFrom(network: NetworkView): PresentDevice[] {
    const ids = this.#ids();
    const cameras = this.#options.cameras();
    const claimed = this.#devicesOf(cameras, network);
    return network.devices.filter((device) => {
      if (claimed.has(device)) return false;
      if (!this.#adopting.wants(device)) return true;
      // It may be a camera that was lost.
      if (cameras.some((camera) => this.#following.isExpected(camera, device))) return false;
      return !this.#adopting.adopt(device, ids);
    });
  }

  /** The devices that have a camera's name, or are where one is. */
  #devicesOf(cameras: readonly Camera[], network: NetworkView): Set<PresentDevice> {
    const devices = cameras.flatMap((camera) => [
      network.find(camera.identity?.endpointReference) ?? [],
      network.at(this.#locations.of(camera)) ?? [],
    ]);
    return new Set(devices.flat());
  }

  /** The devices that are cameras of the config by their name, or since these are connected there. */
  #configuredDevices(network: NetworkView): Set<PresentDevice> {
    const configured = this.#options.cameras().filter((camera) => !this.#adopting.isAdopted(camera));
    const connected = configured.filter(({ status }) => status.state === 'online');
    const named = configured.flatMap(({ identity }) => network.find(identity?.endpointReference) ?? []);
    return new Set([...named, ...connected.flatMap((camera) => network.at(this.#locations.of(camera)) ?? [])]);
  }

  #ids(): Set<string> {
    return new Set(this.#options.cameras().map(({ id }) => id));
  }

  /** What was learned of the cameras of the config. */
  #save(): void {
    const { cameras, store } = this.#options;
    const learned = cameras().flatMap((camera): [string, DeviceIdentity][] => {
      const { id, identity } = camera;
      return identity === null || this.#adopting.isAdopted(camera) ? [] : [[id, identity]];
    });
    store.save(new Map(learned));
  }
}
