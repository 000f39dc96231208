import { expect, it, onTestFinished, vi } from 'vitest';
import { createLogger } from '../../../src/base/log.ts';
import { FailureLog } from '../../../src/camera/failure-log.ts';
import { recordingLogger } from '../../support/site.ts';

const AWAY = { code: 'camera.unreachable', message: 'It refuses connections.', advice: 'Check its power.' };
const BUSY = { code: 'camera.unavailable', message: 'It answers with 503.' };

it('two failures that alternate are each logged no more often than one that stays, until the camera works', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { logger, lines } = recordingLogger((destination) => createLogger({ destination }));
  const log = new FailureLog('yard', logger);
  const alternateFor = (minutes: number): unknown[] => {
    const before = lines.length;
    for (let attempt = 0; attempt < minutes * 4; attempt += 1) {
      log.failed(attempt % 2 === 0 ? AWAY : BUSY, 15_000);
      vi.advanceTimersByTime(15_000);
    }
    return lines.slice(before).map(({ msg }) => msg);
  };
  const away = 'camera yard failed: It refuses connections. Check its power. Trying again in 15 s.';
  const busy = 'camera yard failed: It answers with 503. Trying again in 15 s.';
  expect(alternateFor(5)).toEqual([away, busy]);
  const count = ' (10 times since the last such line)';
  expect(alternateFor(1)).toEqual([away + count, busy + count]);
  log.recovered();
  expect(alternateFor(1)).toEqual([away, busy]);
});
