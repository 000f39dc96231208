import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventService } from '../../../../src/simulator/onvif/event-service.ts';
import { isMotionAt } from '../../../../src/simulator/onvif/motion-alarm.ts';
import type { XmlElement } from '../../../../src/simulator/onvif/xml.ts';
import { CLIP_MS } from '../../../../src/simulator/profiles.ts';
import { Timeline } from '../../../../src/simulator/timeline.ts';
import { faultOf, invoke } from './invoke.ts';
import { find, findAll } from './soap-client.ts';

/** A moment at which the clip begins. */
const START = Math.ceil(Date.parse('2026-11-21T10:00:00Z') / CLIP_MS) * CLIP_MS;

let now: number;
let timeline: Timeline;
let events: EventService;

beforeEach(() => {
  now = START;
  timeline = new Timeline({ now: () => now });
  events = new EventService(timeline);
});

afterEach(() => events.close());

/** Creates a pull point; resolves to the query that selects it. */
async function subscribe(content = ''): Promise<string> {
  const answer = await invoke(events.service, 'tev:CreatePullPointSubscription', content);
  return new URL(find(answer, 'Address')?.text ?? '').search;
}

async function pull(query: string, timeout = 'PT10S'): Promise<XmlElement> {
  const content = `<tev:Timeout>${timeout}</tev:Timeout><tev:MessageLimit>10</tev:MessageLimit>`;
  return invoke(events.subscriptions, 'tev:PullMessages', content, { query });
}

/** Operation and state of each message. */
function states(answer: XmlElement): string[] {
  return findAll(answer, 'NotificationMessage').map((message) => {
    const state = findAll(message, 'SimpleItem').find(({ attributes }) => attributes.get('Name') === 'State');
    return `${findAll(message, 'Message').at(-1)?.attributes.get('PropertyOperation')} ${state?.attributes.get('Value')}`;
  });
}

/** A clip time with the wanted state of the motion detector. */
function momentWith(isMotion: boolean): number {
  for (let clipMs = 0; clipMs < CLIP_MS; clipMs += 100) if (isMotionAt(clipMs) === isMotion) return clipMs;
  throw new Error('There is no such moment');
}

describe('isMotionAt', () => {
  it('changes at least twice in a clip', () => {
    const seen = Array.from({ length: CLIP_MS / 100 }, (_, index) => isMotionAt(index * 100));
    expect(seen.filter((isMotion, index) => isMotion !== seen.at(index - 1)).length).toBeGreaterThanOrEqual(2);
  });
});

describe('EventService', () => {
  it('tells the state at the start, then each change, at once to who waits', async () => {
    now = START + momentWith(false);
    const query = await subscribe();
    expect(states(await pull(query))).toEqual(['Initialized false']);
    const waiting = pull(query);
    now = START + CLIP_MS + momentWith(true);
    expect(states(await waiting)).toEqual(['Changed true']);
  });

  it('says which video source, which topic and when by its own clock', async () => {
    timeline.clockOffsetMs = 3_600_000;
    const answer = await pull(await subscribe());
    expect(find(answer, 'Topic')?.text).toBe('tns1:VideoSource/MotionAlarm');
    expect(find(answer, 'SimpleItem')?.attributes.get('Value')).toBe('video-source');
    expect(findAll(answer, 'Message').at(-1)?.attributes.get('UtcTime')).toBe(new Date(START + 3_600_000).toISOString());
    expect(find(answer, 'CurrentTime')?.text).toBe(new Date(START + 3_600_000).toISOString());
  });

  it('answers empty after the timeout', async () => {
    const query = await subscribe();
    await pull(query);
    expect(states(await pull(query, 'PT0.01S'))).toEqual([]);
  });

  it('repeats the state at a synchronization point', async () => {
    const query = await subscribe();
    await pull(query);
    await invoke(events.subscriptions, 'tev:SetSynchronizationPoint', '', { query });
    expect(states(await pull(query))).toHaveLength(1);
  });

  it('ends subscriptions that are neither pulled nor renewed', async () => {
    const query = await subscribe('<tev:InitialTerminationTime>PT30S</tev:InitialTerminationTime>');
    now += 29_000;
    await invoke(events.subscriptions, 'wsnt:Renew', '<wsnt:TerminationTime>PT30S</wsnt:TerminationTime>', { query });
    now += 29_000;
    expect(states(await pull(query))).toHaveLength(1);
    now += 71_000;
    const end = { query };
    expect(await faultOf(events.subscriptions, 'wsnt:Unsubscribe', '', end)).toEqual(['InvalidArgVal', 'ResourceUnknownFault']);
  });

  it("takes an absolute termination time by the camera's clock", async () => {
    timeline.clockOffsetMs = 3_600_000;
    const at = new Date(START + 3_600_000 + 20_000).toISOString();
    const answer = await invoke(
      events.service,
      'tev:CreatePullPointSubscription',
      `<tev:InitialTerminationTime>${at}</tev:InitialTerminationTime>`,
    );
    expect(find(answer, 'TerminationTime')?.text).toBe(at);
    const past = `<tev:InitialTerminationTime>${new Date(START).toISOString()}</tev:InitialTerminationTime>`;
    expect(await faultOf(events.service, 'tev:CreatePullPointSubscription', past)).toContain('UnacceptableTerminationTimeFault');
  });

  it('ends a subscription at Unsubscribe, and who waits on it', async () => {
    const query = await subscribe();
    await pull(query);
    const waiting = pull(query, 'PT60S');
    await invoke(events.subscriptions, 'wsnt:Unsubscribe', '', { query });
    expect(states(await waiting)).toEqual([]);
    expect(await faultOf(events.subscriptions, 'wsnt:Unsubscribe', '', { query })).toContain('ResourceUnknownFault');
  });

  it('has ten pull points and gives a freed one to the next client', async () => {
    const queries: string[] = [];
    for (let index = 0; index < 10; index += 1) queries.push(await subscribe());
    expect(new Set(queries).size).toBe(10);
    expect(await faultOf(events.service, 'tev:CreatePullPointSubscription')).toEqual(['Action']);
    await invoke(events.subscriptions, 'wsnt:Unsubscribe', '', { query: queries[3] ?? '' });
    expect(queries).not.toContain(await subscribe());
  });

  it('refuses a filter for topics that it has not', async () => {
    const filter = (topic: string): string => `<tev:Filter><wsnt:TopicExpression>${topic}</wsnt:TopicExpression></tev:Filter>`;
    expect(await faultOf(events.service, 'tev:CreatePullPointSubscription', filter('tns1:Device//.'))).toContain(
      'InvalidFilterFault',
    );
    expect(states(await pull(await subscribe(filter('tns1:VideoSource//.'))))).toHaveLength(1);
  });

  it.each(['<tev:Timeout>soon</tev:Timeout><tev:MessageLimit>1</tev:MessageLimit>', '<tev:Timeout>PT1S</tev:Timeout>'])(
    'refuses to pull with %s',
    async (content) => {
      const query = await subscribe();
      expect(await faultOf(events.subscriptions, 'tev:PullMessages', content, { query })).toContain('InvalidPullMessages');
    },
  );
});
