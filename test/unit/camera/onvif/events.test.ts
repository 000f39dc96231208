import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { PullPoint } from '../../../../src/camera/onvif/events.ts';
import { findElement, textAt } from '../../../../src/camera/xml.ts';
import { connectTo, errorOf, fault, refuse, soap, type Answer, type Request } from './scripted-camera.ts';

const TIMES = '<CurrentTime>2020-01-01T00:00:00Z</CurrentTime><TerminationTime>2020-01-01T00:02:00Z</TerminationTime>';

const created = (reference: string, times = TIMES): string =>
  `<r xmlns:wsa="http://www.w3.org/2005/08/addressing"><SubscriptionReference>${reference}</SubscriptionReference>${times}</r>`;

/** A subscription whose address is as cameras behind NAT write it. */
const ADDRESS = '<wsa:Address>http://192.168.1.64/onvif/Subscription?Idx=7&amp;x=1</wsa:Address>';

async function subscribe(answers: Record<string, Answer>): Promise<{ pullPoint: PullPoint; requests: Request[] }> {
  const { device, requests } = await connectTo({ CreatePullPointSubscription: created(ADDRESS), ...answers }, 'ver10/events');
  if (device.events === null) throw new Error('the event service was not found');
  return { pullPoint: await device.events.createPullPoint(), requests };
}

const header = (request: Request | undefined, name: string): string | undefined => textAt(request?.envelope, 'Header', name);

describe('a pull point', () => {
  it('is reached at the host that we know, by its path and query, and addressed by the camera’s own words', async () => {
    const { pullPoint, requests } = await subscribe({
      PullMessages: '<r/>',
      Renew: '<r/>',
      Unsubscribe: '<r/>',
      SetSynchronizationPoint: '<r/>',
    });
    expect(header(requests.at(-1), 'To')).toBe('http://192.168.1.64/ver10/events');
    await pullPoint.pull(1000);
    await pullPoint.setSynchronizationPoint();
    await pullPoint.renew();
    await pullPoint.unsubscribe();
    const calls = requests.slice(-4);
    expect(new Set(calls.map(({ path }) => path))).toEqual(new Set(['/onvif/Subscription?Idx=7&x=1']));
    expect(new Set(calls.map((call) => header(call, 'To')))).toEqual(
      new Set(['http://192.168.1.64/onvif/Subscription?Idx=7&x=1']),
    );
    expect(calls.map((call) => header(call, 'Action'))).toEqual([
      'http://www.onvif.org/ver10/events/wsdl/PullPointSubscription/PullMessagesRequest',
      'http://www.onvif.org/ver10/events/wsdl/PullPointSubscription/SetSynchronizationPointRequest',
      'http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/RenewRequest',
      'http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/UnsubscribeRequest',
    ]);
    expect(calls.map(({ headers }) => /action="([^"]*)"/.exec(headers['content-type'] ?? '')?.[1])).toEqual(
      calls.map((call) => header(call, 'Action')),
    );
    expect(new Set(calls.map((call) => header(call, 'MessageID'))).size).toBe(4);
    // The credentials stand beside the addresses.
    expect(calls.map(({ envelope }) => textAt(envelope, 'Header', 'Security', 'UsernameToken', 'Username'))).toEqual(
      Array(4).fill('viewer'),
    );
  });

  it('gives back the reference parameters by which Axis tells subscriptions apart, each marked as one', async () => {
    const parameters =
      '<wsa:ReferenceParameters><dom0:SubscriptionId xmlns:dom0="http://www.axis.com/2009/event">007</dom0:SubscriptionId>' +
      '<Lease xmlns="vendor" kind="a&quot;b"/></wsa:ReferenceParameters>';
    const CreatePullPointSubscription = created(`<wsa:Address>http://x/onvif/services</wsa:Address>${parameters}`);
    const { pullPoint, requests } = await subscribe({ CreatePullPointSubscription, PullMessages: '<r/>' });
    await pullPoint.pull(1000);
    const request = requests.at(-1);
    expect(header(request, 'SubscriptionId')).toBe('007');
    expect(request?.text).toMatch(/<dom0:SubscriptionId [^>]*xmlns:dom0="http:\/\/www\.axis\.com\/2009\/event"/);
    const lease = findElement(request?.envelope, 'Header', 'Lease');
    expect(lease?.attributes.get('kind')).toBe('a"b');
    for (const name of ['SubscriptionId', 'Lease']) {
      expect(findElement(request?.envelope, 'Header', name)?.attributes.get('IsReferenceParameter')).toBe('true');
    }
  });

  it('knows how long it lives by the difference of the camera’s own times, whose clock is years off', async () => {
    const { pullPoint } = await subscribe({ Renew: `<r>${TIMES.replace('00:02:00', '00:10:00')}</r>` });
    expect(pullPoint.expiresInMs).toBeGreaterThan(60_000);
    expect(pullPoint.expiresInMs).toBeLessThanOrEqual(120_000);
    await pullPoint.renew();
    expect(pullPoint.expiresInMs).toBeGreaterThan(300_000);
  });

  it('knows when the camera makes its life longer at a pull, and that it does not where nothing is said', async () => {
    const answers = [`<r>${TIMES.replace('00:02:00', '00:20:00')}</r>`, '<r/>'];
    const { pullPoint } = await subscribe({ PullMessages: (_, response) => void response.end(soap(answers.shift() ?? '')) });
    await pullPoint.pull(1000);
    expect(pullPoint.expiresInMs).toBeGreaterThan(19 * 60_000);
    await pullPoint.pull(1000);
    expect(pullPoint.expiresInMs).toBeGreaterThan(19 * 60_000);
  });

  it('lives as long as we asked for where the camera’s times say nothing', async () => {
    const CreatePullPointSubscription = created(ADDRESS, TIMES.replace('00:02:00', '00:00:00'));
    const { pullPoint } = await subscribe({ CreatePullPointSubscription });
    expect(pullPoint.expiresInMs).toBeGreaterThan(30_000);
    expect(pullPoint.expiresInMs).toBeLessThanOrEqual(60_000);
  });

  it('is asked for until a moment of the camera’s clock where the camera refuses a duration', async () => {
    const untilMoment = (name: string, answer: string) => (request: Request, response: ServerResponse) => {
      const isDuration = textAt(request.body, name)?.startsWith('PT') === true;
      response
        .writeHead(isDuration ? 400 : 200)
        .end(isDuration ? fault('UnacceptableInitialTerminationTimeFault', 'no') : soap(answer));
    };
    const { pullPoint, requests } = await subscribe({
      CreatePullPointSubscription: untilMoment('InitialTerminationTime', created(ADDRESS)),
      Renew: untilMoment('TerminationTime', '<r/>'),
    });
    await pullPoint.renew(60_000);
    // The camera's clock is at 2020-01-01T01:02:03Z at the start of the test.
    const until = Date.parse(textAt(requests.at(-1)?.body, 'TerminationTime') ?? '') - Date.parse('2020-01-01T01:03:03Z');
    expect(Math.abs(until)).toBeLessThan(15_000);
  });

  it('may take its time for a pull, beyond that of other calls', async () => {
    const PullMessages = (_: Request, response: ServerResponse): void => {
      setTimeout(() => response.end(soap('<r/>')), 400);
    };
    const { device } = await connectTo({ CreatePullPointSubscription: created(ADDRESS), PullMessages }, 'ver10/events');
    const pullPoint = await device.events?.createPullPoint();
    const askedAt = performance.now();
    const pulled = await pullPoint?.pull(400);
    expect(pulled?.events).toEqual([]);
    // When the answer came, not when it was asked for.
    expect(pulled?.receivedAt).toBeGreaterThan(askedAt + 390);
    expect(pulled?.receivedAt).toBeLessThanOrEqual(performance.now());
  });

  it('that has ended is told by the fault of the camera', async () => {
    const { pullPoint } = await subscribe({ PullMessages: refuse(400, fault('wsrf-rw:ResourceUnknownFault', 'gone')) });
    const error = await errorOf(pullPoint.pull(1000));
    expect(error.message).toContain('refused PullMessages: gone (ResourceUnknownFault)');
  });

  it('without an address is none', async () => {
    const CreatePullPointSubscription = created('<wsa:Address>urn:nobody</wsa:Address>');
    expect((await errorOf(subscribe({ CreatePullPointSubscription }))).message).toContain('gave no address for its events');
  });
});

describe('an event', () => {
  it('is read with its topic, time, source and data, whatever the prefixes', async () => {
    const message = (attributes: string, content: string): string =>
      `<wsnt:NotificationMessage><wsnt:Topic Dialect="d"> tns1:RuleEngine/tnsaxis:Cell/Motion </wsnt:Topic>
        <wsnt:Message><tt:Message ${attributes}>${content}</tt:Message></wsnt:Message></wsnt:NotificationMessage>`;
    const items = `<tt:Source><tt:SimpleItem Name="Source" Value="000"/><tt:SimpleItem Name="__proto__" Value="x"/></tt:Source>
      <tt:Data><tt:SimpleItem Value="true" Name="IsMotion"/></tt:Data>`;
    const { pullPoint } = await subscribe({
      PullMessages: `<r>${TIMES}${message('UtcTime="2026-01-02T03:04:05.6Z" PropertyOperation="Changed"', items)}
        ${message('UtcTime="yesterday" PropertyOperation="?"', '')}<wsnt:NotificationMessage/></r>`,
    });
    const [first, ...others] = (await pullPoint.pull(1000)).events;
    expect(first).toMatchObject({
      topic: 'RuleEngine/Cell/Motion',
      time: Date.parse('2026-01-02T03:04:05.600Z'),
      operation: 'Changed',
      data: { IsMotion: 'true' },
    });
    expect(Object.entries(first?.source ?? {})).toEqual([
      ['Source', '000'],
      ['__proto__', 'x'],
    ]);
    const nothing = { topic: '', time: null, operation: null, source: {}, key: {}, data: {} };
    expect(others).toEqual([
      { ...nothing, topic: 'RuleEngine/Cell/Motion', notification: expect.stringContaining('"yesterday"') },
      { ...nothing, notification: '<wsnt:NotificationMessage></wsnt:NotificationMessage>' },
    ]);
  });

  it('is pulled with the limit and the time that were asked for', async () => {
    const { pullPoint, requests } = await subscribe({ PullMessages: '<r/>' });
    await pullPoint.pull(2500, 7);
    expect(['Timeout', 'MessageLimit'].map((name) => textAt(requests.at(-1)?.body, name))).toEqual(['PT2.5S', '7']);
  });
});
