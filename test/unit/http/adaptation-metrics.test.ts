import { expect, it } from 'vitest';
import type { AdaptationStats } from '../../../src/base/adaptation.ts';
import { EndedSessions } from '../../../src/plane/ended-sessions.ts';
import { Metrics } from '../../../src/http/metrics.ts';
import { sessionStats, streamStats, StubView } from './stub-view.ts';

const adaptation = (rung: number, counted: Partial<AdaptationStats> = {}): AdaptationStats => ({
  rung,
  rungs: [
    { profile: 'sub', thinning: 'keyframes', kbps: 100 },
    { profile: 'sub', thinning: 'none', kbps: 400 },
    { profile: 'main', thinning: 'none', kbps: 2200 },
  ],
  last: null,
  switches: 0,
  probes: 0,
  ...counted,
});

async function lines(view: StubView): Promise<Record<string, number>> {
  const samples = (await new Metrics(view).text()).split('\n').filter((line) => /^onvif_gateway_(session|stream)_/.test(line));
  return Object.fromEntries(
    samples.map((line) => [line.slice('onvif_gateway_'.length, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  );
}

it('viewers are counted by what they are sent', async () => {
  const view = new StubView();
  view.stats.sessions = [adaptation(2), adaptation(1), adaptation(1), adaptation(0), null].map((each) =>
    sessionStats({ adaptation: each }),
  );
  const metrics = await lines(view);
  const rung = (profile: string, thinning: string): number | undefined =>
    metrics[`session_rungs{camera="front-door",profile="${profile}",thinning="${thinning}"}`];
  expect([rung('main', 'none'), rung('sub', 'none'), rung('sub', 'keyframes')]).toEqual([1, 2, 1]);
});

it('the path that carries least is told, and what profiles were measured to take', async () => {
  const view = new StubView();
  view.stats.sessions = [900, null, 500].map((estimatedKbps) => sessionStats({ estimatedKbps }));
  view.stats.streams = [streamStats({ measuredKbps: 2100 }), streamStats({ profile: 'sub' })];
  const metrics = await lines(view);
  expect(metrics['session_lowest_estimate_bits_per_second{camera="front-door"}']).toBe(500_000);
  expect(metrics['stream_measured_bits_per_second{camera="front-door",profile="main"}']).toBe(2_100_000);
  expect(metrics).not.toHaveProperty('stream_measured_bits_per_second{camera="front-door",profile="sub"}');
});

it('switches and probes do not fall when a viewer leaves', async () => {
  const view = new StubView();
  const ended = new EndedSessions();
  const leaving = sessionStats({ adaptation: adaptation(1, { switches: 3, probes: 4 }) });
  const staying = sessionStats({ adaptation: adaptation(1, { switches: 1, probes: 1 }) });
  view.stats.sessions = [leaving, staying];
  const before = await lines(view);
  ended.add(leaving);
  view.stats = { ...view.stats, sessions: [staying], ended: ended.sums };
  const after = await lines(view);
  for (const [name, count] of [
    ['switches', 4],
    ['probes', 5],
  ] as const) {
    const sample = `session_${name}_total{camera="front-door"}`;
    expect([before[sample], after[sample]]).toEqual([count, count]);
  }
});
