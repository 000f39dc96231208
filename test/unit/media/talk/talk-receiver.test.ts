import { describe, expect, it } from 'vitest';
import type { RtpPacket } from '../../../../src/media/rtp/packet.ts';
import { TalkReceiver, type SpokenFrame } from '../../../../src/media/talk/talk-receiver.ts';
import { seededRandom } from '../../../../src/simulator/rtsp/faults.ts';

/** The n-th packet of 20 ms; its sound is its number. */
function packet(number: number, change: Partial<RtpPacket> = {}): RtpPacket {
  const timestamp = (0xffff_ff00 + number * 160) >>> 0;
  const common = { payloadType: 0, marker: false, ssrc: 7, sequenceNumber: (0xfff0 + number) & 0xffff };
  return { ...common, timestamp, payload: Buffer.alloc(160, number & 0xff), ...change };
}

/** `12` a packet by its number, `-20` so many milliseconds lost. */
function text(frames: readonly SpokenFrame[]): string {
  return frames.map(({ payload, durationMs }) => (payload === undefined ? `-${durationMs}` : String(payload[0]))).join(' ');
}

function receive(receiver: TalkReceiver, packets: readonly RtpPacket[]): SpokenFrame[] {
  return packets.flatMap((each, index) => receiver.push(each, index * 20));
}

describe('a talker', () => {
  it('is handed on packet by packet, with its duration, over the ends of both counters', () => {
    const frames = receive(
      new TalkReceiver('PCMU'),
      Array.from({ length: 40 }, (_, number) => packet(number)),
    );
    expect(text(frames)).toBe(Array.from({ length: 40 }, (_, number) => number).join(' '));
    expect(frames.every(({ durationMs }) => durationMs === 20)).toBe(true);
  });

  it('whose packets overtake each other is put in order', () => {
    expect(
      text(
        receive(
          new TalkReceiver('PCMU'),
          [0, 2, 1, 5, 4, 3, 6].map((number) => packet(number)),
        ),
      ),
    ).toBe('0 1 2 3 4 5 6');
  });

  it('of whom packets are lost is said to miss as much, once nothing can come in time', () => {
    const receiver = new TalkReceiver('PCMU');
    expect(
      text(
        receive(
          receiver,
          [0, 1, 4, 5, 6, 7, 8, 9].map((number) => packet(number)),
        ),
      ),
    ).toBe('0 1 -40 4 5 6 7 8 9');
    expect(receiver.lost).toBe(2);
  });

  it('who pauses has lost nothing', () => {
    const receiver = new TalkReceiver('PCMU');
    // Shorter than what would be filled in.
    const later = [2, 3].map((number) => packet(number, { timestamp: packet(number + 5).timestamp }));
    expect(text(receive(receiver, [packet(0), packet(1), ...later]))).toBe('0 1 2 3');
    expect(receiver.lost).toBe(0);
  });

  it('who was cut off for long is not filled in', () => {
    const receiver = new TalkReceiver('PCMU');
    expect(
      text(
        receive(
          receiver,
          [0, 1, 30, 31, 32, 33, 34].map((number) => packet(number)),
        ),
      ),
    ).toBe('0 1 30 31 32 33 34');
    expect(receiver.lost).toBe(28);
  });

  it('who comes back as another source begins anew', () => {
    const other = [5, 6].map((number) => packet(number, { ssrc: 8, sequenceNumber: number }));
    expect(text(receive(new TalkReceiver('PCMU'), [packet(0), packet(1), ...other]))).toBe('0 1 5 6');
  });

  it('who sends nothing, or seconds in a packet, is counted and not heard', () => {
    const receiver = new TalkReceiver('PCMU');
    const bad = [packet(0, { payload: Buffer.alloc(0) }), packet(1, { payload: Buffer.alloc(1200) })];
    expect(receive(receiver, bad)).toEqual([]);
    expect(receiver.malformed).toBe(2);
  });

  it.each([
    ['20 ms of CELT', [0xf8, 1], 20],
    ['60 ms of SILK', [0x18, 1], 60],
    ['two frames of 10 ms', [0xf1, 1], 20],
    ['three frames of 20 ms', [0xfb, 3, 1], 60],
  ])('of Opus lasts as long as the packet says: %s', (_, bytes, durationMs) => {
    expect(receive(new TalkReceiver('OPUS'), [packet(0, { payload: Buffer.from(bytes) })])).toEqual([
      { payload: Buffer.from(bytes), durationMs },
    ]);
  });

  it('of Opus with more than 120 ms in a packet is counted and not heard', () => {
    const receiver = new TalkReceiver('OPUS');
    expect(receive(receiver, [packet(0, { payload: Buffer.from([0xfb, 7, 1]) })])).toEqual([]);
    expect(receiver.malformed).toBe(1);
  });

  it('behind a bad network, with 5 % loss and 40 ms of jitter, is whole in time and order', () => {
    const random = seededRandom(4711);
    const sent = Array.from({ length: 3000 }, (_, number) => ({
      number,
      arrivalMs: number * 20 + 40 * random(),
      isLost: random() < 0.05,
    }));
    const arriving = sent.filter(({ isLost, number }) => !isLost || number === 0).sort((a, b) => a.arrivalMs - b.arrivalMs);
    const receiver = new TalkReceiver('PCMU');
    const frames = arriving.flatMap(({ number, arrivalMs }) => receiver.push(packet(number), arrivalMs));
    const came = frames.filter(({ payload }) => payload !== undefined).map(({ payload }) => payload?.[0]);
    // In order: no number is before the one that it follows, on a circle of 256.
    expect(came.every((number, index) => index === 0 || ((number ?? 0) - (came[index - 1] ?? 0) + 256) % 256 < 128)).toBe(true);
    const heardMs = frames.reduce((sum, { durationMs }) => sum + durationMs, 0);
    const last = arriving.at(-1)?.number ?? 0;
    // What still waits for a packet is at most as much as may wait.
    expect(heardMs).toBeGreaterThan((last + 1) * 20 - 120);
    expect(heardMs).toBeLessThanOrEqual((last + 1) * 20);
    expect(receiver.lost).toBeGreaterThan(100);
  });
});
