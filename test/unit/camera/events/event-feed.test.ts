import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GatewayError } from '../../../../src/base/errors.ts';
import type { PullPoint } from '../../../../src/camera/onvif/events.ts';
import { event, FakePullPoint, fault, gone, pass, setUp } from './event-feed-fixture.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the events of a camera', () => {
  it('are not asked for while nobody listens', async () => {
    const { feed, createPullPoint } = setUp();
    await pass(60_000);
    expect(createPullPoint).not.toHaveBeenCalled();
    expect(feed.state).toBe('idle');
  });

  it('come by one subscription for all who listen, each batch as one document', async () => {
    const { feed, createPullPoint, point, heard, documents } = setUp();
    feed.listen('a');
    feed.listen('b');
    await pass(0);
    point(0).say(event('1', { operation: 'Initialized' }), event('2', { topic: 'Tampering', operation: 'Initialized' }));
    await pass(200);
    expect(feed.state).toBe('subscribed');
    point(0).say(event('3'));
    await pass(200);
    expect(createPullPoint).toHaveBeenCalledTimes(1);
    expect(heard()).toEqual(['all 1,2', 'all 3']);
    expect(documents[0]?.document).toMatch(
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<tt:MetadataStream [^>]*><tt:Event><n>.*<\/n><\/tt:Event><\/tt:MetadataStream>$/,
    );
    expect(feed.counters).toEqual({ notifications: 3, dropped: 0, documents: 2, subscriptions: 1 });
  });

  it('begin for one who joins with the states, told to nobody else', async () => {
    const { feed, point, documents, heard } = setUp();
    feed.listen('a');
    await pass(0);
    point(0).say(event('1', { operation: 'Initialized' }), event('2', { topic: 'Tampering' }), event('3', { operation: null }));
    await pass(200);
    point(0).say(event('4'));
    await pass(200);
    feed.listen('b');
    expect(heard().slice(2)).toEqual(['b 2,4']);
    expect(documents.at(-1)?.document).not.toContain('Changed');
  });

  it('are asked for from the beginning where the camera does not begin with the states', async () => {
    const { feed, point } = setUp();
    feed.listen('a');
    await pass(0);
    point(0).say(event('1'));
    await pass(200);
    point(0).say(event('2'));
    await pass(200);
    expect(point(0).calls).toEqual(['pull', 'synchronize', 'pull', 'pull']);
  });

  it('go on for ten seconds behind the last who listens, and end then', async () => {
    const { feed, createPullPoint, point } = setUp();
    feed.listen('a');
    feed.listen('b');
    await pass(0);
    feed.leave('a');
    feed.leave('a');
    await pass(60_000);
    feed.leave('b');
    await pass(9000);
    feed.listen('c');
    await pass(60_000);
    expect(createPullPoint).toHaveBeenCalledTimes(1);
    feed.leave('c');
    await pass(10_000);
    expect(point(0).calls.filter((call) => call === 'unsubscribe')).toHaveLength(1);
    expect(feed.state).toBe('idle');
    const calls = point(0).calls.length;
    await pass(60_000);
    expect(point(0).calls).toHaveLength(calls);
  });

  it('make no documents while nobody listens, yet whoever comes back finds the states', async () => {
    const { feed, point, heard } = setUp();
    feed.listen('a');
    await pass(0);
    feed.leave('a');
    point(0).say(event('1'));
    await pass(1000);
    expect(heard()).toEqual([]);
    feed.listen('b');
    expect(heard()).toEqual(['b 1']);
  });

  it('are renewed before the subscription ends', async () => {
    const { feed, createPullPoint, point } = setUp();
    feed.listen('a');
    for (let second = 0; second < 600; second += 1) {
      await pass(1000);
      expect(point(0).expiresInMs).toBeGreaterThan(0);
    }
    expect(point(0).calls.filter((call) => call === 'renew').length).toBeGreaterThan(8);
    expect(createPullPoint).toHaveBeenCalledTimes(1);
  });

  it('go on by another subscription where the camera renews none, of which it is told the end', async () => {
    const { feed, points, point } = setUp();
    feed.listen('a');
    await pass(0);
    point(0).renewal = fault();
    await pass(65_000);
    expect(point(0).calls.filter((call) => call === 'renew')).toHaveLength(1);
    expect(point(0).calls.at(-1)).toBe('unsubscribe');
    expect(points).toHaveLength(2);
  });

  it('are not asked for in a hurry where a subscription is over as soon as it is made', async () => {
    const { feed, createPullPoint } = setUp({ lifetimeMs: 0 });
    feed.listen('a');
    await pass(10_000);
    expect(createPullPoint.mock.calls.length).toBeLessThan(12);
  });

  it('are not pulled in a hurry where the camera answers at once, with nothing or with much', async () => {
    const { feed, point } = setUp();
    feed.listen('a');
    await pass(0);
    const pulls = (): number => point(0).calls.filter((call) => call === 'pull').length;
    for (let index = 0; index < 100; index += 1) point(0).say();
    await pass(10_000);
    expect(pulls()).toBeLessThan(13);
    const before = pulls();
    for (let index = 0; index < 200; index += 1) point(0).say(event(String(index)));
    await pass(5000);
    expect(pulls() - before).toBeLessThan(70);
  });

  it('are not pulled while others need the thread: what takes long to read is followed by a rest of four times as long', async () => {
    const { feed, point } = setUp();
    feed.listen('a');
    await pass(0);
    point(0).readingMs = 500;
    const pulls = (): number => point(0).calls.filter((call) => call === 'pull').length;
    for (let index = 0; index < 100; index += 1) point(0).say(event(String(index), { operation: 'Initialized' }));
    await pass(1990);
    expect(pulls()).toBe(1);
    await pass(18_010);
    expect(pulls()).toBe(11);
  });

  it('that come although they were not asked for are counted as dropped', async () => {
    const { feed, point } = setUp();
    feed.listen('a');
    await pass(0);
    point(0).unread = 7;
    point(0).say(event('1'));
    await pass(50);
    expect(feed.counters).toMatchObject({ notifications: 8, dropped: 7, documents: 1 });
  });

  it('come again after a loss, with waits that grow, and the log says it once', async () => {
    const { feed, createPullPoint, point, heard, messages } = setUp();
    feed.listen('a');
    await pass(0);
    point(0).say(event('1'));
    await pass(200);
    let isGone = true;
    createPullPoint.mockImplementation(() => {
      if (isGone) return Promise.reject(gone());
      return Promise.resolve(again as unknown as PullPoint);
    });
    const again = new FakePullPoint(60_000);
    point(0).fail(gone());
    await pass(60_000);
    expect(feed.state).toBe('failed');
    expect(feed.reason).toMatchObject({ code: 'camera.unreachable' });
    expect(createPullPoint.mock.calls.length).toBeGreaterThan(3);
    expect(createPullPoint.mock.calls.length).toBeLessThan(9);
    isGone = false;
    await pass(30_000);
    again.say(event('2', { operation: 'Initialized' }));
    await pass(200);
    expect(feed.state).toBe('subscribed');
    expect(feed.reason).toBeNull();
    expect(heard()).toEqual(['all 1', 'all 2']);
    expect(messages()).toEqual([
      expect.stringMatching(/^camera yard: no events: No connection to the camera at cam:80\. Check\. Trying again in 1 s\.$/),
      'camera yard: its events come again',
    ]);
  });

  it('are not asked for again for minutes where the log-in was refused', async () => {
    const refused = new GatewayError('camera.unauthorized', 'The camera refuses.');
    const { feed, createPullPoint } = setUp({
      create: () => {
        throw refused;
      },
    });
    feed.listen('a');
    await pass(4 * 60_000);
    expect(createPullPoint).toHaveBeenCalledTimes(1);
    await pass(2 * 60_000);
    expect(createPullPoint).toHaveBeenCalledTimes(2);
  });

  it('say nothing where the camera is merely connected to anew', async () => {
    const { feed, point, points, messages } = setUp();
    feed.listen('a');
    await pass(0);
    point(0).fail(new DOMException('This operation was aborted', 'AbortError'));
    await pass(2000);
    expect(points).toHaveLength(2);
    expect(messages()).toEqual([]);
  });

  it.each([
    ['is not there', undefined, 'events.no_camera'],
    ['has no event service', null, 'events.no_service'],
  ])('fail with the reason where the camera %s', async (_, service, code) => {
    const { feed } = setUp({ service });
    feed.listen('a');
    await pass(100);
    expect(feed.reason?.code).toBe(code);
    expect(feed.state).toBe('failed');
  });

  it('leave out, and count, what is too large and what is no XML', async () => {
    const { feed, point, heard } = setUp();
    feed.listen('a');
    await pass(0);
    point(0).say(event('x'.repeat(70_000)), event('1'), event('2', { notification: null }));
    await pass(200);
    point(0).say(event('2', { notification: null }));
    await pass(200);
    expect(heard()).toEqual(['all 1']);
    expect(feed.counters).toMatchObject({ notifications: 4, dropped: 3, documents: 1 });
  });

  it('end with the feed: the camera is told, and nobody can listen any more', async () => {
    const { feed, point, createPullPoint } = setUp();
    feed.listen('a');
    await pass(0);
    const closed = feed.close();
    await pass(0);
    await closed;
    expect(point(0).calls.at(-1)).toBe('unsubscribe');
    feed.listen('b');
    await pass(1000);
    expect(createPullPoint).toHaveBeenCalledTimes(1);
  });

  it('end with the feed though the camera has not answered yet, which it is waited for a second', async () => {
    const { feed, createPullPoint, points } = setUp();
    const late = Promise.withResolvers<PullPoint>();
    createPullPoint.mockReturnValueOnce(late.promise);
    feed.listen('a');
    await pass(0);
    let isClosed = false;
    void feed.close().then(() => (isClosed = true));
    await pass(900);
    expect(isClosed).toBe(false);
    await pass(100);
    expect(isClosed).toBe(true);
    // One that was made all the same is ended.
    const point = new FakePullPoint(60_000);
    late.resolve(point as unknown as PullPoint);
    await pass(0);
    expect([point.calls, points]).toEqual([['unsubscribe'], []]);
  });

  it('end with the feed though the camera does not answer', async () => {
    const { feed, point } = setUp();
    feed.listen('a');
    await pass(0);
    vi.spyOn(point(0), 'unsubscribe').mockReturnValue(new Promise(() => undefined));
    const closed = feed.close();
    await pass(1000);
    await closed;
    expect(feed.state).toBe('idle');
  });
});
