import { describe, expect, it } from 'vitest';
import type { AdaptationStats } from '../../../../src/base/adaptation.ts';
import { AdaptationHistory } from '../../../../src/page/adaptation/history.ts';
import { sessionInfo } from '../../http/stub-view.ts';

const RUNGS: AdaptationStats['rungs'] = [
  { profile: 'sub', thinning: 'pictures', kbps: 64 },
  { profile: 'sub', thinning: 'none', kbps: 380 },
  { profile: 'main', thinning: 'none', kbps: 2200 },
];

function adaptation(rung: number, last: AdaptationStats['last'] = null): AdaptationStats {
  return { rung, rungs: RUNGS, last, switches: 0, probes: 0 };
}

describe('what was seen of a session', () => {
  it('is forgotten after two minutes', () => {
    const history = new AdaptationHistory();
    for (const second of [0, 1, 119, 120, 121]) history.add(sessionInfo(), second * 1000, 0);
    expect(history.samples.map(({ atMs }) => atMs / 1000)).toEqual([1, 119, 120, 121]);
  });

  it('is bounded, however often it is looked at', () => {
    const history = new AdaptationHistory();
    for (let ms = 0; ms < 10_000; ms += 1) history.add(sessionInfo(), ms, 0);
    expect(history.samples.length).toBeLessThanOrEqual(180);
    expect(history.samples.at(-1)?.atMs).toBe(9999);
  });

  it('begins anew when the clock of the device is set back', () => {
    const history = new AdaptationHistory();
    for (const ms of [5000, 6000, 1000]) history.add(sessionInfo(), ms, 0);
    expect(history.samples.map(({ atMs }) => atMs)).toEqual([1000]);
  });

  it('says what is shown and what that takes', () => {
    const history = new AdaptationHistory();
    history.add(
      sessionInfo({ adaptation: adaptation(1), sentKbps: 400, estimatedKbps: 900, fractionLost: 0.1, roundTripMs: 45 }),
      1,
      0,
    );
    history.add(sessionInfo({ adaptation: adaptation(2) }), 2, 0);
    history.add(sessionInfo({ adaptation: null }), 3, 0);
    expect(history.samples[0]).toMatchObject({
      sentKbps: 400,
      estimateKbps: 900,
      rungKbps: 380,
      lossShare: 0.1,
      roundTripMs: 45,
    });
    expect(history.samples.map(({ rungKbps }) => rungKbps)).toEqual([380, 2200, null]);
    expect(new Set(history.samples.map(({ rung }) => rung)).size).toBe(3);
  });

  it('takes a rate of 0 for unknown, but not that of pictures that are not sent', () => {
    const unmeasured: AdaptationStats = { ...adaptation(0), rungs: [{ profile: 'sub', thinning: 'none', kbps: 0 }] };
    const silent: AdaptationStats = { ...adaptation(0), rungs: [{ profile: 'sub', thinning: 'pictures', kbps: 0 }] };
    const history = new AdaptationHistory();
    history.add(sessionInfo({ adaptation: unmeasured }), 1, 0);
    history.add(sessionInfo({ adaptation: silent }), 2, 0);
    expect(history.samples.map(({ rungKbps }) => rungKbps)).toEqual([null, 0]);
  });
});

describe('what was decided', () => {
  const decided = (atMs: number): AdaptationStats =>
    adaptation(1, { atMs, from: 2, to: 1, reason: 'congested', text: `at ${atMs}` });

  it('is listed once each, newest first, five at most, by the clock of this device', () => {
    const history = new AdaptationHistory();
    for (const atMs of [1000, 1000, 2000, 3000, 3000, 4000, 5000, 6000])
      history.add(sessionInfo({ adaptation: decided(atMs) }), atMs, 250);
    expect(history.decisions.map(({ text }) => text)).toEqual(['at 6000', 'at 5000', 'at 4000', 'at 3000', 'at 2000']);
    expect(history.decisions[0]?.atMs).toBe(5750);
  });

  it('is nothing before the first', () => {
    const history = new AdaptationHistory();
    history.add(sessionInfo({ adaptation: adaptation(1) }), 1, 0);
    expect(history.decisions).toEqual([]);
  });
});
