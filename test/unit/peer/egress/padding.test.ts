import { describe, expect, it, vi } from 'vitest';
import { RtpSender, type SenderParameters } from '../../../../src/peer/egress/rtp-sender.ts';
import { SendLog } from '../../../../src/peer/egress/send-log.ts';
import { createSrtpEgress } from '../../../../src/peer/egress/srtp.ts';
import { Feed, sendFrame } from './feed.ts';
import { RecordingTransport, type ReceivedPacket } from './recording-transport.ts';

/* What fills up a probe: it must reach the viewer as what it leaves out without harm. */

const NOW = Date.UTC(2026, 0, 1);
const [H264, RTX, H265] = [102, 103, 104];
const [SSRC, RTX_SSRC] = [0xaaaa_0001, 0xaaaa_0002];
const PARAMETERS: SenderParameters = {
  ssrc: SSRC,
  rtx: { ssrc: RTX_SSRC, payloadTypes: new Map([[H264, RTX]]) },
  transportSequence: { extensionId: 5 },
  cname: 'camera',
};
const PADDING_BIT = 0x20;

class Viewer {
  readonly transport = new RecordingTransport();
  readonly log = new SendLog();
  readonly sender: RtpSender;
  readonly feed = new Feed();

  constructor(parameters = PARAMETERS) {
    this.sender = new RtpSender(parameters, createSrtpEgress(this.transport), this.transport, this.log);
  }

  /** Pictures of three packets of 1000 bytes each. */
  show(pictures: number, payloadType = H264): this {
    for (let picture = 0; picture < pictures; picture += 1) {
      const payloads = [0, 1, 2].map((packet) => Buffer.alloc(1000, (picture * 3 + packet) % 251));
      sendFrame(this.sender, this.feed.frame(payloads, { payloadType }), NOW);
    }
    return this;
  }

  /** What it is sent by that. */
  padded(bytes: number, nowMs = NOW + 100): { packets: ReceivedPacket[]; datagrams: Buffer[]; bytes: number } {
    const before = this.transport.datagrams.length;
    const sent = this.sender.pad(bytes, nowMs);
    const datagrams = this.transport.datagrams.slice(before);
    return { packets: this.transport.packets.slice(before), datagrams, bytes: sent };
  }
}

function original({ payload }: ReceivedPacket): number {
  return payload.readUInt16BE(0);
}

describe('padding', () => {
  it('is packets of late, the newest first, by the stream for retransmission and with transport-wide numbers of their own', () => {
    const viewer = new Viewer().show(4);
    const shown = viewer.transport.packets;
    const { packets, datagrams, bytes } = viewer.padded(3500);
    expect(packets.map(original)).toEqual(
      shown
        .toReversed()
        .slice(0, 4)
        .map(({ sequenceNumber }) => sequenceNumber),
    );
    expect(packets.map(({ payload }) => payload.subarray(2))).toEqual(
      shown
        .toReversed()
        .slice(0, 4)
        .map(({ payload }) => payload),
    );
    expect(packets.every(({ ssrc, payloadType }) => ssrc === RTX_SSRC && payloadType === RTX)).toBe(true);
    expect(packets.map(({ extension }) => extension.readUInt16BE(5))).toEqual([12, 13, 14, 15]);
    expect(bytes).toBe(datagrams.reduce((sum, { length }) => sum + length, 0));
    expect(viewer.log.sentBytes).toBe(viewer.sender.counters.bytes);
  });

  it('goes on with those before, and from the newest again behind 64', () => {
    const viewer = new Viewer().show(40);
    const newest = viewer.transport.packets.at(-1)?.sequenceNumber ?? -1;
    const seen: number[] = [];
    for (let call = 0; call < 35; call += 1) seen.push(...viewer.padded(1500).packets.map(original));
    expect(seen.map((number) => newest - number)).toEqual(Array.from({ length: 70 }, (_, at) => at % 64));
  });

  it('is not what is two seconds old: then it is nothing but padding, on the same stream', () => {
    const viewer = new Viewer().show(4);
    const { packets, datagrams, bytes } = viewer.padded(600, NOW + 2001);
    expect(packets).toHaveLength(3);
    for (const datagram of datagrams) expect(datagram.readUInt8(0) & PADDING_BIT).toBe(PADDING_BIT);
    expect(packets.map(({ ssrc, payloadType, payload }) => [ssrc, payloadType, payload.at(-1)])).toEqual(
      packets.map(({ payload }) => [RTX_SSRC, RTX, payload.length]),
    );
    expect(bytes).toBeGreaterThanOrEqual(600);
    // The header is written in place, and the next packet is none of padding.
    viewer.show(1);
    expect((viewer.padded(1).datagrams[0]?.readUInt8(0) ?? 0) & PADDING_BIT).toBe(0);
  });

  it('is nothing but padding where the codec that is shown cannot be sent again on that stream', () => {
    const { packets } = new Viewer().show(4, H265).padded(100);
    expect(packets.map(({ payload }) => payload.at(-1))).toEqual([224]);
  });

  it.each([
    ['no stream for retransmission', { ...PARAMETERS, rtx: undefined }],
    ['no transport-wide numbers', { ...PARAMETERS, transportSequence: undefined }],
  ])('is not sent where there is %s', (_, { rtx, transportSequence, ...common }) => {
    const viewer = new Viewer({ ...common, ...(rtx && { rtx }), ...(transportSequence && { transportSequence }) }).show(4);
    expect(viewer.padded(1000)).toMatchObject({ packets: [], bytes: 0 });
  });

  it('is not sent before the first picture', () => {
    expect(new Viewer().padded(1000)).toMatchObject({ packets: [], bytes: 0 });
  });

  it('is sent no more than the path takes', () => {
    const viewer = new Viewer().show(4);
    vi.spyOn(viewer.transport, 'send').mockReturnValue(false);
    expect(viewer.sender.pad(5000, NOW)).toBe(0);
  });

  it('is bounded where a timer was late', () => {
    const viewer = new Viewer().show(40);
    expect(viewer.padded(10_000_000).packets).toHaveLength(16);
  });

  it('earns nothing that may be sent again on request, and is not counted as that', () => {
    const resent = (padding: number): number => {
      const viewer = new Viewer().show(60);
      const all = viewer.transport.packets.map(({ sequenceNumber }) => sequenceNumber);
      for (let call = 0; call < padding; call += 1) viewer.padded(20_000);
      expect(viewer.sender.counters.retransmitted).toBe(0);
      for (let round = 0; round < 10; round += 1) viewer.sender.retransmit(all, NOW + 400 + round * 200);
      return viewer.sender.counters.retransmitted;
    };
    expect(resent(40)).toBeLessThanOrEqual(resent(0) + 1);
  });

  it('stands for what a viewer asks for in the same moment', () => {
    const viewer = new Viewer().show(1);
    const [, , last] = viewer.transport.packets.map(({ sequenceNumber }) => sequenceNumber);
    viewer.padded(900);
    viewer.sender.retransmit([last ?? -1], NOW + 105);
    expect(viewer.sender.counters).toMatchObject({ retransmitted: 0, retransmissionsRefused: 1 });
  });
});
