import { expect, it } from 'vitest';
import { MissingPackets } from '../../../../../src/peer/webrtc/headless/missing-packets.ts';

function after(...sequenceNumbers: number[]): MissingPackets {
  const missing = new MissingPackets(300);
  for (const sequenceNumber of sequenceNumbers) missing.note(sequenceNumber, 0);
  return missing;
}

it('what is between two packets is missing, also where numbers begin anew, until it comes', () => {
  const missing = after(65_534, 2);
  expect(missing.take(0, 20)).toEqual([65_535, 0, 1]);
  missing.note(0, 10);
  expect(missing.take(20, 20)).toEqual([65_535, 1]);
});

it('a packet is asked for again only after the time in which it could have come', () => {
  const missing = after(1, 3);
  expect([missing.take(5, 20), missing.take(24, 20), missing.take(25, 20)]).toEqual([[2], [], [2]]);
});

it('a packet that would come too late is given up', () => {
  const missing = after(1, 3);
  expect([missing.take(300, 20), missing.size]).toEqual([[2], 1]);
  expect([missing.take(301, 1), missing.size]).toEqual([[], 0]);
});

it('a packet that comes late or twice leaves nothing missing', () => {
  const missing = after(10, 11, 10, 9, 12);
  expect(missing.size).toBe(0);
});

it('of many the newest are asked for, and a jump that no loss explains leaves none', () => {
  const missing = after(0, 201, 402);
  const all = missing.take(0, 20);
  expect([all.length, all[0], all.at(-1)]).toEqual([250, 151, 401]);
  missing.note(20_000, 1);
  expect(missing.size).toBe(0);
  missing.note(20_002, 1);
  expect(missing.take(1, 20)).toEqual([20_001]);
});
