import { describe, expect, it } from 'vitest';
import { RECONNECT_CASES } from '../../../../src/conformance/device/cases/connection.ts';
import { PATIENT, runAgainstFake } from './run-against-fake.ts';

/* Several cameras have the kit as their signaling server, as those of a gateway do. What one of them does is no verdict on another. */

const LIMIT_MS = 60_000;
const CASES = RECONNECT_CASES.filter(({ id }) => id !== 'media-survive-signaling-loss');

describe('a device beside others', () => {
  it(
    'passes when it conforms, whatever the others do',
    async () => {
      const results = await runAgainstFake(CASES, { neighbours: 3 });
      expect(results.map(({ id, result, message }) => ({ id, result, message }))).toEqual(
        CASES.map(({ id }) => expect.objectContaining({ id, result: 'pass' }) as unknown),
      );
    },
    LIMIT_MS,
  );

  it.each([
    ['reconnect', /the device to connect and register again/],
    ['reconnect-intervals', /the last 4 of 8 intervals to be longer/],
  ])(
    'fails when it is broken for %s, though the others are not',
    async (fault, reason) => {
      const settings = { ...PATIENT, timing: { ...PATIENT.timing, reconnectMs: 3000 } };
      const cases = CASES.filter(({ id }) => id === fault);
      const [result] = await runAgainstFake(cases, { fault, neighbours: 1 }, settings);
      expect(result?.message).toMatch(reason);
    },
    LIMIT_MS,
  );
});
