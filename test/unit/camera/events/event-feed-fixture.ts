import { onTestFinished, vi } from 'vitest';
import { GatewayError } from '../../../../src/base/errors.ts';
import { createLogger } from '../../../../src/base/log.ts';
import { EventFeed } from '../../../../src/camera/events/event-feed.ts';
import type { OnvifEvent, OnvifEvents, Pulled, PullPoint } from '../../../../src/camera/onvif/events.ts';
import { OnvifFault } from '../../../../src/camera/onvif/failure.ts';
import { recordingLogger } from '../../../support/site.ts';

export function event(value: string, change: Partial<OnvifEvent> = {}): OnvifEvent {
  const { operation = 'Changed' } = change;
  const notification = `<n><tt:Message PropertyOperation="${operation}"/><v>${value}</v></n>`;
  return { topic: 'Motion', time: 0, operation, source: {}, key: {}, data: {}, notification, ...change };
}

export const fault = (): OnvifFault =>
  new OnvifFault('cam:80', 'Renew', { codes: ['Receiver', 'ActionNotSupported'], text: 'no' });
export const gone = (): GatewayError =>
  new GatewayError('camera.unreachable', 'No connection to the camera at cam:80.', { advice: 'Check.' });

/** A camera's side of one subscription, which a test plays. */
export class FakePullPoint {
  /** What happened and was not pulled yet; an error ends the subscription. */
  readonly #waiting: (OnvifEvent[] | Error)[] = [];
  #wake: (() => void) | undefined;
  #expiresAt: number;
  renewal: Error | undefined;
  /** Of each answer: more than were asked for, and how long it took to read, milliseconds. */
  unread = 0;
  readingMs = 0;
  readonly calls: string[] = [];

  constructor(lifetimeMs: number) {
    this.#expiresAt = performance.now() + lifetimeMs;
  }

  get expiresInMs(): number {
    return this.#expiresAt - performance.now();
  }

  say(...events: OnvifEvent[]): void {
    this.#waiting.push(events);
    this.#wake?.();
  }

  fail(error: Error): void {
    this.#waiting.push(error);
    this.#wake?.();
  }

  async pull(timeoutMs: number, _limit: number, signal: AbortSignal): Promise<Pulled> {
    this.calls.push('pull');
    if (this.#waiting.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      setTimeout(resolve, timeoutMs);
      signal.addEventListener('abort', () => resolve());
      await promise;
    }
    signal.throwIfAborted();
    const next = this.#waiting.shift() ?? [];
    if (next instanceof Error) throw next;
    const receivedAt = performance.now() - this.readingMs;
    return { events: next, unread: this.unread, receivedAt };
  }

  renew(): Promise<void> {
    this.calls.push('renew');
    if (this.renewal !== undefined) return Promise.reject(this.renewal);
    this.#expiresAt = performance.now() + 60_000;
    return Promise.resolve();
  }

  setSynchronizationPoint(): Promise<void> {
    this.calls.push('synchronize');
    return Promise.resolve();
  }

  unsubscribe(): Promise<void> {
    this.calls.push('unsubscribe');
    return Promise.resolve();
  }
}

export function setUp(options: { lifetimeMs?: number; create?: () => void; service?: null | undefined } = {}) {
  const points: FakePullPoint[] = [];
  const createPullPoint = vi.fn(() => {
    options.create?.();
    const point = new FakePullPoint(options.lifetimeMs ?? 60_000);
    points.push(point);
    return Promise.resolve(point as unknown as PullPoint);
  });
  const documents: { document: string; listener: string | undefined }[] = [];
  const { logger, lines } = recordingLogger((destination) => createLogger({ destination }));
  const service: Pick<OnvifEvents, 'createPullPoint'> = { createPullPoint };
  const feed = new EventFeed({
    cameraId: 'yard',
    service: () => ('service' in options ? options.service : service),
    onDocument: (document, listener) => documents.push({ document, listener }),
    logger,
  });
  onTestFinished(() => feed.close());
  const point = (index: number): FakePullPoint => {
    const found = points[index];
    if (found === undefined) throw new Error(`there is no subscription ${index}`);
    return found;
  };
  /** Values of the documents for all, and for a listener, in their order: `all 1,2`. */
  const heard = (): string[] =>
    documents.map(
      ({ document, listener = 'all' }) => `${listener} ${[...document.matchAll(/<v>(\w+)<\/v>/g)].map(([, v]) => v).join()}`,
    );
  return { feed, createPullPoint, points, point, documents, heard, messages: () => lines.map(({ msg }) => String(msg)) };
}

export const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
