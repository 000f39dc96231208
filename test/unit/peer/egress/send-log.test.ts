import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { TransportFeedback } from '../../../../src/media/rtp/rtcp-transport-feedback.ts';
import { SendLog } from '../../../../src/peer/egress/send-log.ts';

const CAPACITY = 4096;

/** Packets of 100, 101 and so on bytes, sent 10 ms apart from `firstMs` on. */
function log(packets: number, firstMs = 0): SendLog {
  const sent = new SendLog();
  for (let number = 0; number < packets; number += 1) sent.add(100 + number, firstMs + number * 10);
  return sent;
}

/** Feedback on packets from the first of these on; those that are not listed did not arrive. Arrival in units of 250 us since the reference time. */
function feedback(
  arrivals: Record<number, number>,
  range: { first?: number; packets?: number; referenceTime?: number } = {},
): TransportFeedback {
  const sequenceNumbers = Object.keys(arrivals).map(Number);
  const first = range.first ?? sequenceNumbers[0] ?? 0;
  return {
    type: 'transport-feedback',
    firstSequence: first & 0xffff,
    packets: range.packets ?? (sequenceNumbers.at(-1) ?? first) - first + 1,
    referenceTime: range.referenceTime ?? 0,
    sequenceNumbers: sequenceNumbers.map((number) => number & 0xffff),
    arrivals: Object.values(arrivals),
  };
}

describe('the send log', () => {
  it('counts the bytes that left, in all and of late', () => {
    const sent = log(10);
    expect([sent.sentBytes, sent.bytesSince(80), sent.bytesSince(81), sent.bytesSince(91)]).toEqual([1045, 217, 109, 0]);
    sent.takeBack();
    expect([sent.sentBytes, sent.bytesSince(80)]).toEqual([936, 108]);
  });

  it('counts no more than it remembers, of late', () => {
    const sent = log(CAPACITY + 10);
    expect(sent.bytesSince(0)).toBe(sent.sentBytes - 1045);
  });

  it('numbers packets through the wrap of 16 bits', () => {
    const sent = log(0x1_0000);
    expect(sent.add(1, 0)).toBe(0);
    expect(sent.add(1, 0)).toBe(1);
  });

  it('says of each packet that is reported on when it was sent and came, or that it did not', () => {
    const sent = log(4, 5.25);
    expect(sent.take(feedback({ 0: 8, 2: 9 }, { packets: 4, referenceTime: 2 }))).toEqual([
      { bytes: 100, sentAtMs: 5.25, arrivedAtMs: 130, late: false, unreportedBytes: 0 },
      { bytes: 101, sentAtMs: 15.25, arrivedAtMs: undefined, late: false, unreportedBytes: 0 },
      { bytes: 102, sentAtMs: 25.25, arrivedAtMs: 130.25, late: false, unreportedBytes: 0 },
      { bytes: 103, sentAtMs: 35.25, arrivedAtMs: undefined, late: false, unreportedBytes: 0 },
    ]);
  });

  it('makes nothing of what is said twice, and tells a packet that came after all', () => {
    const sent = log(3);
    const said = feedback({ 0: 1, 2: 3 });
    expect(sent.take(said)).toHaveLength(3);
    expect(sent.take(said)).toEqual([]);
    expect(sent.take(feedback({ 1: 9 }))).toEqual([
      { bytes: 101, sentAtMs: 10, arrivedAtMs: 2.25, late: true, unreportedBytes: 0 },
    ]);
    expect(sent.take(feedback({ 1: 9 }))).toEqual([]);
  });

  it('makes nothing of what is said of packets that went by a former path, neither lost nor late nor unreported', () => {
    const sent = log(6);
    sent.take(feedback({ 0: 1, 2: 3 }));
    sent.beginPath();
    sent.add(1000, 100);
    expect(sent.take(feedback({ 1: 8, 5: 9 }))).toEqual([]);
    expect(sent.take(feedback({ 6: 10 }))).toEqual([
      { bytes: 1000, sentAtMs: 100, arrivedAtMs: 2.5, late: false, unreportedBytes: 0 },
    ]);
  });

  it('gives the number of a packet that was not sent to the next one', () => {
    const sent = log(2);
    expect(sent.add(500, 50)).toBe(2);
    sent.takeBack();
    expect(sent.add(600, 60)).toBe(2);
    expect(sent.take(feedback({ 0: 1, 1: 2, 2: 3 })).map(({ bytes }) => bytes)).toEqual([100, 101, 600]);
  });

  it('counts what lost feedback would have reported, once, and takes nothing from feedback that was overtaken', () => {
    const sent = log(7);
    sent.take(feedback({ 0: 1 }));
    expect(sent.take(feedback({ 4: 5, 5: 6 }))).toMatchObject([
      { bytes: 104, unreportedBytes: 101 + 102 + 103 },
      { bytes: 105, unreportedBytes: 0 },
    ]);
    expect(sent.take(feedback({ 1: 2, 2: 3, 3: 4 }))).toEqual([]);
    expect(sent.take(feedback({ 6: 7 }))).toMatchObject([{ bytes: 106, unreportedBytes: 0 }]);
  });

  it('counts what has no number once, to the packet behind it, and as sent', () => {
    const sent = log(2);
    sent.addUnnumbered(250, 15);
    sent.addUnnumbered(250, 16);
    sent.add(300, 20);
    sent.addUnnumbered(40, 25);
    expect([sent.sentBytes, sent.bytesSince(16), sent.numberedAtMs]).toEqual([201 + 500 + 300 + 40, 590, 20]);
    expect(sent.take(feedback({ 0: 1, 2: 3 }))).toMatchObject([
      { bytes: 100, unreportedBytes: 0 },
      { bytes: 101, arrivedAtMs: undefined, unreportedBytes: 0 },
      { bytes: 300, sentAtMs: 20, unreportedBytes: 500 },
    ]);
    expect(sent.take(feedback({ 1: 4 }))).toMatchObject([{ bytes: 101, sentAtMs: 10, late: true, unreportedBytes: 0 }]);
    sent.add(400, 30);
    sent.takeBack();
    sent.add(500, 40);
    expect(sent.take(feedback({ 3: 5 }))).toMatchObject([{ bytes: 500, sentAtMs: 40, unreportedBytes: 40 }]);
  });

  it('counts nothing of what went by a former path, with a number or without', () => {
    const sent = log(2);
    sent.addUnnumbered(250, 15);
    sent.beginPath();
    sent.addUnnumbered(60, 20);
    sent.add(300, 30);
    expect(sent.take(feedback({ 2: 5 }))).toMatchObject([{ bytes: 300, unreportedBytes: 60 }]);
  });

  it('remembers as many packets as ever where some have no number', () => {
    const sent = log(2);
    for (let packet = 0; packet < CAPACITY - 1; packet += 1) sent.addUnnumbered(1, 100 + packet);
    // The first has gone, the second is the oldest that is there.
    expect(sent.numberedAtMs).toBe(10);
    expect(sent.take(feedback({ 0: 1, 1: 2 }))).toMatchObject([{ bytes: 101 }]);
    sent.addUnnumbered(1, 5000);
    expect([sent.numberedAtMs, sent.bytesSince(0)]).toEqual([undefined, CAPACITY]);
    sent.add(300, 6000);
    expect(sent.take(feedback({ 2: 3 }))).toMatchObject([{ bytes: 300, sentAtMs: 6000, unreportedBytes: CAPACITY - 1 }]);
    // One that took the place of an old one and was not sent, does not cost another one its place.
    for (let packet = 0; packet < 2 * CAPACITY; packet += 1) {
      sent.add(7, 7000 + packet);
      sent.takeBack();
    }
    expect(sent.numberedAtMs).toBe(6000);
  });

  it('finds packets through the wrap of their numbers', () => {
    const sent = log(0x1_0003);
    const results = sent.take(feedback({ 0xfffe: 1, 0xffff: 2, 0x1_0000: 3, 0x1_0002: 4 }));
    expect(results.map(({ sentAtMs, arrivedAtMs }) => [sentAtMs, arrivedAtMs])).toEqual([
      [655_340, 0.25],
      [655_350, 0.5],
      [655_360, 0.75],
      [655_370, undefined],
      [655_380, 1],
    ]);
  });

  it('goes on counting when the reference time of the viewer comes round', () => {
    const sent = log(3);
    const at = (number: number, referenceTime: number): number | undefined =>
      sent.take(feedback({ [number]: 0 }, { referenceTime }))[0]?.arrivedAtMs;
    expect(at(0, 0x7f_ffff)).toBe(0x7f_ffff * 64);
    expect(at(1, -0x80_0000)).toBe(0x80_0000 * 64);
    expect(at(2, 0x7f_ffff)).toBe(0x7f_ffff * 64);
  });

  it('knows nothing of packets that were never sent, or are too long ago', () => {
    const sent = log(CAPACITY + 10);
    expect(sent.take(feedback({ 9: 1 }))).toEqual([]);
    expect(sent.take(feedback({ 10: 1 }))).toHaveLength(1);
    expect(sent.take(feedback({ [CAPACITY + 10]: 1 }))).toEqual([]);
    expect(sent.take(feedback({}, { first: CAPACITY + 8, packets: 0xffff }))).toHaveLength(2);
    expect(new SendLog().take(feedback({ 0: 1 }))).toEqual([]);
  });

  it('tells in one go what came after all and what is new, and nothing of a packet whose place another has taken', () => {
    const sent = log(4);
    sent.take(feedback({ 0: 1, 2: 3 }));
    expect(sent.take(feedback({ 1: 9, 3: 10 }))).toMatchObject([
      { bytes: 101, late: true },
      { bytes: 103, late: false },
    ]);
    const full = log(CAPACITY + 1);
    full.take(feedback({}, { first: 1, packets: CAPACITY }));
    expect(full.take(feedback({ 0: 1 }))).toEqual([]);
  });

  it('looks at each packet once, however often the viewer says of thousands that they did not come', () => {
    const Original = Uint8Array;
    let looks = 0;
    const get = (target: Uint8Array, key: string): unknown => {
      looks += 1;
      return Reflect.get(target, key);
    };
    const set = (target: Uint8Array, key: string, value: unknown): boolean => Reflect.set(target, key, value);
    vi.stubGlobal('Uint8Array', function Counted(length: number) {
      return new Proxy(new Original(length), { get, set });
    });
    onTestFinished(() => void vi.unstubAllGlobals());
    const sent = log(CAPACITY);
    for (let time = 0; time < 50; time += 1) sent.take(feedback({}, { first: 0, packets: CAPACITY }));
    expect(looks).toBe(CAPACITY);
    expect(sent.take(feedback({ 7: 1 }, { first: 0, packets: CAPACITY }))).toMatchObject([{ bytes: 107, late: true }]);
    expect(looks).toBeLessThan(CAPACITY + 4);
  });
});
