import type { Timeline } from '../timeline.ts';
import { parseDuration } from './duration.ts';
import { TOKENS } from './media-configurations.ts';
import { isMotionAt } from './motion-alarm.ts';
import { PullPoint, type PropertyEvent } from './pull-point.ts';
import { defineService, type Call, type Endpoint, type Service } from './service.ts';
import { invalidArgument, SoapFault } from './soap.ts';
import { parseTopicFilter, TOPIC_DIALECTS, topicFilterFault } from './topic-filter.ts';
import { child, childText, xml, type Markup } from './xml.ts';

const MAX_PULL_POINTS = 10;
const MAX_PULL_TIMEOUT_MS = 60_000;
const MAX_MESSAGES = 32;
const DEFAULT_LIFETIME_MS = 60_000;
const MAX_LIFETIME_MS = 3_600_000;

/** How often the motion detector looks, milliseconds. */
const LOOK_INTERVAL_MS = 100;

const SUBSCRIPTION_PATH = '/onvif/subscription';
const MOTION_TOPIC = 'VideoSource/MotionAlarm';

const CAPABILITIES = xml`<tev:Capabilities WSSubscriptionPolicySupport="false" WSPausableSubscriptionManagerInterfaceSupport="false" MaxNotificationProducers="${MAX_PULL_POINTS}" MaxPullPoints="${MAX_PULL_POINTS}" PersistentNotificationStorage="false"/>`;

const EVENT_PROPERTIES = xml`<tev:GetEventPropertiesResponse>
  <tev:TopicNamespaceLocation>http://www.onvif.org/onvif/ver10/topics/topicns.xml</tev:TopicNamespaceLocation>
  <wsnt:FixedTopicSet>true</wsnt:FixedTopicSet>
  <wstop:TopicSet><tns1:VideoSource><MotionAlarm wstop:topic="true">
    <tt:MessageDescription IsProperty="true">
      <tt:Source><tt:SimpleItemDescription Name="Source" Type="tt:ReferenceToken"/></tt:Source>
      <tt:Data><tt:SimpleItemDescription Name="State" Type="xsd:boolean"/></tt:Data>
    </tt:MessageDescription>
  </MotionAlarm></tns1:VideoSource></wstop:TopicSet>
  ${TOPIC_DIALECTS.map((dialect) => xml`<wsnt:TopicExpressionDialect>${dialect}</wsnt:TopicExpressionDialect>`)}
  <tev:MessageContentFilterDialect>http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter</tev:MessageContentFilterDialect>
  <tev:MessageContentSchemaLocation>http://www.onvif.org/onvif/ver10/schema/onvif.xsd</tev:MessageContentSchemaLocation>
</tev:GetEventPropertiesResponse>`;

/** Events (ONVIF Core Specification section 9) with real-time pull points; the one topic is the motion alarm. */
export class EventService {
  readonly service: Service;
  /** Where the pull points are reached, told apart by the query's `Idx`. */
  readonly subscriptions: Endpoint;
  readonly #timeline: Timeline;
  readonly #pullPoints = new Map<number, PullPoint>();
  #created = 0;
  #isMotion = false;
  /** Runs while there are pull points. */
  #looking: NodeJS.Timeout | undefined;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
    this.service = defineService({
      prefix: 'tev',
      path: '/onvif/event_service',
      version: { major: 2, minor: 60 },
      capabilities: CAPABILITIES,
      operations: {
        'tev:GetEventProperties': () => EVENT_PROPERTIES,
        'tev:CreatePullPointSubscription': (call) => this.#create(call),
      },
    });
    this.subscriptions = {
      path: SUBSCRIPTION_PATH,
      operations: {
        'tev:PullMessages': (call) => this.#pull(call),
        'tev:SetSynchronizationPoint': (call) => {
          this.#find(call).pullPoint.push(this.#motionEvent('Initialized'));
          return xml`<tev:SetSynchronizationPointResponse/>`;
        },
        'wsnt:Renew': (call) => this.#renew(call),
        'wsnt:Unsubscribe': (call) => {
          this.#remove(this.#find(call).index);
          return xml`<wsnt:UnsubscribeResponse/>`;
        },
      },
    };
  }

  /** Ends all subscriptions. */
  close(): void {
    for (const index of [...this.#pullPoints.keys()]) this.#remove(index);
  }

  #create(call: Call): Markup {
    const isWanted = parseTopicFilter(child(call.operation, 'Filter'));
    if (!isWanted(MOTION_TOPIC)) throw topicFilterFault('The camera has no such topic');
    this.#removeExpired();
    if (this.#pullPoints.size >= MAX_PULL_POINTS) throw new SoapFault('Receiver', ['Action'], 'There are no more pull points');

    const pullPoint = new PullPoint(this.#expiryOf(childText(call.operation, 'InitialTerminationTime')), isWanted);
    const index = this.#created;
    this.#created += 1;
    this.#pullPoints.set(index, pullPoint);
    if (this.#looking === undefined) {
      this.#isMotion = this.#detect();
      this.#looking = setInterval(() => this.#look(), LOOK_INTERVAL_MS);
    }
    pullPoint.push(this.#motionEvent('Initialized'));
    return xml`<tev:CreatePullPointSubscriptionResponse>
      <tev:SubscriptionReference><wsa:Address>${call.origin}${SUBSCRIPTION_PATH}?Idx=${index}</wsa:Address></tev:SubscriptionReference>
      <wsnt:CurrentTime>${this.#stamp(this.#timeline.now())}</wsnt:CurrentTime>
      <wsnt:TerminationTime>${this.#stamp(pullPoint.expiresAt)}</wsnt:TerminationTime>
    </tev:CreatePullPointSubscriptionResponse>`;
  }

  async #pull(call: Call): Promise<Markup> {
    const { pullPoint } = this.#find(call);
    const timeout = parseDuration(childText(call.operation, 'Timeout') ?? '');
    const limit = Number(childText(call.operation, 'MessageLimit'));
    if (timeout === undefined || timeout < 0 || !Number.isInteger(limit) || limit < 1) {
      throw invalidArgument('InvalidPullMessages', 'Timeout or MessageLimit is out of range');
    }
    const waitMs = Math.min(timeout, MAX_PULL_TIMEOUT_MS);
    // Pulling keeps the subscription alive, at least until the client has had time to pull again.
    pullPoint.expiresAt = Math.max(pullPoint.expiresAt, this.#timeline.now() + waitMs + DEFAULT_LIFETIME_MS);
    const events = await pullPoint.pull(Math.min(limit, MAX_MESSAGES), waitMs, call.signal);
    return xml`<tev:PullMessagesResponse>
      <tev:CurrentTime>${this.#stamp(this.#timeline.now())}</tev:CurrentTime>
      <tev:TerminationTime>${this.#stamp(pullPoint.expiresAt)}</tev:TerminationTime>
      ${events.map(notification)}
    </tev:PullMessagesResponse>`;
  }

  #renew(call: Call): Markup {
    const { pullPoint } = this.#find(call);
    pullPoint.expiresAt = this.#expiryOf(childText(call.operation, 'TerminationTime'));
    return xml`<wsnt:RenewResponse>
      <wsnt:TerminationTime>${this.#stamp(pullPoint.expiresAt)}</wsnt:TerminationTime>
      <wsnt:CurrentTime>${this.#stamp(this.#timeline.now())}</wsnt:CurrentTime>
    </wsnt:RenewResponse>`;
  }

  #find(call: Call): { index: number; pullPoint: PullPoint } {
    this.#removeExpired();
    const index = Number(call.query.get('Idx') ?? Number.NaN);
    const pullPoint = this.#pullPoints.get(index);
    if (pullPoint === undefined) throw invalidArgument('ResourceUnknownFault', 'The subscription does not exist or has ended');
    return { index, pullPoint };
  }

  #remove(index: number): void {
    this.#pullPoints.get(index)?.close();
    this.#pullPoints.delete(index);
    if (this.#pullPoints.size > 0) return;
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  #removeExpired(): void {
    const now = this.#timeline.now();
    for (const [index, pullPoint] of this.#pullPoints) if (pullPoint.expiresAt <= now) this.#remove(index);
  }

  /** When a subscription ends that asks for this wsnt:AbsoluteOrRelativeTimeType; bounded. */
  #expiryOf(termination: string | undefined): number {
    const now = this.#timeline.now();
    if (termination === undefined || termination === '') return now + DEFAULT_LIFETIME_MS;
    const lifetime = parseDuration(termination) ?? Date.parse(termination) - this.#timeline.cameraTimeAt(now);
    if (!(lifetime > 0)) throw invalidArgument('UnacceptableTerminationTimeFault', 'The termination time is not in the future');
    return now + Math.min(lifetime, MAX_LIFETIME_MS);
  }

  /** A moment of the host's clock as the camera writes it. */
  #stamp(hostMs: number): string {
    return new Date(this.#timeline.cameraTimeAt(hostMs)).toISOString();
  }

  #detect(): boolean {
    return isMotionAt(this.#timeline.clipTimeAt(this.#timeline.now()));
  }

  #look(): void {
    this.#removeExpired();
    const isMotion = this.#detect();
    if (isMotion === this.#isMotion) return;
    this.#isMotion = isMotion;
    const event = this.#motionEvent('Changed');
    for (const pullPoint of this.#pullPoints.values()) pullPoint.push(event);
  }

  #motionEvent(operation: PropertyEvent['operation']): PropertyEvent {
    return {
      topic: MOTION_TOPIC,
      operation,
      time: this.#timeline.cameraTimeAt(this.#timeline.now()),
      source: { name: 'Source', value: TOKENS.videoSource },
      data: { name: 'State', value: String(this.#isMotion) },
    };
  }
}

/** wsnt:NotificationMessage */
function notification(event: PropertyEvent): Markup {
  return xml`<wsnt:NotificationMessage>
    <wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">tns1:${event.topic}</wsnt:Topic>
    <wsnt:Message><tt:Message UtcTime="${new Date(event.time).toISOString()}" PropertyOperation="${event.operation}">
      <tt:Source><tt:SimpleItem Name="${event.source.name}" Value="${event.source.value}"/></tt:Source>
      <tt:Data><tt:SimpleItem Name="${event.data.name}" Value="${event.data.value}"/></tt:Data>
    </tt:Message></wsnt:Message>
  </wsnt:NotificationMessage>`;
}
