import { describe, expect, it } from 'vitest';
import type { RtpPacket } from '../../../../src/media/rtp/packet.ts';
import { RtpReceiver } from '../../../../src/media/rtp/receiver.ts';

function packet(sequenceNumber: number, timestamp = 0, ssrc = 1): RtpPacket {
  return { payloadType: 96, marker: false, sequenceNumber, timestamp, ssrc, payload: Buffer.alloc(1) };
}

/** Feeds sequence numbers, one every 20 ms with 160 samples each at 8 kHz, so that there is no jitter. */
function feed(receiver: RtpReceiver, sequenceNumbers: number[]): ReturnType<RtpReceiver['receive']>[] {
  return sequenceNumbers.map((sequenceNumber, index) => receiver.receive(packet(sequenceNumber, index * 160), index * 20));
}

const PLAIN = { gap: false, restart: false };
const GAP = { gap: true, restart: false };

describe('RTP receiver', () => {
  it('has nothing to report before the first packet', () => {
    expect(new RtpReceiver(8000).report(0)).toBeUndefined();
  });

  it('marks the packet behind a loss and counts what is missing', () => {
    const receiver = new RtpReceiver(8000);
    expect(feed(receiver, [10, 11, 14, 15])).toEqual([PLAIN, PLAIN, GAP, PLAIN]);
    expect(receiver.lost).toBe(2);
  });

  it('drops what comes twice or late', () => {
    const receiver = new RtpReceiver(8000);
    expect(feed(receiver, [10, 12, 12, 11, 13])).toEqual([PLAIN, GAP, undefined, undefined, PLAIN]);
    expect(receiver.dropped).toBe(2);
    expect(receiver.lost).toBe(1);
  });

  it('goes on over the wrap of sequence numbers and reports them extended (RFC 3550 appendix A.1)', () => {
    const receiver = new RtpReceiver(8000);
    expect(feed(receiver, [65534, 65535, 0, 1])).toEqual([PLAIN, PLAIN, PLAIN, PLAIN]);
    expect(receiver.report(0)).toMatchObject({ extendedHighestSequence: 0x1_0001, cumulativeLost: 0, fractionLost: 0 });
    expect(feed(receiver, [3])).toEqual([GAP]);
    expect(receiver.lost).toBe(1);
  });

  it('takes a jump beyond 3000, either way, and another SSRC for a new source, and keeps the count of loss', () => {
    const receiver = new RtpReceiver(8000);
    feed(receiver, [10, 12]);
    expect(receiver.receive(packet(3012), 60)).toEqual(GAP);
    expect(receiver.lost).toBe(1 + 2999);
    expect(receiver.receive(packet(6013), 80)).toEqual({ gap: false, restart: true });
    expect(receiver.receive(packet(3012), 100)).toEqual({ gap: false, restart: true });
    expect(receiver.receive(packet(3013, 0, 2), 120)).toEqual({ gap: false, restart: true });
    expect(receiver.ssrc).toBe(2);
    expect(receiver.lost).toBe(3000);
    expect(receiver.report(140)).toMatchObject({ ssrc: 2, extendedHighestSequence: 3013, cumulativeLost: 0 });
  });

  it('follows one of two sources that send by turns, without loss', () => {
    const receiver = new RtpReceiver(8000);
    const heard = Array.from({ length: 40 }, (_, index) =>
      receiver.receive(packet(100 + (index >> 1), 0, 1 + (index % 2)), index * 10),
    );
    expect(heard.slice(0, 2)).toEqual([PLAIN, { gap: false, restart: true }]);
    expect(heard.slice(2)).toEqual(Array.from({ length: 38 }, (_, index) => (index % 2 === 0 ? undefined : PLAIN)));
    expect([receiver.ssrc, receiver.lost, receiver.dropped]).toEqual([2, 0, 19]);
  });

  it('reports the share lost since the report before, in 1/256, rounded down (appendix A.3)', () => {
    const receiver = new RtpReceiver(8000);
    feed(receiver, [1, 2, 4, 5]); // 5 expected, 1 lost
    expect(receiver.report(0)).toMatchObject({ fractionLost: 51, cumulativeLost: 1 });
    feed(receiver, [6, 9]); // 4 expected, 2 lost
    expect(receiver.report(0)).toMatchObject({ fractionLost: 128, cumulativeLost: 3 });
    feed(receiver, [10]);
    expect(receiver.report(0)).toMatchObject({ fractionLost: 0, cumulativeLost: 3 });
    expect(receiver.report(0)).toMatchObject({ fractionLost: 0, cumulativeLost: 3 });
  });

  it('measures jitter as appendix A.8: a sixteenth of each change of transit time', () => {
    const receiver = new RtpReceiver(8000);
    receiver.receive(packet(1, 0), 1000);
    receiver.receive(packet(2, 160), 1020);
    expect(receiver.report(0)?.jitter).toBe(0);
    // 80 ms late: transit grows by 640 units, J = 640/16; back again: J += (640 - 40)/16 = 77.5.
    receiver.receive(packet(3, 320), 1120);
    expect(receiver.report(0)?.jitter).toBe(40);
    receiver.receive(packet(4, 480), 1060);
    expect(receiver.report(0)?.jitter).toBe(78);
  });

  it('sees no jitter where timestamps or the clock in their units wrap', () => {
    const receiver = new RtpReceiver(90_000);
    // 2^32 / 90000 s is where arrival in 90 kHz units wraps.
    const wrapMs = (2 ** 32 / 90_000) * 1000;
    for (let index = 0; index < 10; index += 1) {
      receiver.receive(packet(index, (0xffff_ffff - 5 * 9000 + index * 9000) % 2 ** 32), wrapMs - 500 + index * 100);
    }
    expect(receiver.report(0)?.jitter).toBeLessThanOrEqual(1);
  });

  it('says when the last sender report came (section 6.4.1)', () => {
    const receiver = new RtpReceiver(8000);
    receiver.receiveSenderReport({ seconds: 0x1234abcd, fraction: 0x5678_0000 }, 1000);
    receiver.receive(packet(1), 1010);
    expect(receiver.report(2500)).toMatchObject({ lastSenderReport: 0xabcd5678, delaySinceLastSenderReport: 98_304 });
  });

  it('never reports a negative delay when our clock was set back', () => {
    const receiver = new RtpReceiver(8000);
    receiver.receiveSenderReport({ seconds: 1, fraction: 0 }, 1000);
    receiver.receive(packet(1), 1010);
    expect(receiver.report(500)?.delaySinceLastSenderReport).toBe(0);
  });

  it('answers a sender report that came ahead of the first packet, and none of an earlier source', () => {
    const receiver = new RtpReceiver(8000);
    receiver.receiveSenderReport({ seconds: 1, fraction: 0 }, 1000);
    receiver.receive(packet(1), 1010);
    expect(receiver.report(1020)).toMatchObject({ lastSenderReport: 0x1_0000 });
    receiver.receive(packet(20_000), 1030);
    expect(receiver.report(1040)).toMatchObject({ lastSenderReport: 0, delaySinceLastSenderReport: 0 });
  });
});
