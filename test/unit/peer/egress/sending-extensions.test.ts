import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RtpSender, type SenderParameters } from '../../../../src/peer/egress/rtp-sender.ts';
import { SendLog } from '../../../../src/peer/egress/send-log.ts';
import { createSrtpEgress } from '../../../../src/peer/egress/srtp.ts';
import { hex } from '../../media/rtp-bytes.ts';
import { RecordingTransport } from './recording-transport.ts';

/* What headers say of the sending itself: transport-wide numbers and the time. */

const VIDEO: SenderParameters = { ssrc: 1, cname: 'camera', mid: { extensionId: 1, value: '0' } };

let nowMs = 0;

beforeEach(() => {
  nowMs = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
});

afterEach(() => {
  vi.restoreAllMocks();
});

function sent(transport: RecordingTransport): string[] {
  return transport.packets.map(({ extension }) => extension.toString('hex'));
}

it('packets of all tracks of a viewer are numbered transport-wide in the order in which they leave, and noted with all of their bytes', () => {
  const transport = new RecordingTransport();
  const srtp = createSrtpEgress(transport);
  const log = new SendLog();
  const noted = vi.spyOn(log, 'add');
  for (let number = 0; number < 0xfffe; number += 1) log.add(0, 0);
  noted.mockClear();
  const [video, sound] = [VIDEO, { ...VIDEO, ssrc: 2, mid: { extensionId: 1, value: '1' } }].map(
    (parameters) => new RtpSender({ ...parameters, transportSequence: { extensionId: 5 } }, srtp, transport, log),
  );
  nowMs += 1234;
  for (const [track, length] of [
    [video, 1000],
    [sound, 160],
    [video, 10],
  ] as const)
    track?.send(Buffer.alloc(length), 102, false, 0);
  expect(sent(transport)).toEqual(
    ['bede000210305 1fffe000000', 'bede000210315 1ffff000000', 'bede000210305 10000000000'].map(strip),
  );
  // Header of 12, extension of 12, tag of 16.
  expect(noted.mock.calls).toEqual([
    [1040, 1234],
    [200, 1234],
    [50, 1234],
  ]);
  expect(transport.datagrams.map(({ length }) => length)).toEqual([1040, 200, 50]);
});

it('what is sent without such a number is noted too, as far as the path takes it', () => {
  const transport = new RecordingTransport();
  const log = new SendLog();
  const noted = vi.spyOn(log, 'addUnnumbered');
  const sound = new RtpSender(VIDEO, createSrtpEgress(transport), transport, log);
  vi.spyOn(transport, 'send').mockReturnValueOnce(false);
  for (let packet = 0; packet < 2; packet += 1) sound.send(Buffer.alloc(160), 0, false, 0);
  // Header of 12, extension of 8, tag of 16.
  expect(noted.mock.calls).toEqual([[196, 0]]);
});

it('a packet that the path does not take leaves its transport-wide number to the next one', () => {
  const transport = new RecordingTransport();
  const sender = new RtpSender({ ...VIDEO, transportSequence: { extensionId: 5 } }, createSrtpEgress(transport), transport);
  const refused = vi.spyOn(transport, 'send').mockReturnValueOnce(false);
  for (let packet = 0; packet < 2; packet += 1) sender.send(Buffer.alloc(10), 102, false, 0);
  expect(refused).toHaveBeenCalledTimes(2);
  expect(sent(transport)).toEqual([strip('bede000210305 10000000000')]);
});

it('abs-send-time is seconds of 6 bits with 18 bits of a fraction, also beside the time of the picture', () => {
  const transport = new RecordingTransport();
  const extensions = { sendTime: { extensionId: 2 }, captureTime: { extensionId: 3 } };
  const sender = new RtpSender({ ...VIDEO, ...extensions }, createSrtpEgress(transport), transport);
  sender.sendReport(Date.UTC(2026, 0, 1), 0, 0);
  nowMs += 1500;
  sender.send(Buffer.from('a'), 102, false, 0);
  nowMs += 62_750;
  sender.send(Buffer.from('b'), 102, true, 0);
  expect(sent(transport)).toEqual([
    // 1.5 s
    strip('bede0002 1030 22 060000 0000'),
    // 64.25 s; second 3976214400 of NTP.
    strip('bede0004 1030 22 010000 37 ed003780 00000000 00'),
  ]);
});

it('playout-delay is in the first packet of a keyframe, from when pictures are to be held back: least and most in steps of 10 ms', () => {
  const transport = new RecordingTransport();
  const extensions = { captureTime: { extensionId: 3 }, playoutDelay: { extensionId: 6 }, transportSequence: { extensionId: 5 } };
  const sender = new RtpSender({ ...VIDEO, ...extensions }, createSrtpEgress(transport), transport);
  sender.sendReport(Date.UTC(2026, 0, 1), 0, 0);
  const send = (keyframe: boolean, packets: number): string[] => {
    transport.datagrams = [];
    const payloads = Array.from({ length: packets }, () => Buffer.from('a'));
    const frame = { payloads, payloadType: 102, timestamp: 0, keyframe, kept: undefined };
    for (const index of payloads.keys()) sender.sendPacket(frame, index, 0);
    return sent(transport);
  };
  const capture = '37 ed003780 00000000';
  expect(send(true, 2)).toEqual([strip('bede0002 1030 510000 000000'), strip(`bede0004 1030 510001 ${capture} 0000`)]);
  sender.playoutDelayMs = 240;
  expect(send(true, 3)).toEqual([
    // 24 and 1000 of 12 bits each.
    strip('bede0003 1030 510002 62 0183e8 000000'),
    strip('bede0002 1030 510003 000000'),
    strip(`bede0004 1030 510004 ${capture} 0000`),
  ]);
  expect(send(false, 2)[0]).toBe(strip('bede0002 1030 510005 000000'));
  // A single packet has the time of the picture.
  expect(send(true, 1)).toEqual([strip(`bede0004 1030 510007 ${capture} 0000`)]);
  sender.playoutDelayMs = 0;
  expect(send(true, 2)[0]).toBe(strip('bede0003 1030 510008 62 0003e8 000000'));
});

it('playout-delay is not said to a viewer that did not take it, and is 10 s at most', () => {
  const transport = new RecordingTransport();
  const payloads = [Buffer.from('a'), Buffer.from('b')];
  const frame = { payloads, payloadType: 102, timestamp: 0, keyframe: true, kept: undefined };
  for (const parameters of [VIDEO, { ...VIDEO, playoutDelay: { extensionId: 6 } }]) {
    const sender = new RtpSender(parameters, createSrtpEgress(transport), transport);
    sender.playoutDelayMs = 11_000;
    sender.sendPacket(frame, 0, 0);
  }
  expect(sent(transport)).toEqual([strip('bede0001 1030 0000'), strip('bede0002 1030 62 3e83e8 0000')]);
});

it('what is sent again as it was is the very same bytes, its transport-wide number too', () => {
  const transport = new RecordingTransport();
  const log = new SendLog();
  const parameters = { ...VIDEO, transportSequence: { extensionId: 5 }, sendTime: { extensionId: 2 } };
  const sender = new RtpSender(parameters, createSrtpEgress(transport), transport, log);
  const payload = Buffer.from('picture');
  const kept = { history: { get: () => payload } as never, first: 0 };
  const frame = { payloads: [payload, payload], payloadType: 102, timestamp: 0, keyframe: true, kept };
  for (const index of [0, 1]) sender.sendPacket(frame, index, 0);
  nowMs += 200;
  sender.retransmit([transport.packets[0]?.sequenceNumber ?? -1], 200);
  expect(transport.datagrams).toHaveLength(3);
  expect(transport.datagrams[2]).toEqual(transport.datagrams[0]);
});

it('a repair by a stream of its own has a number of its own', () => {
  const transport = new RecordingTransport();
  const rtx = { ssrc: 9, payloadTypes: new Map([[102, 103]]) };
  const parameters = { ...VIDEO, rtx, transportSequence: { extensionId: 5 } };
  const sender = new RtpSender(parameters, createSrtpEgress(transport), transport, new SendLog());
  const payload = Buffer.from('picture');
  const kept = { history: { get: () => payload } as never, first: 0 };
  const frame = { payloads: Array.from({ length: 200 }, () => payload), payloadType: 102, timestamp: 0, keyframe: true, kept };
  for (const index of frame.payloads.keys()) sender.sendPacket(frame, index, 0);
  sender.retransmit([transport.packets[7]?.sequenceNumber ?? -1], 200);
  expect(transport.packets.at(-1)).toMatchObject({ ssrc: 9, extension: hex('bede0002 1030 5100c8 000000') });
});

it('a packet that the path did not take is not counted as sent', () => {
  const transport = new RecordingTransport();
  const sender = new RtpSender(VIDEO, createSrtpEgress(transport), transport);
  sender.send(Buffer.from('a'), 102, false, 0);
  vi.spyOn(transport, 'send').mockReturnValue(false);
  sender.send(Buffer.from('b'), 102, false, 0);
  expect(sender.counters).toMatchObject({ packets: 1, bytes: 12 + 8 + 1 + 16 });
});

function strip(text: string): string {
  return text.replaceAll(' ', '');
}
