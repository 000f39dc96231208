import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { SessionInfo } from '../../../../src/base/api.ts';
import { SessionFeed } from '../../../../src/page/adaptation/session-feed.ts';
import { sessionInfo } from '../../http/stub-view.ts';

const told: [readonly SessionInfo[], readonly number[]][] = [];
let asked: [string, unknown][] = [];
let answer: () => Promise<Response>;
let wanted: number[] = [];
let feed: SessionFeed;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  vi.stubGlobal('document', { baseURI: 'https://gateway.test/', visibilityState: 'visible' });
  answer = () => Promise.resolve(Response.json({ sessions: [sessionInfo()] }));
  vi.stubGlobal('fetch', (url: URL, { headers }: { headers: unknown }) => {
    asked.push([url.href, headers]);
    return answer();
  });
  told.length = 0;
  asked = [];
  wanted = [7, 8];
  feed = new SessionFeed({
    token: () => 'viewer',
    wanted: () => wanted,
    onSessions: (sessions, asked) => told.push([sessions, asked]),
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function lookAndHear(times: number): Promise<void> {
  feed.look();
  await vi.waitFor(() => expect(told).toHaveLength(times));
}

it('the sessions that somebody looks at are asked for with the token, and told', async () => {
  await lookAndHear(1);
  expect(asked).toEqual([['https://gateway.test/api/sessions?videoSsrc=7&videoSsrc=8', { authorization: 'Bearer viewer' }]]);
  expect(told[0]).toEqual([[sessionInfo()], [7, 8]]);
});

it('nothing is asked while nobody wants to know, nor while the page is not seen', () => {
  wanted = [];
  feed.look();
  wanted = [7];
  vi.stubGlobal('document', { baseURI: 'https://gateway.test/', visibilityState: 'hidden' });
  feed.look();
  expect(asked).toEqual([]);
});

it('the sessions are asked for once a second, and never twice at once', async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  answer = () => promise;
  feed.look();
  vi.advanceTimersByTime(60_000);
  feed.look();
  expect(asked).toHaveLength(1);
  resolve(Response.json({ sessions: [] }));
  await vi.waitFor(() => expect(told).toHaveLength(1));
  answer = () => Promise.resolve(Response.json({ sessions: [] }));
  await lookAndHear(2);
  vi.advanceTimersByTime(500);
  feed.look();
  expect(asked).toHaveLength(2);
  vi.advanceTimersByTime(500);
  feed.look();
  expect(asked).toHaveLength(3);
});

it('what was known is not taken for true after a failure, and the gateway is left alone for ten seconds', async () => {
  answer = () => Promise.resolve(new Response(null, { status: 500 }));
  await lookAndHear(1);
  expect(told).toEqual([[[], [7, 8]]]);
  vi.advanceTimersByTime(9000);
  feed.look();
  expect(asked).toHaveLength(1);
  vi.advanceTimersByTime(1000);
  feed.look();
  expect(asked).toHaveLength(2);
});
