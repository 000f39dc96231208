import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { cpuMs } from '../bench/proc.ts';
import type { CliProcess } from '../support/cli.ts';
import type { ConnectedNamespace } from '../support/network-namespace.ts';
import { keptWaitingMs } from '../support/run-queue.ts';
import { ShapedSite, type Said, type ShapedCamera } from '../support/shaped-site.ts';
import { longestGapMs, notePictures, pageTime, shownPictures } from '../support/shown-pictures.ts';
import { openViewer, play } from '../support/viewer-page.ts';

/*
 * Twenty viewers of one camera, each behind a link of its own (tbf with a queue of 300 ms, 20 ms each way) that stays as it is: a real Chromium and 19 of the
 * `view` command. The simulated camera sends 2 and 0.3 Mbit/s and 64 kbit/s of sound.
 */

/** How long all of them watch; with a few minutes the same can be looked at by hand. */
const WATCHED_MS = 10 * 60_000;
const SINGLE_WATCHED_MS = 60_000;
/** Each begins with the whole main profile, and has gone to what it is carried by then; those that began while others were started may have been disturbed by that. */
const SETTLED_MS = 30_000;
const CHROMIUM_KBPS = 2500;
/** Of the time; the rest is for a rung that is tried and taken back. */
const RIGHT_SHARE = 0.95;
/** Of the sound, a packet each so many milliseconds, must come where it is all that comes. */
const SOUND_SHARE = 0.95;
const SOUND_MS = 20;
const PULLS_MS = 5000;
const START = { timeout: 30_000, interval: 50 };

/**
 * What is to be sent over links of so many kbit/s: the most that takes no more than 0.8 of it. As tbf counts it, with the 42 bytes of Ethernet, IP and UDP headers of
 * each packet, the camera's rungs take some 2240, 430, 200 and 100 kbit/s; links are a quarter away from where one ends and another begins.
 */
const LADDER_LINKS: Readonly<Record<string, readonly number[]>> = {
  'main none': [4000, 8000],
  'sub none': [700, 750, 800, 900, 1000, 1150, 1300, 1500, 1800],
  'sub keyframes': [320, 340, 360, 380, 400],
  'sub pictures': [135, 145, 160],
};
/** Of a camera with the main profile alone they take 2240, 500 and 100 kbit/s. */
const SINGLE_LINKS: Readonly<Record<string, readonly number[]>> = {
  'main none': [6000],
  'main keyframes': [800, 1200, 2000],
};

interface View {
  kbps: number;
  expected: string;
  session: string;
  process: CliProcess;
  namespace: ConnectedNamespace;
}

/** What `view --json` says at its end, as far as it is looked at. */
interface ViewResult {
  frames: number;
  audioPackets: number;
  error: { code: number; message: string } | null;
}

let site: ShapedSite;

beforeAll(async () => {
  site = await ShapedSite.start();
});

afterEach(({ task }) => {
  if (task.result?.state === 'fail') site.tellLog();
});

afterAll(() => site?.close());

/** One after the other, each when the one before it is live. */
async function startViews(camera: ShapedCamera, links: Readonly<Record<string, readonly number[]>>): Promise<View[]> {
  const views: View[] = [];
  for (const [expected, rates] of Object.entries(links)) {
    for (const kbps of rates) {
      const before = new Set(site.said.sessions.map(({ id }) => id));
      const link = site.network.link(kbps);
      const process = site.view(link, camera, 3600);
      const session = await vi.waitFor(() => {
        const id = site.live(camera).find((each) => !before.has(each.id))?.id;
        if (id === undefined) throw new Error(`no session over ${kbps} kbit/s: ${process.stdout}${process.stderr}`);
        return id;
      }, START);
      views.push({ kbps, expected, session, process, namespace: link.namespace });
    }
  }
  return views;
}

/** What each session was sent of the time, by rung. */
function shares(history: readonly Said[], id: string): Record<string, number> {
  const shares: Record<string, number> = {};
  for (const { sessions } of history) {
    const rung = sessions.find((session) => session.id === id)?.rung ?? 'gone';
    shares[rung] = (shares[rung] ?? 0) + 1 / history.length;
  }
  return shares;
}

/** Ends the viewers; returns what each printed. */
async function endViews(views: readonly View[]): Promise<ViewResult[]> {
  return await Promise.all(
    views.map(async ({ process }) => {
      process.kill('SIGTERM');
      await process.exit();
      return JSON.parse(process.stdout) as ViewResult;
    }),
  );
}

/** Says for each viewer what it was sent, and what of the time that was what it should be. */
function tell(views: readonly View[], history: readonly Said[]): { session: string; rightShare: number }[] {
  const last = history.at(-1);
  return views.map(({ kbps, expected, session }) => {
    const sent = shares(history, session);
    const { estimatedKbps, switches } = last?.sessions.find(({ id }) => id === session) ?? {};
    const rounded = Object.fromEntries(Object.entries(sent).map(([rung, share]) => [rung, share.toFixed(3)]));
    console.log(`${kbps} kbit/s: ${JSON.stringify({ expected, sent: rounded, switches, estimatedKbps })}`);
    return { session, rightShare: sent[expected] ?? 0 };
  });
}

/** Processor time, milliseconds; 0 of a process that is gone, as of Chromium's helpers that were needed for a while. */
function spentMs(pid: number): number {
  return existsSync(`/proc/${pid}/task`) ? cpuMs(pid) : 0;
}

/** Percent of a core that the programs in some places take while this is waited for, and that they are kept waiting for one. */
async function load(places: Readonly<Record<string, readonly ConnectedNamespace[]>>, watched: Promise<unknown>): Promise<string> {
  const pids = Object.values(places).map((namespaces) => namespaces.flatMap((namespace) => namespace.pids()));
  const spent = (): number[][] => pids.map((ids) => [ids.reduce((sum, pid) => sum + spentMs(pid), 0), keptWaitingMs(ids)]);
  const [before, from] = [spent(), performance.now()];
  await watched;
  const [after, elapsed] = [spent(), performance.now() - from];
  const percent = (place: number, which: number): string =>
    ((((after[place]?.[which] ?? 0) - (before[place]?.[which] ?? 0)) / elapsed) * 100).toFixed(0);
  return Object.keys(places)
    .map((name, place) => `${name} ${percent(place, 0)} % and waited ${percent(place, 1)} %`)
    .join(', ');
}

/** Waits; returns how many connections to the camera there were, each time that was looked at. */
async function watchPulls(camera: ShapedCamera, forMs: number): Promise<number[]> {
  const pulls: number[] = [];
  for (const end = performance.now() + forMs; performance.now() < end; await delay(PULLS_MS)) pulls.push(site.pulls(camera));
  return pulls;
}

it(
  'of one Chromium and 19 views on links that stay as they are each is sent what its link carries, from one pull a profile',
  async () => {
    const link = site.network.link(CHROMIUM_KBPS);
    const browser = await site.openChromium(link);
    const page = await openViewer(browser, site.page);
    await play(page, 'ladder');
    await notePictures(page, 'ladder');
    const [chromium] = await vi.waitFor(() => {
      const live = site.live('ladder');
      expect(live).toHaveLength(1);
      return live;
    }, START);
    const views = await startViews('ladder', LADDER_LINKS);
    expect(views).toHaveLength(19);
    await delay(SETTLED_MS);

    const [from, fromMs] = [site.history.length, await pageTime(page)];
    const pulls = watchPulls('ladder', WATCHED_MS);
    const places = {
      'cameras, gateway and what watches it': [site.network.site],
      'the delay': [site.network.road],
      Chromium: [link.namespace],
      'all views': views.map(({ namespace }) => namespace),
    };
    const took = await load(
      places,
      pulls.then(() => undefined),
    );
    const history = site.history.slice(from);
    const pictures = await shownPictures(page, fromMs);
    const gapMs = longestGapMs(pictures, fromMs, await pageTime(page));
    const right = tell(views, history);
    const { switches } = history.at(-1)?.sessions.find(({ id }) => id === chromium?.id) ?? {};
    const figures = {
      switches,
      shares: shares(history, chromium?.id ?? ''),
      longestGapMs: gapMs,
      pulls: [...new Set(await pulls)],
    };
    console.log(`Chromium at ${CHROMIUM_KBPS} kbit/s beside them: ${JSON.stringify(figures)}; of a core took ${took}`);
    const ended = await endViews(views);
    expect(switches).toBeLessThanOrEqual(2);
    expect(new Set(await pulls)).toEqual(new Set([2]));
    expect(right.filter(({ rightShare }) => rightShare < RIGHT_SHARE)).toEqual([]);
    // Those that are sent sound alone may have had no room for a single picture, which they say at their end.
    const isSoundAlone = (_: unknown, at: number): boolean => views[at]?.expected === 'sub pictures';
    expect(ended.filter((view, at) => !isSoundAlone(view, at) && view.error !== null)).toEqual([]);
    const heard = ended.filter(isSoundAlone).map(({ audioPackets }) => audioPackets);
    expect(heard).toHaveLength(LADDER_LINKS['sub pictures']?.length ?? 0);
    for (const packets of heard) expect(packets).toBeGreaterThan(SOUND_SHARE * (WATCHED_MS / SOUND_MS));
  },
  15 * 60_000,
);

it(
  'a camera with one profile keeps its picture on the same links, thinned to keyframes',
  async () => {
    const views = await startViews('single', SINGLE_LINKS);
    await delay(SETTLED_MS);
    const from = site.history.length;
    const pulls = await watchPulls('single', SINGLE_WATCHED_MS);
    const right = tell(views, site.history.slice(from));
    const ended = await endViews(views);
    console.log(`pictures that came: ${ended.map(({ frames }) => frames).join(', ')}`);
    expect(new Set(pulls)).toEqual(new Set([1]));
    expect(right.filter(({ rightShare }) => rightShare < RIGHT_SHARE)).toEqual([]);
    expect(ended.filter(({ error }) => error !== null)).toEqual([]);
    // One at the beginning of each group of pictures, which is 2 s.
    for (const { frames } of ended) expect(frames).toBeGreaterThan((SETTLED_MS + SINGLE_WATCHED_MS) / 2000 - 10);
  },
  5 * 60_000,
);
