import type { EventsInfo } from '../../base/api.ts';
import { Backoff } from '../../base/backoff.ts';
import { delay } from '../../base/delay.ts';
import { describeReason, GatewayError, reasonOf, type Reason } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { SaidLately } from '../../base/said-lately.ts';
import { eventDocuments, MAX_NOTIFICATION } from '../onvif/event-document.ts';
import type { OnvifEvent, OnvifEvents, PullPoint } from '../onvif/events.ts';
import { isBroken } from '../onvif/failure.ts';
import { isUnauthorized } from '../onvif/soap-client.ts';
import { PropertyStates } from './property-states.ts';

export interface EventFeedOptions {
  cameraId: string;
  /** Of the device that is connected now; `null` where it has no such service, undefined while none is connected. */
  service: () => Pick<OnvifEvents, 'createPullPoint'> | null | undefined;
  /** Takes a document of the metadata stream: for all who listen, or for the one who has just begun to. */
  onDocument: (document: string, listener?: string) => void;
  logger: Logger;
}

type EventCounters = Omit<EventsInfo, 'state' | 'reason'>;

/** How long the camera holds a pull, milliseconds: some hang up on longer ones. */
const PULL_MS = 10_000;
/** The subscription is renewed when it ends sooner than this, milliseconds: the longest pull, twice. */
const RENEW_MS = 30_000;
/** From the beginning of a pull to that of the next, milliseconds: what happens meanwhile makes one document. */
const PULL_INTERVAL_MS = 100;
/** The same where the camera answers at once that there is nothing, instead of waiting as it was asked to. */
const EMPTY_INTERVAL_MS = 1000;
/** Who comes back soon, after a reload of the page, finds the subscription as it was; milliseconds. */
const LINGER_MS = 10_000;
const RETRY_FIRST_MS = 1000;
const RETRY_MAX_MS = 30_000;
/** After a refused log-in: cameras lock an account after some of them. */
const REFUSED_MS = 5 * 60_000;
/** What a camera may take to be told that it is over, milliseconds. */
const UNSUBSCRIBE_MS = 1000;
/** What is under way with a camera is waited for so long, milliseconds: it may be its answer to a subscription, which is to be ended. */
const CLOSE_MS = 1000;
/** So many times as long as it took to read what the camera said nothing is asked of it: the others need the thread, too. */
const REST_FACTOR = 4;

/**
 * A camera's events as documents of the metadata stream, for cameras that have no such stream: one subscription while somebody listens, renewed in
 * time, made anew where it was lost. Who begins to listen is told the states of all properties first.
 */
export class EventFeed {
  readonly #options: EventFeedOptions;
  readonly #listeners = new Set<string>();
  readonly #states = new PropertyStates();
  readonly #said = new SaidLately();
  readonly #backoff = new Backoff({ firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS });
  readonly #counters: EventCounters = { notifications: 0, dropped: 0, documents: 0, subscriptions: 0 };
  #running: { stop: AbortController; ended: Promise<void> } | undefined;
  #lingerTimer: NodeJS.Timeout | undefined;
  #reason: Reason | null = null;
  #isSubscribed = false;
  #closed = false;

  constructor(options: EventFeedOptions) {
    this.#options = options;
  }

  get counters(): Readonly<EventCounters> {
    return this.#counters;
  }

  /** `idle` while nobody listens; `failed` says why in {@link reason}, and is tried again. */
  get state(): EventsInfo['state'] {
    if (this.#running === undefined) return 'idle';
    if (this.#isSubscribed) return 'subscribed';
    return this.#reason === null ? 'connecting' : 'failed';
  }

  get reason(): Reason | null {
    return this.state === 'failed' ? this.#reason : null;
  }

  /** @param listener who listens from now on, by a name of its own */
  listen(listener: string): void {
    if (this.#closed) return;
    this.#listeners.add(listener);
    clearTimeout(this.#lingerTimer);
    for (const document of eventDocuments(this.#states.notifications)) this.#handOn(document, listener);
    this.#running ??= this.#start();
  }

  leave(listener: string): void {
    if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return;
    this.#lingerTimer = setTimeout(() => void this.#stop(), LINGER_MS);
  }

  /** Ends the subscription; takes a second at most. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#listeners.clear();
    clearTimeout(this.#lingerTimer);
    await this.#stop();
  }

  #start(): { stop: AbortController; ended: Promise<void> } {
    const stop = new AbortController();
    return { stop, ended: this.#run(stop.signal) };
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    this.#states.clear();
    this.#reason = null;
    this.#backoff.reset();
    running?.stop.abort();
    await Promise.race([running?.ended, delay(CLOSE_MS)]);
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
        await delay(RETRY_FIRST_MS, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#reason = isDisconnect(error) ? null : reasonOf(error);
        const waitMs = isUnauthorized(error) ? REFUSED_MS : this.#backoff.next();
        if (this.#reason !== null) this.#sayFailure(this.#reason, waitMs);
        await delay(waitMs, signal);
      }
    }
  }

  /** From subscribing until the subscription is over, or fails. */
  async #follow(signal: AbortSignal): Promise<void> {
    const service = this.#options.service();
    if (service === undefined) throw new GatewayError('events.no_camera', 'The camera is not there.');
    if (service === null) throw NO_SERVICE;
    const pullPoint = await service.createPullPoint();
    this.#counters.subscriptions += 1;
    try {
      signal.throwIfAborted();
      await this.#pull(pullPoint, signal);
    } finally {
      this.#isSubscribed = false;
      await Promise.race([pullPoint.unsubscribe().catch(() => undefined), delay(UNSUBSCRIBE_MS)]);
    }
  }

  async #pull(pullPoint: PullPoint, signal: AbortSignal): Promise<void> {
    // The camera begins with all states.
    this.#states.clear();
    let isRenewable = true;
    for (let pulls = 0; !signal.aborted; pulls += 1) {
      if (pullPoint.expiresInMs < RENEW_MS && isRenewable) isRenewable = await isRenewed(pullPoint);
      // One that cannot be renewed is replaced.
      if (pullPoint.expiresInMs < 0) return;
      const begunAt = performance.now();
      const { events, unread, receivedAt } = await pullPoint.pull(PULL_MS, MAX_BATCH, signal);
      this.#subscribed();
      this.#take(events, unread);
      const restMs = REST_FACTOR * (performance.now() - receivedAt);
      if (pulls === 0 && !events.some(({ operation }) => operation === 'Initialized')) await askForStates(pullPoint);
      const intervalMs = events.length === 0 ? EMPTY_INTERVAL_MS : PULL_INTERVAL_MS;
      await delay(Math.max(restMs, intervalMs - (performance.now() - begunAt)), signal);
    }
  }

  #subscribed(): void {
    this.#isSubscribed = true;
    this.#reason = null;
    this.#backoff.reset();
    if (!this.#said.hasSpoken) return;
    this.#said.forget();
    const { cameraId, logger } = this.#options;
    logger.info({ camera: cameraId }, `camera ${cameraId}: its events come again`);
  }

  /** One document of what one pull brought. */
  #take(events: readonly OnvifEvent[], unread: number): void {
    const usable = events.filter(({ notification }) => notification !== null && notification.length <= MAX_NOTIFICATION);
    for (const event of usable) this.#states.note(event);
    this.#counters.notifications += events.length + unread;
    this.#counters.dropped += events.length - usable.length + unread;
    if (this.#listeners.size === 0) return;
    for (const document of eventDocuments(usable.flatMap(({ notification }) => notification ?? []))) this.#handOn(document);
  }

  #handOn(document: string, listener?: string): void {
    this.#counters.documents += 1;
    this.#options.onDocument(document, listener);
  }

  #sayFailure(reason: Reason, waitMs: number): void {
    const { cameraId, logger } = this.#options;
    if (this.#said.due(reason.message) === undefined) return;
    const again = `Trying again in ${Math.max(1, Math.round(waitMs / 1000))} s.`;
    logger.warn({ camera: cameraId, reason }, `camera ${cameraId}: no events: ${describeReason(reason)} ${again}`);
  }
}

/** Messages that the camera is to give at once. */
const MAX_BATCH = 100;

const NO_SERVICE = new GatewayError('events.no_service', 'The camera has no event service.', {
  advice: 'Switch it on in the camera, or take events: true out of the config.',
});

/** The camera is being connected to anew, or at another address. */
function isDisconnect(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** False where the camera does not renew: Hikvision and others end a subscription that is not pulled, and no other. */
async function isRenewed(pullPoint: PullPoint): Promise<boolean> {
  try {
    await pullPoint.renew();
    return true;
  } catch (error) {
    if (isBroken(error)) return false;
    throw error;
  }
}

/** Cameras are to begin with the states; those that do not give them on request, where they know that. */
async function askForStates(pullPoint: PullPoint): Promise<void> {
  try {
    await pullPoint.setSynchronizationPoint();
  } catch (error) {
    if (!isBroken(error)) throw error;
  }
}
