import { GatewayError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import { copyXml, findElement, findElements, quoteXml, textAt, type XmlElement } from '../xml.ts';
import { ADDRESSING_NAMESPACE, buildRequest, EVENTS_NAMESPACE, textElement, type SoapRequest } from './envelope.ts';
import { DOCUMENT_NAMESPACES } from './event-document.ts';
import { OnvifFault } from './failure.ts';
import type { ServiceLocation } from './service-location.ts';
import type { CallOptions, SoapClient } from './soap-client.ts';

/** One event of a camera: a change of one of its properties, or something that happened. */
export interface OnvifEvent {
  /** Without prefixes: `VideoSource/MotionAlarm`. */
  topic: string;
  /** By the camera's clock, milliseconds since 1970; null where it tells none. */
  time: number | null;
  /** `Initialized` tells a state that was there before; null for what is no property. */
  operation: 'Initialized' | 'Changed' | 'Deleted' | null;
  /** Where, and what, by the names of the topic: `{ Source: 'video-source' }`, `{ State: 'true' }`. */
  source: Record<string, string>;
  /** Which of several objects of one source, where the topic tells them apart. */
  key: Record<string, string>;
  data: Record<string, string>;
  /**
   * The wsnt:NotificationMessage as the camera wrote it, to stand in a document of {@link eventDocuments}; without the reference to the
   * subscription, which is ours to end. Null where no well-formed XML can be made of it.
   */
  notification: string | null;
}

/** What a pull has brought. */
export interface Pulled {
  events: OnvifEvent[];
  /** More than were asked for, which were not read. */
  unread: number;
  /** When the answer was there, and reading it began; by `performance.now()`. */
  receivedAt: number;
}

/** Tells whoever has it how to end the subscription. */
const OURS: ReadonlySet<string> = new Set(['SubscriptionReference']);

const WSN_NAMESPACE = 'http://docs.oasis-open.org/wsn/b-2';
const PULL_POINT_ACTION = `${EVENTS_NAMESPACE}/PullPointSubscription`;
const MANAGER_ACTION = 'http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager';

const DEFAULT_LIFETIME_MS = 60_000;
/** What a pull may take beyond the time for which the camera holds it, milliseconds. */
const PULL_GRACE_MS = 5000;
/** Largest answer to a pull that is read, bytes: a hundred events take about 100 kB. */
const MAX_PULL_BYTES = 512 * 1024;
const MAX_ITEMS = 64;

/** The event service of a device, by pull points (ONVIF Core, section 9.2). Errors are those of {@link SoapClient}. */
export class OnvifEvents {
  readonly #soap: SoapClient;
  readonly #service: ServiceLocation;
  /** The service's address in the camera's own words. */
  readonly #xaddr: string;

  constructor(soap: SoapClient, service: ServiceLocation, xaddr: string) {
    this.#soap = soap;
    this.#service = service;
    this.#xaddr = xaddr;
  }

  /**
   * Subscribes to all events. The camera ends the subscription after its lifetime unless it is renewed in time; what happened
   * between two pulls waits in the camera.
   */
  async createPullPoint(lifetimeMs = DEFAULT_LIFETIME_MS): Promise<PullPoint> {
    const action = `${EVENTS_NAMESPACE}/EventPortType/CreatePullPointSubscriptionRequest`;
    const answer = await withTermination(this.#soap, lifetimeMs, (time) =>
      this.#soap.call(
        this.#service,
        buildRequest(EVENTS_NAMESPACE, 'CreatePullPointSubscription', textElement('InitialTerminationTime', time)),
        { addressing: { to: this.#xaddr, action, parameters: '' } },
      ),
    );
    const reference = findElement(answer, 'SubscriptionReference');
    const address = textAt(reference, 'Address') ?? '';
    const location = this.#soap.locate(address);
    if (location === null) {
      throw new GatewayError('camera.fault', `The camera at ${this.#soap.place} gave no address for its events.`, {
        advice: 'If this stays, restart the camera and look for a newer firmware.',
      });
    }
    // Axis tells its subscriptions apart by these and not by the address (WS-Addressing 1.0 SOAP Binding, section 2.2).
    const mark = `$& xmlns:ref="${ADDRESSING_NAMESPACE}" ref:IsReferenceParameter="true"`;
    const parameters = (findElement(reference, 'ReferenceParameters')?.children ?? [])
      .map((parameter) => copyXml(parameter).replace(/^<[^\s/>]+/, mark))
      .join('');
    return new PullPoint(this.#soap, { location, address, parameters }, lifetimeOf(answer) ?? lifetimeMs);
  }
}

interface SubscriptionReference {
  location: ServiceLocation;
  address: string;
  /** Header blocks that each message to it must carry, XML. */
  parameters: string;
}

/** One subscription. Whoever made it ends it by {@link unsubscribe}: cameras have few. */
export class PullPoint {
  readonly #soap: SoapClient;
  readonly #reference: SubscriptionReference;
  #expiresAt: number;

  constructor(soap: SoapClient, reference: SubscriptionReference, lifetimeMs: number) {
    this.#soap = soap;
    this.#reference = reference;
    this.#expiresAt = performance.now() + lifetimeMs;
  }

  /** Until the camera ends the subscription, milliseconds; pulling makes it longer on some cameras, which say so. */
  get expiresInMs(): number {
    return this.#expiresAt - performance.now();
  }

  /** Waits for events, in the camera: it answers as soon as it has one, or with none after `timeoutMs`. Throws the reason of `signal`, too. */
  async pull(timeoutMs: number, limit = 32, signal?: AbortSignal): Promise<Pulled> {
    const content = textElement('Timeout', `PT${timeoutMs / 1000}S`) + textElement('MessageLimit', String(limit));
    const request = buildRequest(EVENTS_NAMESPACE, 'PullMessages', content);
    let receivedAt = 0;
    const answer = await this.#call(request, `${PULL_POINT_ACTION}/PullMessagesRequest`, {
      timeoutMs: timeoutMs + PULL_GRACE_MS,
      maxBytes: MAX_PULL_BYTES,
      onReceived: () => (receivedAt = performance.now()),
      ...(signal === undefined ? {} : { signal }),
    });
    const lifetime = lifetimeOf(answer);
    if (lifetime !== undefined) this.#expiresAt = performance.now() + lifetime;
    return { ...parseEvents(answer, limit), receivedAt };
  }

  /** Has the camera tell the state of all its properties again, by the next pull. */
  async setSynchronizationPoint(): Promise<void> {
    const request = buildRequest(EVENTS_NAMESPACE, 'SetSynchronizationPoint');
    await this.#call(request, `${PULL_POINT_ACTION}/SetSynchronizationPointRequest`);
  }

  async renew(lifetimeMs = DEFAULT_LIFETIME_MS): Promise<void> {
    const answer = await withTermination(this.#soap, lifetimeMs, (time) =>
      this.#call(buildRequest(WSN_NAMESPACE, 'Renew', textElement('TerminationTime', time)), `${MANAGER_ACTION}/RenewRequest`),
    );
    this.#expiresAt = performance.now() + (lifetimeOf(answer) ?? lifetimeMs);
  }

  async unsubscribe(): Promise<void> {
    await this.#call(buildRequest(WSN_NAMESPACE, 'Unsubscribe'), `${MANAGER_ACTION}/UnsubscribeRequest`);
  }

  #call(request: SoapRequest, action: string, options: Omit<CallOptions, 'addressing'> = {}): Promise<XmlElement> {
    const { location, address, parameters } = this.#reference;
    return this.#soap.call(location, request, { ...options, addressing: { to: address, action, parameters } });
  }
}

/** A lifetime as a duration, or, for cameras that refuse that, as the moment by their clock at which it ends. */
async function withTermination<Answer>(
  soap: SoapClient,
  lifetimeMs: number,
  send: (time: string) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await send(`PT${Math.ceil(lifetimeMs / 1000)}S`);
  } catch (error) {
    if (!(error instanceof OnvifFault)) throw error;
    const endsAt = new Date(Date.now() + (soap.clockOffsetMs ?? 0) + lifetimeMs).toISOString();
    return send(endsAt.replace(/\.\d+Z$/, 'Z'));
  }
}

/**
 * By the camera's own two times, so that its clock does not matter; undefined where they say nothing (Vista writes the same
 * time twice).
 */
function lifetimeOf(answer: XmlElement): number | undefined {
  const lifetime = Date.parse(textAt(answer, 'TerminationTime') ?? '') - Date.parse(textAt(answer, 'CurrentTime') ?? '');
  return lifetime > 0 ? lifetime : undefined;
}

/** PullMessages; not more than so many events. */
export function parseEvents(answer: XmlElement, limit: number): Pick<Pulled, 'events' | 'unread'> {
  const messages = findElements(answer, 'NotificationMessage');
  const events = messages.slice(0, limit).map(parseEvent);
  return { events, unread: messages.length - events.length };
}

function parseEvent(notification: XmlElement): OnvifEvent {
  const message = findElement(notification, 'Message', 'Message');
  const time = Date.parse(message?.attributes.get('UtcTime') ?? '');
  const operation = message?.attributes.get('PropertyOperation');
  return {
    topic: printable(textAt(notification, 'Topic') ?? '').replaceAll(/(^|\/)[^/:]*:/g, '$1'),
    time: Number.isNaN(time) ? null : time,
    operation: operation === 'Initialized' || operation === 'Changed' || operation === 'Deleted' ? operation : null,
    source: itemsOf(findElement(message, 'Source')),
    key: itemsOf(findElement(message, 'Key')),
    data: itemsOf(findElement(message, 'Data')),
    notification: quoteXml(notification, DOCUMENT_NAMESPACES, OURS) ?? null,
  };
}

function itemsOf(element: XmlElement | undefined): Record<string, string> {
  const items = findElements(element, 'SimpleItem').slice(0, MAX_ITEMS);
  return Object.fromEntries(items.map(({ attributes }) => [attributes.get('Name') ?? '', attributes.get('Value') ?? '']));
}
