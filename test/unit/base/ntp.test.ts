import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ntpFromUnixMs, ntpMiddle32, unixMsFromNtp } from '../../../src/base/ntp.ts';

describe('NTP time', () => {
  it.each([
    // RFC 5905 figure 4.
    ['1970-01-01T00:00:00.000Z', { seconds: 2_208_988_800, fraction: 0 }],
    ['1999-12-31T00:00:00.000Z', { seconds: 3_155_587_200, fraction: 0 }],
    ['1999-12-31T00:00:00.500Z', { seconds: 3_155_587_200, fraction: 0x8000_0000 }],
    // The first day of era 1.
    ['2036-02-07T06:28:15.000Z', { seconds: 0xffff_ffff, fraction: 0 }],
    ['2036-02-07T06:28:16.250Z', { seconds: 0, fraction: 0x4000_0000 }],
  ])('of %s is as on the wire, and back', (date, ntp) => {
    expect(ntpFromUnixMs(Date.parse(date))).toEqual(ntp);
    expect(unixMsFromNtp(ntp)).toBe(Date.parse(date));
  });

  it('carries every instant to a microsecond', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: Date.parse('2103-01-01'), noNaN: true }), (unixMs) => {
        const ntp = ntpFromUnixMs(unixMs);
        expect([ntp.seconds, ntp.fraction].every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32)).toBe(true);
        expect(Math.abs(unixMsFromNtp(ntp) - unixMs)).toBeLessThan(0.001);
      }),
    );
  });

  it('in the middle 32 bits is the example of RFC 3550 figure 2', () => {
    expect(ntpMiddle32({ seconds: 0xb44d_b705, fraction: 0x2000_0000 })).toBe(0xb705_2000);
    expect(ntpMiddle32({ seconds: 0x0000_ffff, fraction: 0xffff_0000 })).toBe(0xffff_ffff);
  });
});
