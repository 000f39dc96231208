import type * as crypto from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { RtpSender, type SenderParameters } from '../../../../src/peer/egress/rtp-sender.ts';
import { createSrtpEgress } from '../../../../src/peer/egress/srtp.ts';
import { Feed, sendFrame } from './feed.ts';
import { RecordingTransport, unprotect } from './recording-transport.ts';

/** Sequence numbers begin five before the wrap. */
vi.mock('node:crypto', async (original) => ({ ...(await original<typeof crypto>()), randomInt: () => 65_531 }));

const EXTENSIONS = {
  mid: { extensionId: 1, value: '0' },
  transportSequence: { extensionId: 2 },
  sendTime: { extensionId: 3 },
  captureTime: { extensionId: 4 },
};
const NUMBERS = [65_531, 65_532, 65_533, 65_534, 65_535, 0, 1, 2, 3, 4];

/** Ten packets, of five pictures: four with numbers after the wrap, or five. */
function sendTen(parameters: SenderParameters): { sender: RtpSender; transport: RecordingTransport } {
  const transport = new RecordingTransport();
  const sender = new RtpSender(parameters, createSrtpEgress(transport), transport);
  sender.sendReport(Date.UTC(2026, 0, 1), 0, 0);
  const feed = new Feed();
  for (let at = 0; at < 10; at += 2) sendFrame(sender, feed.frame([Buffer.from([0x41, at]), Buffer.from([0x41, at + 1])]), 0);
  return { sender, transport };
}

/** Under id 2, behind a mid of one byte (RFC 8285 section 4.2): the extensions are not encrypted. */
function transportNumbers({ datagrams }: RecordingTransport): number[] {
  return datagrams.map((datagram) => {
    expect(datagram.subarray(16, 19)).toEqual(Buffer.from([0x10, 0x30, 0x21]));
    return datagram.readUInt16BE(19);
  });
}

describe('over the wrap of sequence numbers', () => {
  it('packets go on with the next roll-over counter', () => {
    const { transport } = sendTen({ ssrc: 1, cname: 'camera' });
    const received = transport.datagrams.map((datagram, at) => unprotect(datagram, transport.keys, at < 5 ? 0 : 1));
    expect(received.map(({ sequenceNumber }) => sequenceNumber)).toEqual(NUMBERS);
    expect(received.map(({ payload }) => payload[1])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('what is missed is found on both sides, and the stream for retransmission wraps by itself', () => {
    const rtx = { ssrc: 2, payloadTypes: new Map([[102, 103]]) };
    const { sender, transport } = sendTen({ ssrc: 1, rtx, cname: 'camera', ...EXTENSIONS });
    sender.retransmit(NUMBERS, 100);
    // Each time that a packet is sent it has a transport-wide number of its own.
    expect(transportNumbers(transport)).toEqual(Array.from({ length: 20 }, (_, at) => at));
    const repairs = transport.datagrams.slice(10).map((datagram, at) => unprotect(datagram, transport.keys, at < 5 ? 0 : 1));
    expect(repairs.map(({ ssrc, sequenceNumber }) => [ssrc, sequenceNumber])).toEqual(NUMBERS.map((number) => [2, number]));
    expect(repairs.map(({ payload }) => [payload.readUInt16BE(0), payload[3]])).toEqual(
      NUMBERS.map((number, at) => [number, at]),
    );
  });

  it('what is missed is sent again as the very same bytes where there is no stream for retransmission', () => {
    const { sender, transport } = sendTen({ ssrc: 1, cname: 'camera', ...EXTENSIONS });
    const sent = [...transport.datagrams];
    expect(transportNumbers(transport)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    // By another report the same packet would say another time; and what is sent anew has another number.
    sender.sendReport(Date.UTC(2026, 0, 1) + 7, 0, 50);
    sender.retransmit([65_532, 65_533, 2, 4], 100);
    expect(transport.datagrams.slice(10)).toEqual([sent[1], sent[2], sent[7], sent[9]]);
    expect(unprotect(transport.datagrams.at(-1) ?? Buffer.alloc(0), transport.keys, 1).payload).toEqual(Buffer.from([0x41, 9]));
    expect(sender.counters).toMatchObject({ packets: 10, retransmitted: 4 });
    sendFrame(sender, new Feed().frame([Buffer.from([0x41])]), 100);
    expect(transport.datagrams.at(-1)?.readUInt16BE(2)).toBe(5);
  });
});
