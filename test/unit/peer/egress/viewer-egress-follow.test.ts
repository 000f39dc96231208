import { expect, it } from 'vitest';
import { parseRtcp, type RtcpMessage } from '../../../../src/media/rtp/rtcp.ts';
import type { SoundTimeline, StreamTimes } from '../../../../src/media/stream.ts';
import { ViewerEgress } from '../../../../src/peer/egress/viewer-egress.ts';
import { RecordingTransport, type ReceivedPacket } from './recording-transport.ts';

const NOW = Date.UTC(2026, 0, 1);
/** 100 ms of picture and of G.711. */
const [PICTURE_TICKS, SOUND_TICKS] = [9000, 800];

/** Of a camera whose clock is 5 s ahead. */
const unixMs = NOW + 5000;

/** A stream whose timeline is at `timestamp` at {@link NOW}. */
function times(timestamp: number): StreamTimes {
  return { videoTime: { unixMs, timestamp }, cameraClockOffsetMs: 5000 };
}

function soundTimeline(timestamp: number): SoundTimeline {
  return { time: () => ({ unixMs, timestamp }) };
}

it('a viewer that is shown another stream has numbers and times go on, from a keyframe on, and reports of both tracks with its first packets', () => {
  let now = NOW;
  let keyframesWanted = 0;
  const transport = new RecordingTransport();
  const egress = new ViewerEgress({
    media: {
      video: {
        ssrc: 1,
        cname: 'c',
        payloadTypes: new Map([
          ['H264', 102],
          ['H265', 104],
        ]),
      },
      audio: { ssrc: 2, cname: 'c', payloadTypes: new Map([['PCMU', 0]]) },
    },
    transport,
    times: times(1000),
    now: () => now,
    onKeyframeWanted: () => (keyframesWanted += 1),
    onSlow: () => undefined,
    onBroken: () => undefined,
    metadata: { open: false, send: () => undefined },
  });
  const show = (codec: 'H264' | 'H265', timestamp: number, keyframe = true): void =>
    egress.video({ codec, payloads: [Buffer.alloc(9)], timestamp, keyframe, discardable: false, bytes: 9 });
  const sound = (timestamp: number, timeline: SoundTimeline): void =>
    egress.audio({ codec: 'PCMU', payload: Buffer.alloc(8), timestamp, timeline, clockRate: 8000, marker: false });
  const sent = (ssrc: number): ReceivedPacket[] => transport.packets.filter((packet) => packet.ssrc === ssrc);
  const reports = (): Extract<RtcpMessage, { type: 'sender-report' }>[] =>
    transport.rtcp.flatMap((compound) => parseRtcp(compound).messages).filter((message) => message.type === 'sender-report');

  expect([egress.videoCodec, egress.audioCodec]).toEqual([undefined, undefined]);
  show('H265', 1000);
  sound(70, soundTimeline(70));
  expect([egress.videoCodec, egress.audioCodec]).toEqual(['H265', 'PCMU']);
  now += 100;
  transport.rtcp = [];
  egress.follow(times(0x8000_0000));
  // The other one may have no sound.
  expect(egress.audioCodec).toBeUndefined();
  show('H264', 0x8000_0000 + PICTURE_TICKS, false);
  expect([keyframesWanted, sent(1).length]).toEqual([1, 1]);
  show('H264', 0x8000_0000 + PICTURE_TICKS);
  sound((0xffff_ff00 + SOUND_TICKS) >>> 0, soundTimeline(0xffff_ff00));

  const step = ([first, second]: ReceivedPacket[]): number[] => [
    (second?.sequenceNumber ?? 0) - (first?.sequenceNumber ?? 0),
    ((second?.timestamp ?? 0) - (first?.timestamp ?? 0)) >>> 0,
  ];
  expect(sent(1).map(({ payloadType }) => payloadType)).toEqual([104, 102]);
  expect([step(sent(1)), step(sent(2))]).toEqual([
    [1, PICTURE_TICKS],
    [1, SOUND_TICKS],
  ]);
  expect(egress.videoCodec).toBe('H264');
  for (const ssrc of [1, 2]) {
    const report = reports().findLast((each) => each.ssrc === ssrc);
    expect(report?.rtpTimestamp).toBe(sent(ssrc).at(-1)?.timestamp);
  }
});
