import { describe, expect, it } from 'vitest';
import { GatewayClock } from '../../../src/page/gateway-clock.ts';

describe('gateway clock', () => {
  it('is not known before the first answer', () => {
    expect(new GatewayClock().aheadMs).toBeNull();
  });

  it('is read in the middle of the round trip', () => {
    const clock = new GatewayClock();
    clock.add(1000, 6010, 1020);
    expect(clock.aheadMs).toBe(5000);
  });

  it('trusts the quickest answer', () => {
    const clock = new GatewayClock();
    clock.add(1000, 6390, 1400);
    clock.add(3000, 8002, 3004);
    clock.add(5000, 10_400, 5500);
    expect(clock.aheadMs).toBe(5000);
  });

  it('forgets a quick answer in time, since clocks are corrected', () => {
    const clock = new GatewayClock();
    clock.add(0, 5000, 0);
    for (let poll = 1; poll <= 30; poll += 1) clock.add(poll * 2000, poll * 2000 + 105, poll * 2000 + 10);
    expect(clock.aheadMs).toBe(100);
  });
});
