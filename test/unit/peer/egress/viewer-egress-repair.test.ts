import { beforeEach, expect, it } from 'vitest';
import type { Conversions, ConvertedPicture } from '../../../../src/media/conversion.ts';
import { Stream } from '../../../../src/media/stream.ts';
import { ViewerEgress } from '../../../../src/peer/egress/viewer-egress.ts';
import { H264Camera, IDR, PPS, SLICES, SPS, videoTrack } from '../../media/h264-camera.ts';
import { H265_IDR, H265_SETS, H265Camera, h265Slice, h265Track } from '../../media/h265-camera.ts';
import { RecordingTransport, type ReceivedPacket } from './recording-transport.ts';

/* From a camera's packets to a viewer that misses some of what it was sent. */

const [VIDEO, RTX] = [1, 2];
const H264 = videoTrack(`${SPS.toString('base64')},${PPS.toString('base64')}`);

let now: number;

beforeEach(() => {
  now = Date.UTC(2026, 0, 1);
});

class Viewer {
  readonly transport = new RecordingTransport();
  readonly egress: ViewerEgress;

  constructor(stream: Stream) {
    this.egress = new ViewerEgress({
      media: {
        video: {
          ssrc: VIDEO,
          rtx: { ssrc: RTX, payloadTypes: new Map([[102, 103]]) },
          cname: 'c',
          payloadTypes: new Map([['H264', 102]]),
        },
      },
      transport: this.transport,
      times: stream,
      now: () => now,
      pacing: false,
      onKeyframeWanted: () => undefined,
      onSlow: () => undefined,
      onBroken: () => undefined,
      metadata: { open: false, send: () => undefined },
    });
  }

  sent(ssrc: number): ReceivedPacket[] {
    return this.transport.packets.filter((packet) => packet.ssrc === ssrc);
  }

  /** Asks for packets; returns which of them are repaired: the number and payload of each. */
  miss(packets: readonly ReceivedPacket[]): Pick<ReceivedPacket, 'sequenceNumber' | 'payload' | 'timestamp' | 'marker'>[] {
    const before = this.sent(RTX).length;
    const sequenceNumbers = packets.map(({ sequenceNumber }) => sequenceNumber);
    this.egress.receiveRtcp({ type: 'nack', ssrc: 9, mediaSsrc: VIDEO, sequenceNumbers });
    return this.sent(RTX)
      .slice(before)
      .map(({ payload, timestamp, marker }) => ({
        ...{ sequenceNumber: payload.readUInt16BE(0), payload: payload.subarray(2), timestamp, marker },
      }));
  }
}

function start(conversions?: Conversions): Stream {
  return new Stream({
    ...{ maxPayload: 1150, keyframeCacheBytes: 1e6, clockOffsetMs: 0, onKeyframeWanted: () => undefined },
    ...(conversions === undefined ? {} : { conversions }),
  });
}

/** A camera's picture of a group of so many, 40 ms behind the one before. */
function show(stream: Stream, camera: H264Camera, count: number): void {
  for (let at = 0; at < count; at += 1) {
    const nal = at === 0 ? IDR : (SLICES[at % SLICES.length] ?? IDR);
    for (const packet of camera.picture([nal])) stream.receiveRtp(0, packet, now);
    now += 40;
  }
}

function original({ sequenceNumber, payload, timestamp, marker }: ReceivedPacket): object {
  return { sequenceNumber, payload, timestamp, marker };
}

it('who joins is repaired what it misses of a group of pictures that is four seconds long, and so is who was there from the first', () => {
  const stream = start();
  stream.setTracks([H264]);
  const [early, late] = [new Viewer(stream), new Viewer(stream)];
  stream.addReader(early.egress);
  show(stream, new H264Camera(), 100);
  now += 60;
  stream.addReader(late.egress);
  now += 60;
  const missed = late.sent(VIDEO).filter((_, at) => at % 5 === 0);
  expect(missed.length).toBeGreaterThan(20);
  expect(late.miss(missed)).toEqual(missed.map(original));
  // What one that was there from the first has missed for longer than 2 s is of no use to it any more.
  const [first] = early.sent(VIDEO);
  const newest = early.sent(VIDEO).slice(-30);
  expect(early.miss([...(first === undefined ? [] : [first]), ...newest])).toEqual(newest.map(original));
});

it('who is shown converted pictures is repaired those', () => {
  let make: ((picture: ConvertedPicture) => void) | undefined;
  const conversions: Conversions = {
    sound: () => undefined,
    video: (_, onPicture) => {
      make = onPicture;
      return { isFailed: false, push: () => undefined, close: () => undefined };
    },
  };
  const stream = start(conversions);
  stream.setTracks([h265Track()]);
  const viewer = new Viewer(stream);
  stream.addReader(viewer.egress);
  const camera = new H265Camera();
  for (const packet of [...camera.picture([...H265_SETS, H265_IDR]), ...camera.picture([h265Slice(1)])])
    stream.receiveRtp(0, packet, now);
  expect(viewer.sent(VIDEO)).toEqual([]);
  make?.({ nals: [SPS, PPS, IDR], timestamp: 1000, keyframe: true });
  for (const [at, slice] of SLICES.entries()) make?.({ nals: [slice], timestamp: 4600 + at * 3600, keyframe: false });
  now += 60;
  const sent = viewer.sent(VIDEO);
  expect(sent.length).toBeGreaterThan(10);
  const missed = [...sent.slice(0, 3), ...sent.slice(-3)];
  expect(viewer.miss(missed)).toEqual(missed.map(original));
});

it('who goes over to another stream is repaired what it misses of both', () => {
  const [one, other] = [start(), start()];
  for (const stream of [one, other]) stream.setTracks([H264]);
  const viewer = new Viewer(one);
  const remove = one.addReader(viewer.egress);
  show(one, new H264Camera(), 5);
  remove();
  viewer.egress.follow(other);
  other.addReader(viewer.egress);
  const before = viewer.sent(VIDEO).length;
  show(other, new H264Camera(7, 12_345), 5);
  now += 60;
  const sent = viewer.sent(VIDEO);
  const missed = sent.slice(before - 3, before + 3);
  expect(missed).toHaveLength(6);
  expect(viewer.miss(missed)).toEqual(missed.map(original));
});
