import { systemClock, type Clock } from '../../base/clock.ts';
import { delay } from '../../base/delay.ts';
import { describeReason, reasonOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { DiscoveredDevice } from './device-list.ts';
import { multicastEndpoints } from './interfaces.ts';
import { isUntyped } from './device-type.ts';
import { DiscoveryListener } from './listener.ts';
import { PresentDevices, type PresentDevice } from './present-devices.ts';
import { discover } from './ws-discovery.ts';

/** How long answers to one search are waited for; devices wait up to half a second before theirs (SOAP-over-UDP 1.0 appendix I). */
const SEARCH_MS = 3000;
/** From the beginning of one search to that of the next: as long as there is nothing to look for, and in a hurry. */
const CALM_INTERVAL_MS = 60_000;
const HURRIED_INTERVAL_MS = 4000;
/** So many searches at the start follow each other as in a hurry: devices and packets get lost. */
const FIRST_SEARCHES = 3;
/** And so many, one and a half minutes, once {@link DiscoveryWatch.hurry} was called: a camera that comes back from a power cut takes that long. */
const HURRIED_SEARCHES = 24;

const AGAIN = {
  announcements: 'Announcements of cameras are heard again.',
  search: 'Cameras are searched for again.',
} as const;

export interface DiscoveryWatchOptions {
  /** Names or local addresses of interfaces; absent: all. Those that are not there are searched once they come up. */
  interfaces?: readonly string[];
  /** UDP port of searches and announcements; default 3702. */
  port?: number;
  clock?: Clock;
  logger: Logger;
  /** A device has come, or is heard at an address where it was not known. */
  onChange: (endpointReference: string) => void;
  /** A search of all interfaces has ended. */
  onSearched: () => void;
}

/** What discovery has seen since its start. */
export interface DiscoveryStats {
  devices: number;
  searches: number;
  /** Datagrams that were neither answers to our probes nor announcements. */
  ignored: number;
  /** Signs of life of devices for which there was no room. */
  refused: number;
}

/** Knows which ONVIF devices are on the network, as long as it runs: it searches again and again, and hears who comes and goes. It answers nobody. */
export class DiscoveryWatch {
  readonly #options: DiscoveryWatchOptions;
  readonly #clock: Clock;
  readonly #devices = new PresentDevices();
  readonly #closing = new AbortController();
  #listener: DiscoveryListener | undefined;
  #wake = new AbortController();
  #hurried = FIRST_SEARCHES;
  #searches = 0;
  #ignored = 0;
  #ended: Promise<void> = Promise.resolve();
  /** What the log last said of failures, by what failed. */
  readonly #complaints = new Map<keyof typeof AGAIN, string>();

  constructor(options: DiscoveryWatchOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get devices(): PresentDevice[] {
    return this.#devices.all;
  }

  find(endpointReference: string): PresentDevice | undefined {
    return this.#devices.get(endpointReference);
  }

  get stats(): DiscoveryStats {
    return {
      devices: this.#devices.all.length,
      searches: this.#searches,
      ignored: this.#ignored + (this.#listener?.ignored ?? 0),
      refused: this.#devices.refused,
    };
  }

  /** Goes on until {@link close}, whatever fails. */
  start(): void {
    this.#ended = this.#run();
  }

  /** To be called when something happened that a search can explain: searches soon, and often for a while. */
  hurry(): void {
    this.#searchSoon(HURRIED_SEARCHES);
  }

  /** So many searches, at least, follow each other as in a hurry. */
  #searchSoon(searches: number): void {
    this.#hurried = Math.max(this.#hurried, searches);
    this.#wake.abort();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#ended;
    await this.#listener?.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const startedAt = performance.now();
      await this.#listen();
      await this.#search();
      if (this.#hurried > 0) this.#hurried -= 1;
      await this.#pause(startedAt);
    }
  }

  /** Until the next search is due, which may change in the meantime. */
  async #pause(startedAt: number): Promise<void> {
    const { signal } = this.#closing;
    for (;;) {
      this.#wake = new AbortController();
      const dueAt = startedAt + (this.#hurried > 0 ? HURRIED_INTERVAL_MS : CALM_INTERVAL_MS);
      const waitMs = dueAt - performance.now();
      if (waitMs <= 0 || signal.aborted) return;
      await delay(waitMs, AbortSignal.any([signal, this.#wake.signal]));
    }
  }

  /** Hears announcements from now on, unless it does already or another program keeps the port for itself. */
  async #listen(): Promise<void> {
    if (this.#listener !== undefined || this.#closing.signal.aborted) return;
    const { interfaces, port } = this.#options;
    const listener = new DiscoveryListener({
      ...(interfaces === undefined ? {} : { interfaces }),
      ...(port === undefined ? {} : { port }),
      onHello: (device) => this.#heard(device),
      onBye: (endpointReference) => {
        if (this.#devices.get(endpointReference) !== undefined) this.hurry();
      },
    });
    try {
      await listener.start();
      this.#listener = listener;
      this.#works('announcements');
    } catch (error) {
      this.#fails('announcements', error);
      await listener.close();
    }
  }

  async #search(): Promise<void> {
    const { port, onSearched } = this.#options;
    const { signal } = this.#closing;
    try {
      const { devices, ignored } = await discover({
        ...this.#present(),
        ...(port === undefined ? {} : { port }),
        timeoutMs: SEARCH_MS,
        signal,
        onFound: (device) => this.#note(device),
      });
      if (signal.aborted) return;
      this.#searches += 1;
      this.#ignored += ignored;
      for (const device of devices) this.#note(device);
      this.#works('search');
    } catch (error) {
      // Nobody could be asked, so nobody has missed it.
      if (!signal.aborted) this.#fails('search', error);
      return;
    }
    this.#devices.endSearch();
    onSearched();
  }

  /** Those of the wanted interfaces that are there now; all that are wanted where none is, for the error that names them. */
  #present(): { interfaces?: readonly string[] } {
    const { interfaces } = this.#options;
    if (interfaces === undefined) return {};
    const all = multicastEndpoints();
    const present = interfaces.filter((wanted) =>
      all.some(({ interfaceName, address }) => interfaceName === wanted || address === wanted),
    );
    return { interfaces: present.length === 0 ? interfaces : present };
  }

  /** There are devices that say Hello every minute: only what changes something is a reason to hurry. */
  #heard(device: DiscoveredDevice): void {
    const known = this.#devices.get(device.endpointReference);
    if (known === undefined && isUntyped(device)) {
      // Who it is shows in what it answers to a probe. A search that is under way may have asked before it listened.
      this.#searchSoon(2);
      return;
    }
    // One that was away may have neighbours that were, too.
    const isBack = known?.answering.length === 0;
    if (this.#note(device) || isBack) this.hurry();
  }

  /** Whether the device has come, or is heard at an address where it was not known. */
  #note(device: DiscoveredDevice): boolean {
    if (this.#closing.signal.aborted) return false;
    const change = this.#devices.note(device, this.#clock.now());
    const isChanged = change === 'new' || change === 'new address';
    if (isChanged) this.#options.onChange(device.endpointReference);
    return isChanged;
  }

  #fails(what: keyof typeof AGAIN, error: unknown): void {
    const text = describeReason(reasonOf(error));
    if (this.#complaints.get(what) === text) return;
    this.#complaints.set(what, text);
    this.#options.logger.warn({ code: reasonOf(error).code }, `${text} It is tried again.`);
  }

  #works(what: keyof typeof AGAIN): void {
    if (this.#complaints.delete(what)) this.#options.logger.info(AGAIN[what]);
  }
}
