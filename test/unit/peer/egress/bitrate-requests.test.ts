import { beforeEach, describe, expect, it } from 'vitest';
import { PacketHistory } from '../../../../src/media/packet-history.ts';
import type { VideoFrame } from '../../../../src/media/video-track.ts';
import { ViewerEgress } from '../../../../src/peer/egress/viewer-egress.ts';
import { RecordingTransport } from './recording-transport.ts';

const [VIDEO, AUDIO, VIEWER] = [1, 2, 3];
/** Each answer to a request is a compound packet of its own that ends in a TMMBN of one limit: its media rate is in the last word. */
const MANTISSA = 0x1_ffff;

let now: number;
let transport: RecordingTransport;
let egress: ViewerEgress;

beforeEach(() => {
  now = Date.UTC(2026, 0, 1);
  transport = new RecordingTransport();
  egress = new ViewerEgress({
    media: {
      video: { ssrc: VIDEO, cname: 'c', payloadTypes: new Map([['H264', 102]]) },
      audio: { ssrc: AUDIO, cname: 'c', payloadTypes: new Map([['PCMU', 0]]) },
    },
    transport,
    times: { videoTime: undefined, cameraClockOffsetMs: 0 },
    now: () => now,
    onKeyframeWanted: () => undefined,
    onSlow: () => undefined,
    onBroken: () => undefined,
    metadata: { open: false, send: () => undefined },
  });
});

function ask(...limits: [ssrc: number, bitsPerSecond: number][]): void {
  const entries = limits.map(([ssrc, bitsPerSecond]) => ({ ssrc, bitsPerSecond, overheadBytes: 0 }));
  egress.receiveRtcp({ type: 'tmmbr', ssrc: VIEWER, limits: entries });
}

/** Source and bit/s, below 2^17, of each answer; what else was reported is taken away. */
function answers(): [ssrc: number, bitsPerSecond: number][] {
  return transport.rtcp.splice(0).flatMap((compound) => {
    const at = compound.indexOf(Buffer.from([0x84, 0xcd]));
    return at < 0 ? [] : [[compound.readUInt32BE(at + 4), (compound.readUInt32BE(at + 16) >>> 9) & MANTISSA]];
  });
}

/** One packet of a keyframe; returns its sequence number, undefined where none was sent. */
function picture(): number | undefined {
  const frame: VideoFrame = {
    codec: 'H264',
    payloads: [Buffer.alloc(988)],
    timestamp: 0,
    keyframe: true,
    discardable: false,
    bytes: 988,
  };
  new PacketHistory(10_000).add(frame);
  const before = transport.packets.length;
  egress.video(frame);
  return transport.packets[before]?.sequenceNumber;
}

describe('requests for a bitrate (TMMBR) that are sent by one who means harm', () => {
  it('are answered once for each track of a message, by the last that it says of it', () => {
    ask(...Array.from({ length: 147 }, (_, at): [number, number] => [at % 2 === 0 ? VIDEO : AUDIO, 100_000 + at]));
    expect(answers()).toEqual([
      [VIDEO, 100_146],
      [AUDIO, 100_145],
    ]);
  });

  it('for a source that is not ours are not answered', () => {
    ask([5, 1000]);
    expect(transport.rtcp).toEqual([]);
  });

  it('are answered a few times a second, and the last one holds all the same', () => {
    for (let at = 0; at < 1000; at += 1) ask([VIDEO, 100_000 + at]);
    expect(answers()).toHaveLength(16);
    ask([VIDEO, 0]);
    expect([answers(), picture()]).toEqual([[], undefined]);
    now += 1000;
    for (let at = 0; at < 1000; at += 1) ask([VIDEO, 100_000]);
    expect(answers()).toHaveLength(4);
    expect(picture()).toBeDefined();
  });
});

it('what is missed while a bitrate is overdrawn is not sent again, and counted as refused', () => {
  const missed = picture() ?? -1;
  ask([VIDEO, 0]);
  egress.receiveRtcp({ type: 'nack', ssrc: VIEWER, mediaSsrc: VIDEO, sequenceNumbers: [missed, missed + 1, missed + 2] });
  expect(egress.statistics).toMatchObject({ packetsRetransmitted: 0, retransmissionsRefused: 3 });
});
