import { describe, expect, it } from 'vitest';
import { parseRtcp, type ReportBlock } from '../../../../src/media/rtp/rtcp.ts';
import { RtpSender, type SenderParameters } from '../../../../src/peer/egress/rtp-sender.ts';
import { createSrtpEgress } from '../../../../src/peer/egress/srtp.ts';
import { hex } from '../../media/rtp-bytes.ts';
import { Feed, sendFrame } from './feed.ts';
import { RecordingTransport } from './recording-transport.ts';

const NOW = Date.UTC(2026, 0, 1);
const PARAMETERS: SenderParameters = {
  ssrc: 0xaaaa_0001,
  rtx: { ssrc: 0xaaaa_0002, payloadTypes: new Map([[102, 103]]) },
  cname: 'camera',
};

function start(parameters = PARAMETERS): { sender: RtpSender; transport: RecordingTransport } {
  const transport = new RecordingTransport();
  return { sender: new RtpSender(parameters, createSrtpEgress(transport), transport), transport };
}

function payload(number: number): Buffer {
  return Buffer.from([0x41, number & 0xff, 3, 4]);
}

/** Sends `count` packets and gives the sequence number of the first. */
function send(sender: RtpSender, transport: RecordingTransport, count: number): number {
  const before = transport.datagrams.length;
  for (let index = 0; index < count; index += 1) sender.send(payload(index), 102, index % 2 === 1, 1000 + index * 3000);
  return transport.datagrams[before]?.readUInt16BE(2) ?? -1;
}

const REPORT: ReportBlock = {
  ssrc: PARAMETERS.ssrc,
  fractionLost: 64,
  cumulativeLost: 0,
  extendedHighestSequence: 0,
  jitter: 0,
  lastSenderReport: 0,
  delaySinceLastSenderReport: 0,
};

describe('RTP sender', () => {
  it('numbers packets one by one from below 2^15, stamps them at a constant distance from the timeline', () => {
    const offsets = new Set<number>();
    for (let round = 0; round < 50; round += 1) {
      const { sender, transport } = start();
      const first = send(sender, transport, 4);
      expect(first).toBeGreaterThanOrEqual(0);
      expect(first).toBeLessThan(2 ** 15);
      const { packets } = transport;
      expect(packets.map(({ sequenceNumber }) => sequenceNumber - first)).toEqual([0, 1, 2, 3]);
      const offset = ((packets[0]?.timestamp ?? 0) - 1000) >>> 0;
      expect(packets.map(({ timestamp }) => (timestamp - offset) >>> 0)).toEqual([1000, 4000, 7000, 10_000]);
      offsets.add(offset);
    }
    expect(offsets.size).toBeGreaterThan(40);
  });

  it('sends each payload as it is, with payload type, marker and SSRC', () => {
    const { sender, transport } = start();
    send(sender, transport, 2);
    expect(transport.packets).toMatchObject([
      { payloadType: 102, marker: false, ssrc: 0xaaaa_0001, payload: payload(0), extension: Buffer.alloc(0) },
      { payloadType: 102, marker: true, ssrc: 0xaaaa_0001, payload: payload(1) },
    ]);
    expect(sender.counters).toMatchObject({
      packets: 2,
      bytes: transport.datagrams.reduce((sum, { length }) => sum + length, 0),
    });
  });

  it.each([
    ['0', 1, 'bede 0001 10 30 0000'],
    ['abc', 4, 'bede 0001 42 616263'],
    ['abcd', 14, 'bede 0002 e3 61626364 000000'],
    ['0123456789abcdef', 2, 'bede 0005 2f 30313233343536373839616263646566 000000'],
  ])('carries mid %s under id %i as RFC 8285 section 4.2 draws it', (value, extensionId, bytes) => {
    const { sender, transport } = start({ ...PARAMETERS, mid: { extensionId, value } });
    sendFrame(sender, new Feed().frame([payload(0)]), NOW);
    sender.retransmit([transport.packets[0]?.sequenceNumber ?? -1], NOW + 100);
    expect(transport.packets.map(({ extension }) => extension)).toEqual([hex(bytes), hex(bytes)]);
  });

  it('says in the last packet of a picture when it was taken, by the last report, as abs-capture-time draws it', () => {
    const extensions = { mid: { extensionId: 1, value: '0' }, captureTime: { extensionId: 3 } };
    const { sender, transport } = start({ ...PARAMETERS, ...extensions });
    const feed = new Feed();
    sendFrame(sender, feed.frame([payload(0)]), NOW);
    // The picture is 1.5 s older than what is reported, over the wrap of timestamps.
    sender.sendReport(NOW, 90_000, NOW);
    feed.timestamp = 2 ** 32 - 45_000 - 3600;
    sendFrame(sender, feed.frame([payload(1), payload(2)]), NOW);
    sender.retransmit([transport.packets.at(-1)?.sequenceNumber ?? -1], NOW + 100);
    const bare = hex('bede 0001 10 30 0000');
    // Second 3976214400 of NTP less 1.5.
    const stamped = hex('bede 0003 10 30 37 ed00377e 80000000 00');
    expect(transport.packets.map(({ extension }) => extension)).toEqual([bare, bare, stamped, stamped]);
  });
});

/** Middle 32 bits of the NTP time of the last report that was sent, read by hand. */
function middleOfSentReport(transport: RecordingTransport): number {
  return transport.rtcp.at(-1)?.readUInt32BE(10) ?? 0;
}

describe('RTP sender: reports', () => {
  it("carries the camera's time and the timestamp of that instant, as the viewer's packets have it", () => {
    const { sender, transport } = start();
    send(sender, transport, 3);
    const cameraTime = NOW - 3_600_000 + 0.5;
    sender.sendReport(cameraTime, 4000, NOW);
    const { messages, malformed } = parseRtcp(transport.rtcp[0] ?? Buffer.alloc(0));
    expect(malformed).toBe(false);
    expect(messages[0]).toMatchObject({
      type: 'sender-report',
      ssrc: 0xaaaa_0001,
      rtpTimestamp: transport.packets[1]?.timestamp,
      packets: 3,
      octets: 12,
    });
    // 2025-12-31T23:00:00Z in seconds since 1900, and half a millisecond in 1/2^32 s.
    expect(transport.rtcp[0]?.readUInt32BE(8)).toBe(NOW / 1000 - 3600 + 2_208_988_800);
    expect((transport.rtcp[0]?.readUInt32BE(12) ?? 0) / 2 ** 32).toBeCloseTo(0.0005, 6);
    expect(transport.rtcp[0]?.includes('camera')).toBe(true);
  });

  it('measures the round trip from the report that the viewer answers, and takes its loss', () => {
    const { sender, transport } = start();
    expect([sender.roundTripMs, sender.fractionLost]).toEqual([null, null]);
    sender.sendReport(NOW - 777_000, 0, NOW);
    const lastSenderReport = middleOfSentReport(transport);
    sender.sendReport(NOW - 776_000, 0, NOW + 1000);
    // Held for half a second by the viewer: 32768/65536 s.
    sender.receiveReport({ ...REPORT, lastSenderReport, delaySinceLastSenderReport: 32_768 }, NOW + 545);
    expect([sender.roundTripMs, sender.fractionLost]).toEqual([45, 0.25]);
  });

  it('takes no round trip from a report that answers none of its own, or claims to be held too long', () => {
    const { sender, transport } = start();
    sender.receiveReport(REPORT, NOW);
    sender.receiveReport({ ...REPORT, lastSenderReport: 4711 }, NOW);
    expect(sender.roundTripMs).toBeNull();
    sender.sendReport(NOW, 0, NOW);
    sender.receiveReport(
      { ...REPORT, lastSenderReport: middleOfSentReport(transport), delaySinceLastSenderReport: 0xffffffff },
      NOW + 20,
    );
    expect(sender.roundTripMs).toBe(0);
  });

  it('forgets reports that nobody answered', () => {
    const { sender, transport } = start();
    sender.sendReport(NOW, 0, NOW);
    const first = middleOfSentReport(transport);
    for (let second = 1; second <= 16; second += 1) sender.sendReport(NOW + second * 1000, 0, NOW + second * 1000);
    sender.receiveReport({ ...REPORT, lastSenderReport: first }, NOW + 17_000);
    expect(sender.roundTripMs).toBeNull();
  });
});
