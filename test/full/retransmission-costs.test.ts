import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { packetizeH264 } from '../../src/media/h264/packetizer.ts';
import { PacketHistory, type KeptFrame } from '../../src/media/packet-history.ts';
import { parseRtcp } from '../../src/media/rtp/rtcp.ts';
import type { OutgoingFrame } from '../../src/peer/egress/outgoing-frame.ts';
import { Retransmissions } from '../../src/peer/egress/retransmissions.ts';

/* What it costs that packets can be sent again: memory, and processor time of this process. */

const VIEWERS = 50;
/** 4 Mbit/s at 25 pictures a second, with a keyframe every two seconds. */
const PICTURE_BYTES = 20_000;
const PICTURES_A_GROUP = 50;
/** With marker and payload type. */
const HEADER = Buffer.alloc(40, 102);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes in use, of objects and of what they point to outside the heap. */
function memory(): number {
  for (let round = 0; round < 4; round += 1) collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function cpuMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The pictures of so many seconds, each kept. */
function pictures(history: PacketHistory, seconds: number): OutgoingFrame[] {
  return Array.from({ length: seconds * 25 }, (_, at) => {
    const payloads = packetizeH264([Buffer.alloc(PICTURE_BYTES, 0x41)], 1150);
    const bytes = payloads.reduce((sum, { length }) => sum + length, 0);
    const frame: KeptFrame = { payloads, timestamp: at * 3600, keyframe: at % PICTURES_A_GROUP === 0, bytes };
    history.add(frame);
    return { payloads, payloadType: 102, timestamp: frame.timestamp, keyframe: frame.keyframe, kept: frame.kept };
  });
}

/** Six seconds, of which the newest are returned: the others are the history's alone. */
function fill(history: PacketHistory): OutgoingFrame[] {
  return pictures(history, 6).slice(-10);
}

function viewer(): Retransmissions {
  const stream = { sendRepair: (_: object, payload: Buffer): number => payload.length, sendSame: (): number => 0 };
  return new Retransmissions(new Map([[102, 103]]), stream, {
    packets: 2000,
    bytes: 2e6,
    retransmitted: 0,
    retransmissionsRefused: 0,
  });
}

/** Each viewer takes a picture whole. */
function note(viewers: readonly Retransmissions[], frames: readonly OutgoingFrame[]): number {
  let index = 5;
  for (const frame of frames) {
    for (const each of viewers)
      for (let packet = 0; packet < frame.payloads.length; packet += 1)
        each.note(HEADER, index + packet, frame, packet, index / 3);
    index += frame.payloads.length;
  }
  return (index - 5) * viewers.length;
}

describe('packets that can be sent again', () => {
  it('cost a stream of 4 Mbit/s at most 2.5 MB for all its viewers, and a viewer at most 100 KB', () => {
    const history = new PacketHistory(4 * 1024 * 1024);
    const before = memory();
    // The most of it, just before a keyframe.
    const newest = fill(history);
    const ofStream = memory() - before;
    const viewers = Array.from({ length: VIEWERS }, viewer);
    note(viewers, newest);
    const perViewer = (memory() - before - ofStream) / VIEWERS;
    console.log(
      `history of 4 Mbit/s: ${(ofStream / 1e6).toFixed(2)} MB (says ${(history.bytes / 1e6).toFixed(2)}); a viewer: ${(perViewer / 1000).toFixed(0)} KB`,
    );
    expect(viewers).toHaveLength(VIEWERS);
    expect(ofStream).toBeLessThan(2.5e6);
    expect(perViewer).toBeLessThan(100_000);
  });

  it('cost at most a quarter of a microsecond each', () => {
    const viewers = Array.from({ length: VIEWERS }, viewer);
    const frames = pictures(new PacketHistory(4 * 1024 * 1024), 6);
    note(viewers, frames);
    let packets = 0;
    const ms = cpuMs(() => {
      for (let round = 0; round < 20; round += 1) packets += note(viewers, frames);
    });
    console.log(`a packet that is noted: ${((ms * 1e6) / packets).toFixed(0)} ns`);
    expect((ms * 1e6) / packets).toBeLessThan(250);
  });

  it('a NACK of a whole datagram costs little, whatever it asks for', () => {
    const frames = pictures(new PacketHistory(4 * 1024 * 1024), 2);
    const one = viewer();
    note([one], frames);
    // 297 items of 17 numbers each.
    const nack = Buffer.alloc(12 + 297 * 4, 0xff);
    nack.writeUInt32BE(0x81cd_0000 + (nack.length / 4 - 1), 0);
    for (let at = 0; at < 297; at += 1) nack.writeUInt16BE(5 + ((at * 17) % 850), 12 + at * 4);
    const rounds = 2000;
    const parseMs = cpuMs(() => {
      for (let round = 0; round < rounds; round += 1) parseRtcp(nack);
    });
    const [message] = parseRtcp(nack).messages;
    if (message?.type !== 'nack') throw new Error('no NACK');
    expect(message.sequenceNumbers).toHaveLength(297 * 17);
    const answerMs = cpuMs(() => {
      for (let round = 0; round < rounds; round += 1)
        one.answer(message.sequenceNumbers, { roundTripMs: 50, isTwice: false }, 320 + round / 10);
    });
    const us = (ms: number): string => ((ms * 1000) / rounds).toFixed(0);
    console.log(`a NACK for ${message.sequenceNumbers.length} packets: ${us(parseMs)} us to parse, ${us(answerMs)} us to answer`);
    expect((parseMs + answerMs) / rounds).toBeLessThan(1);
  });
});
