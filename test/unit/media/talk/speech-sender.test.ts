import { expect, it } from 'vitest';
import { parseRtpPacket } from '../../../../src/media/rtp/packet.ts';
import { parseRtcp } from '../../../../src/media/rtp/rtcp.ts';
import type { SpeechFormat } from '../../../../src/media/talk/speech-format.ts';
import { SpeechSender } from '../../../../src/media/talk/speech-sender.ts';

const PCMU: SpeechFormat = { codec: 'PCMU', payloadType: 97, clockRate: 8000, channels: 1, bitsPerSample: 8 };
const START = { ssrc: 0xabcd, sequenceNumber: 0xffff, timestamp: 0xffff_ff60 };
const sound = { payload: Buffer.alloc(160, 1), samples: 160, durationMs: 20, isSilent: false };

it('numbers without gaps and lets the timestamp run with the samples in a spurt, with the time between two', () => {
  const sender = new SpeechSender(PCMU, START);
  const times: [begins: boolean, nowMs: number][] = [
    [true, 1000],
    // Late or early, within a spurt only the samples count.
    [false, 1090],
    [false, 1091],
    [true, 3000],
  ];
  const packets = times.map(([begins, nowMs]) => parseRtpPacket(sender.packet(sound, begins, nowMs)));
  expect(packets.map((each) => each?.sequenceNumber)).toEqual([0xffff, 0, 1, 2]);
  expect(packets.map((each) => each?.timestamp)).toEqual([0xffff_ff60, 0, 160, 16_000 - 160]);
  expect(packets.map((each) => each?.marker)).toEqual([true, false, false, true]);
  expect(packets.every((each) => each?.ssrc === 0xabcd && each.payloadType === 97 && each.payload.equals(sound.payload))).toBe(
    true,
  );
});

it('a spurt that begins early does not go back in time', () => {
  const sender = new SpeechSender(PCMU, { ...START, timestamp: 0 });
  for (let at = 0; at < 10; at += 1) sender.packet(sound, at === 0, 1000);
  expect(parseRtpPacket(sender.packet(sound, true, 1010))?.timestamp).toBe(1600);
});

it('marks each access unit of AAC as complete', () => {
  const sender = new SpeechSender({ ...PCMU, codec: 'AAC' }, START);
  expect([true, false].map((begins) => parseRtpPacket(sender.packet(sound, begins, 0))?.marker)).toEqual([true, true]);
});

it('reports what it sent and the time that it is', () => {
  const sender = new SpeechSender(PCMU, { ...START, timestamp: 0 });
  sender.packet(sound, true, 1000);
  sender.packet(sound, false, 1020);
  const [report] = parseRtcp(sender.report(1500, 1_700_000_000_250, 'talk')).messages;
  expect(report).toMatchObject({ type: 'sender-report', ssrc: 0xabcd, rtpTimestamp: 4000, packets: 2, octets: 320 });
  expect(report?.type === 'sender-report' && report.ntp.seconds).toBe(1_700_000_000 + 2_208_988_800);
});
