import { describe, expect, it } from 'vitest';
import { chartPaths, HEIGHT, WIDTH } from '../../../../src/page/adaptation/chart.ts';
import type { Sample } from '../../../../src/page/adaptation/history.ts';

const NOW = 1_000_000;
const sample = (secondsAgo: number, change: Partial<Sample> = {}): Sample => ({
  atMs: NOW - secondsAgo * 1000,
  estimateKbps: null,
  sentKbps: null,
  rungKbps: null,
  rung: null,
  lossShare: null,
  roundTripMs: null,
  ...change,
});

describe('the chart of a session', () => {
  it('goes from two minutes ago at the left edge to now at the right one, and from nothing below to the top rate', () => {
    const { sent, topKbps } = chartPaths([sample(4, { sentKbps: 0 }), sample(0, { sentKbps: 1000 })], NOW);
    expect(topKbps).toBe(1000);
    expect(sent).toBe(`M${WIDTH - (4 / 120) * WIDTH} ${HEIGHT}L${WIDTH} 0`);
    expect(chartPaths([sample(120, { sentKbps: 0 })], NOW).sent).toBe(`M0 ${HEIGHT}`);
  });

  it.each([
    [0, 100],
    [99, 100],
    [101, 200],
    [380, 500],
    [2200, 5000],
    [6000, 10_000],
  ])('of %i kbit/s ends at %i', (sentKbps, top) => {
    expect(chartPaths([sample(0, { sentKbps })], NOW).topKbps).toBe(top);
  });

  it('is not flattened by an estimate far above what is sent, which ends at its upper edge', () => {
    const { topKbps, estimate } = chartPaths([sample(0, { sentKbps: 400, rungKbps: 500, estimateKbps: 50_000 })], NOW);
    expect([topKbps, estimate]).toEqual([1000, `M${WIDTH} 0`]);
    expect(chartPaths([sample(0, { estimateKbps: 700 })], NOW).topKbps).toBe(1000);
  });

  it('has no line where nothing is known, nor over a time in which nobody looked', () => {
    const values = [100, null, 100, 100];
    const { sent } = chartPaths(
      values.map((sentKbps, index) => sample([12, 11, 10, 0][index] ?? 0, { sentKbps })),
      NOW,
    );
    expect(sent.match(/[ML]/g)).toEqual(['M', 'M', 'M']);
  });

  it('shows what is sent in steps, and each change of it once', () => {
    const samples = [sample(3, { rung: 'main none', rungKbps: 2000 }), sample(2, { rung: 'sub none', rungKbps: 400 })];
    const { rung, changes } = chartPaths([...samples, sample(1, { rung: 'sub none', rungKbps: 400 })], NOW);
    expect(rung).toBe('M234 0H236V38.4H238V38.4');
    expect(changes).toBe(`M236 0V${HEIGHT}`);
  });

  it('does not take the first that is known for a change', () => {
    expect(
      chartPaths([sample(3), sample(2, { rung: 'sub none' }), sample(1), sample(0, { rung: 'main none' })], NOW).changes,
    ).toBe('');
  });

  it('shows one lost packet small, and an outage whole', () => {
    const one = chartPaths([sample(0, { lossShare: 0.01, roundTripMs: 50 })], NOW);
    expect([one.loss, one.roundTrip]).toEqual([`M${WIDTH} 38.4`, `M${WIDTH} 24`]);
    const much = chartPaths(
      [sample(1, { lossShare: 0.5, roundTripMs: 800 }), sample(0, { lossShare: 0.25, roundTripMs: 400 })],
      NOW,
    );
    expect([much.loss, much.roundTrip]).toEqual(['M238 0H240V24', 'M238 0L240 24']);
  });
});
