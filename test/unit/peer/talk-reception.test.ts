import { expect, it, vi } from 'vitest';
import { RtcpRrPacket, RtpHeader } from 'werift';
import { parseRtcp } from '../../../src/media/rtp/rtcp.ts';
import { TalkReception } from '../../../src/peer/talk-reception.ts';
import { openSession, reaches, watch } from './session-fixture.ts';
import { WAIT } from './webrtc/loopback-viewer.ts';

const REPORTER = { ssrc: 0xbbbb_0001, cname: 'gateway' };

function packet(sequenceNumber: number, ssrc = 9): Parameters<TalkReception['receive']>[0] {
  return { payloadType: 0, marker: false, sequenceNumber, timestamp: sequenceNumber * 160, ssrc, payload: Buffer.alloc(160) };
}

it('a viewer that speaks is told what of it was lost, and nothing while it is silent', () => {
  const talk = new TalkReception();
  expect(talk.report(REPORTER, 0)).toBeUndefined();
  // Of five packets, 3 is missing: a fifth of 256 is 51.
  for (const sequence of [1, 2, 4, 5]) talk.receive(packet(sequence), 'PCMU', sequence * 20);
  const report = talk.report(REPORTER, 100);
  expect(parseRtcp(report ?? Buffer.alloc(0)).messages).toMatchObject([
    {
      type: 'receiver-report',
      ssrc: REPORTER.ssrc,
      reports: [{ ssrc: 9, fractionLost: 51, cumulativeLost: 1, extendedHighestSequence: 5 }],
    },
  ]);
  expect(report?.toString('latin1')).toContain('gateway');
  expect(talk.report(REPORTER, 200)).toBeUndefined();
});

it('a report refers to the last sender report of whoever speaks', () => {
  const talk = new TalkReception();
  talk.receive(packet(1), 'OPUS', 0);
  const report = { type: 'sender-report' as const, rtpTimestamp: 0, packets: 1, octets: 1, reports: [] };
  talk.receiveRtcp({ ...report, ssrc: 9, ntp: { seconds: 0x1234_5678, fraction: 0x9abc_def0 } }, 1000);
  talk.receiveRtcp({ ...report, ssrc: 5, ntp: { seconds: 1, fraction: 1 } }, 1100);
  const [message] = parseRtcp(talk.report(REPORTER, 1500) ?? Buffer.alloc(0)).messages;
  expect(message).toMatchObject({ reports: [{ lastSenderReport: 0x5678_9abc, delaySinceLastSenderReport: 32_768 }] });
});

it('a viewer of a session that speaks is sent receiver reports by the source of the sound', async () => {
  const opened = openSession({ audio: true, talk: true });
  const speaking = (answer: string): string => answer.replace(/(m=audio[\s\S]*?)a=recvonly/, '$1a=sendrecv');
  const { viewer } = await watch(opened, [], speaking);
  await reaches(opened, 'live');
  const reports: RtcpRrPacket[] = [];
  viewer.transport.onRtcp.subscribe((message) => {
    if (message instanceof RtcpRrPacket) reports.push(message);
  });
  await vi.waitFor(async () => {
    await viewer.transport.sendRtp(
      Buffer.alloc(160),
      new RtpHeader({ payloadType: 0, sequenceNumber: 1, timestamp: 0, ssrc: 9 }),
    );
    expect(reports.map((report) => report.reports.map(({ ssrc }) => ssrc))).toContainEqual([9]);
  }, WAIT);
  const audio = /m=audio[\s\S]*?a=ssrc:(\d+)/.exec(opened.offers[0]?.offer ?? '')?.[1];
  // The source of the picture, which sends nothing yet, reports as well, on nobody.
  expect(reports.find((report) => report.reports.length > 0)?.ssrc).toBe(Number(audio));
});
