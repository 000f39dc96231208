import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { OwnSession } from '../../../src/cli/own-session.ts';
import { sessionInfo } from '../http/stub-view.ts';

let asked: string[];
let answer: (signal: AbortSignal) => Promise<Response>;

beforeEach(() => {
  asked = [];
  answer = () => Promise.resolve(Response.json({ sessions: [sessionInfo({ videoSsrc: 7 })] }));
  vi.stubGlobal('fetch', (url: URL, { signal }: { signal: AbortSignal }) => {
    asked.push(url.href);
    return answer(signal);
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

it('is asked for by itself, at the gateway that has the signaling server', async () => {
  const own = new OwnSession('wss://gateway.test:8443/signaling', 'viewer');
  expect(await own.look(null)).toBeUndefined();
  expect(await own.look(7)).toEqual(sessionInfo({ videoSsrc: 7 }));
  expect(asked).toEqual(['https://gateway.test:8443/api/sessions?videoSsrc=7']);
});

it('is asked for again where the answer was late, and never again where it is none of a gateway', async () => {
  const own = new OwnSession('ws://gateway.test/signaling', undefined);
  vi.spyOn(AbortSignal, 'timeout').mockReturnValueOnce(AbortSignal.abort());
  answer = (signal) => (signal.aborted ? Promise.reject(new Error('late')) : Promise.resolve(Response.json({ sessions: [] })));
  expect(await own.look(7)).toBeUndefined();
  expect(await own.look(7)).toBeUndefined();
  answer = () => Promise.resolve(new Response('not found', { status: 404 }));
  expect(await own.look(7)).toBeUndefined();
  expect(asked).toHaveLength(3);
  expect(await own.look(7)).toBeUndefined();
  expect(asked).toHaveLength(3);
});
