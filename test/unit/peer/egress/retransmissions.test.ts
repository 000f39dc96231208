import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Retransmissions, type RepairPacket, type SenderCounters } from '../../../../src/peer/egress/retransmissions.ts';
import { Feed } from './feed.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const NOW = 1_000_000;
const HEADER_BYTES = 40;
const [H264, RTX, H265] = [102, 103, 104];
const PACKET = 1000;

interface Resent {
  repair?: RepairPacket & { number: number };
  header?: Buffer;
  payload: Buffer;
  index?: number;
}

/** What one viewer is sent: packets of 1000 bytes with their header, as the stream of it does. */
class Viewer {
  readonly counters: SenderCounters = { packets: 0, bytes: 0, retransmitted: 0, retransmissionsRefused: 0 };
  resent: Resent[] = [];
  /** Of the next packet. */
  index: number;
  bytes = 0;
  /** Packets that it asked for. */
  asked = 0;
  isBlocked = false;
  /** Packets that were to be sent again, whether the path took them or not. */
  tried = 0;
  readonly #retransmissions: Retransmissions;

  constructor(index = 5, payloadTypes = new Map([[H264, RTX]])) {
    this.index = index;
    const took = (resent: Resent, bytes: number): number => {
      this.tried += 1;
      if (this.isBlocked) return 0;
      this.resent.push({ ...resent, payload: Buffer.from(resent.payload) });
      this.bytes += bytes;
      this.counters.bytes += bytes;
      return bytes;
    };
    const stream = {
      sendRepair: (packet: RepairPacket, payload: Buffer): number =>
        took(
          { repair: { ...packet, number: payload.readUInt16BE(0) }, payload: payload.subarray(2) },
          HEADER_BYTES + payload.length,
        ),
      sendSame: (header: Buffer, payload: Buffer, index: number): number =>
        took({ header: Buffer.from(header), payload, index }, header.length + payload.length),
    };
    this.#retransmissions = new Retransmissions(payloadTypes, stream, this.counters);
  }

  /** Sends a picture of so many packets; returns their payloads. */
  send(
    feed: Feed,
    packets: number,
    { nowMs = NOW, keyframe = false, payloadType = H264, isKept = true } = {},
  ): readonly Buffer[] {
    const payloads = Array.from({ length: packets }, (_, at) => Buffer.alloc(PACKET - HEADER_BYTES, (this.index + at) % 251));
    const frame = feed.frame(payloads, { keyframe, payloadType });
    this.sendFrame(isKept ? frame : { ...frame, kept: undefined }, nowMs);
    return payloads;
  }

  sendFrame(frame: ReturnType<Feed['frame']>, nowMs = NOW): void {
    for (const at of frame.payloads.keys()) {
      const header = Buffer.alloc(HEADER_BYTES, this.index % 241);
      header[1] = frame.payloadType + (at === frame.payloads.length - 1 ? 0x80 : 0);
      header.writeUInt16BE(this.index % 65_536, 2);
      header.writeUInt32BE((frame.timestamp + 77) >>> 0, 4);
      this.counters.packets += 1;
      this.counters.bytes += header.length + (frame.payloads[at]?.length ?? 0);
      this.#retransmissions.note(header, this.index, frame, at, nowMs);
      this.index += 1;
    }
  }

  forget(): void {
    this.#retransmissions.forget();
  }

  /** Asks for packets; returns what it is sent. */
  miss(indices: readonly number[], nowMs: number, roundTripMs: number | null = 50, isTwice = false): Resent[] {
    this.resent = [];
    this.asked += indices.length;
    this.#retransmissions.answer(
      indices.map((index) => index & 0xffff),
      { roundTripMs, isTwice },
      nowMs,
    );
    return this.resent;
  }
}

let feed: Feed;

beforeEach(() => {
  feed = new Feed();
});

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => from + at);
}

describe('a packet that a viewer misses', () => {
  it('is sent again with its number ahead of its payload, its marker and its timestamp (RFC 4588 section 4)', () => {
    const viewer = new Viewer();
    const payloads = viewer.send(feed, 3, { keyframe: true });
    expect(viewer.miss([6, 7], NOW + 60)).toEqual([
      { repair: { payloadType: RTX, marker: false, timestamp: 3677, number: 6 }, payload: payloads[1] },
      { repair: { payloadType: RTX, marker: true, timestamp: 3677, number: 7 }, payload: payloads[2] },
    ]);
    expect(viewer.counters).toMatchObject({ retransmitted: 2, retransmissionsRefused: 0 });
  });

  it('is sent again twice where that may be lost too, and counts once, its bytes twice', () => {
    const viewer = new Viewer();
    const payloads = viewer.send(feed, 3, { keyframe: true });
    expect(viewer.miss([6], NOW + 60, 50, true).map(({ payload }) => payload)).toEqual([payloads[1], payloads[1]]);
    expect(viewer.counters).toMatchObject({ retransmitted: 1, retransmissionsRefused: 0 });
    expect(viewer.miss([6], NOW + 70, 50, true)).toEqual([]);
    // Of 32 KB, and half of what was sent.
    viewer.send(feed, 100, { nowMs: NOW + 1000 });
    const left = viewer.miss(range(8, 100), NOW + 1060, 50, true).length;
    expect(left).toBeGreaterThan(80);
    expect(left).toBeLessThan(100);
  });

  it('is not sent again where the viewer needs nothing of what was sent until then', () => {
    const viewer = new Viewer();
    viewer.send(feed, 3, { keyframe: true });
    viewer.forget();
    const payloads = viewer.send(feed, 2, { keyframe: true });
    expect(viewer.miss([5, 6, 7, 8], NOW + 60).map(({ payload }) => payload)).toEqual([payloads[0]]);
    expect(viewer.counters).toMatchObject({ retransmitted: 1, retransmissionsRefused: 3 });
  });

  it('is sent again whole, and nothing more, behind a longer one', () => {
    const viewer = new Viewer();
    const payloads = [Buffer.alloc(900, 1), Buffer.alloc(30, 2), Buffer.alloc(901, 3)];
    viewer.sendFrame(feed.frame(payloads));
    expect(viewer.miss([5, 6, 7], NOW + 60).map(({ payload }) => payload)).toEqual(payloads);
  });

  it('is found by its number over many wraps', () => {
    const viewer = new Viewer(7 * 65_536 - 2);
    const payloads = viewer.send(feed, 4, { keyframe: true });
    const resent = viewer.miss(range(7 * 65_536 - 2, 4), NOW + 60);
    expect(resent.map(({ repair, payload }) => [repair?.number, payload])).toEqual(
      [65_534, 65_535, 0, 1].map((number, at) => [number, payloads[at]]),
    );
  });

  it('is sent again as it was where its codec has no payload type of retransmission', () => {
    const viewer = new Viewer();
    viewer.send(feed, 1, { keyframe: true });
    const payloads = viewer.send(feed, 2, { keyframe: true, payloadType: H265 });
    const header = Buffer.alloc(HEADER_BYTES, 7);
    header[1] = 0x80 + H265;
    header.writeUInt16BE(7, 2);
    header.writeUInt32BE(7277, 4);
    expect(viewer.miss([7], NOW + 60)).toEqual([{ header, payload: payloads[1], index: 7 }]);
    // What has one is repaired by it all the same.
    expect(viewer.miss([5], NOW + 60).map(({ repair }) => repair?.number)).toEqual([5]);
  });

  it('is sent again as it was only by its own header, as long as that is kept: never are other bytes sent under its index', () => {
    const viewer = new Viewer(5, new Map());
    for (let at = 0; at < 4097; at += 1) viewer.sendFrame(feed.frame([Buffer.alloc(9)], { keyframe: at === 0 }));
    // 4096 packets later its place is another's.
    expect(viewer.miss([5], NOW + 60)).toEqual([]);
    expect(viewer.miss([6], NOW + 60).map(({ index, header }) => [index, header?.readUInt16BE(2)])).toEqual([[6, 6]]);
  });

  it.each([
    ['that was never sent', [3, 4, 9, 40_000]],
    ['of a picture that is not kept', [8]],
  ])('%s is refused, and counted', (_, indices) => {
    const viewer = new Viewer();
    viewer.send(feed, 3, { keyframe: true });
    viewer.send(feed, 1, { isKept: false });
    expect(viewer.miss(indices, NOW + 60)).toEqual([]);
    expect(viewer.counters).toMatchObject({ retransmitted: 0, retransmissionsRefused: indices.length });
  });

  it('is refused once the history let it go', () => {
    feed = new Feed(4500);
    const viewer = new Viewer();
    viewer.send(feed, 1, { keyframe: true });
    for (let at = 0; at < 4; at += 1) viewer.send(feed, 1);
    expect(viewer.miss(range(5, 5), NOW + 60).map(({ repair }) => repair?.number)).toEqual([7, 8, 9]);
    expect(viewer.counters).toMatchObject({ retransmitted: 3, retransmissionsRefused: 2 });
  });

  it('is refused 2 s after it was sent, also where it is still kept, and where the clock was set back', () => {
    const viewer = new Viewer();
    viewer.send(feed, 3, { keyframe: true });
    expect(viewer.miss([5], NOW + 2000)).toHaveLength(1);
    expect(viewer.miss([6], NOW + 2001)).toEqual([]);
    expect(viewer.miss([7], NOW - 3_600_000)).toEqual([]);
    viewer.send(feed, 1, { nowMs: NOW + 10_000 });
    expect(viewer.miss([8], NOW + 9000)).toEqual([]);
    expect(viewer.miss([8], NOW + 10_060)).toHaveLength(1);
  });

  it('is sent again later where the path takes nothing now, of which one packet is enough to know', () => {
    const viewer = new Viewer();
    viewer.send(feed, 3, { keyframe: true });
    viewer.isBlocked = true;
    expect(viewer.miss([5, 6, 7], NOW + 60)).toEqual([]);
    expect(viewer.tried).toBe(1);
    viewer.isBlocked = false;
    expect(viewer.miss([5, 6, 7], NOW + 61)).toHaveLength(3);
    expect(viewer.counters).toMatchObject({ retransmitted: 3, retransmissionsRefused: 3 });
  });
});

describe('a viewer that joins', () => {
  it('is sent again what it misses of the group of pictures that is older than what is kept otherwise', () => {
    const sender = new Viewer();
    const frames = range(0, 250).map((at) => feed.frame([Buffer.alloc(500, at)], { keyframe: at === 0 }));
    // Ten seconds of pictures.
    for (const frame of frames) sender.sendFrame(frame);
    const resent = sender.miss([5, 6, 250], NOW + 60);
    expect(resent.map(({ payload }) => payload[0])).toEqual([0, 1, 245]);
  });
});

describe('a viewer that is shown another stream', () => {
  it('is sent again what it misses of the one before, for 2 s, and of what is made of its pictures', () => {
    const viewer = new Viewer();
    const [other, converted] = [new Feed(), new Feed()];
    const [first] = viewer.send(feed, 1, { keyframe: true });
    const [second] = viewer.send(other, 1, { keyframe: true, nowMs: NOW + 500 });
    const [third] = viewer.send(converted, 1, { keyframe: true, nowMs: NOW + 1000 });
    const [fourth] = viewer.send(feed, 1, { nowMs: NOW + 1500 });
    expect(viewer.miss([5, 6, 7, 8], NOW + 1600).map(({ payload }) => payload)).toEqual([first, second, third, fourth]);
    expect(viewer.miss([5, 6, 7, 8], NOW + 2600).map(({ payload }) => payload)).toEqual([third, fourth]);
  });
});

it('the history of a stream that a viewer left is not kept alive by it', async () => {
  const viewer = new Viewer();
  // In a function of its own, so that nothing here refers to it.
  const former = ((): WeakRef<object> => {
    const left = new Feed();
    viewer.send(left, 1, { keyframe: true });
    return new WeakRef(left.history);
  })();
  viewer.send(feed, 1, { keyframe: true, nowMs: NOW + 100 });
  viewer.send(feed, 1, { nowMs: NOW + 2100 });
  await vi.waitFor(() => {
    collect();
    expect(former.deref() === undefined).toBe(false);
  });
  viewer.send(feed, 1, { nowMs: NOW + 2101 });
  await vi.waitFor(() => {
    collect();
    expect(former.deref() === undefined).toBe(true);
  });
});

describe('what is sent again', () => {
  it('is each packet at most once in a round trip', () => {
    const viewer = new Viewer();
    viewer.send(feed, 2, { keyframe: true });
    const counts = [60, 100, 139, 140].map((later) => viewer.miss([5], NOW + later, 80).length);
    expect(counts).toEqual([1, 0, 0, 1]);
    expect(viewer.miss([6, 6, 6], NOW + 200, 80)).toHaveLength(1);
    expect(viewer.counters).toMatchObject({ retransmitted: 3, retransmissionsRefused: 4 });
  });

  it('is a packet whose place was that of another one, which was sent again just now', () => {
    const viewer = new Viewer();
    viewer.sendFrame(feed.frame([Buffer.alloc(9)], { keyframe: true }));
    expect(viewer.miss([5], NOW + 1)).toHaveLength(1);
    for (let at = 0; at < 4096; at += 1) viewer.sendFrame(feed.frame([Buffer.alloc(9)]));
    expect(viewer.miss([5 + 4096], NOW + 20)).toHaveLength(1);
  });

  it.each([
    [0, 10],
    [null, 100],
  ])('is not the same again within a while where the round trip is said to be %s ms', (roundTripMs, whileMs) => {
    const viewer = new Viewer();
    viewer.send(feed, 1, { keyframe: true });
    expect([0, whileMs - 1, whileMs].map((later) => viewer.miss([5], NOW + later, roundTripMs).length)).toEqual([1, 0, 1]);
  });

  it('repairs at once what is lost of a third of the packets, and what is lost again of those', () => {
    const viewer = new Viewer();
    viewer.send(feed, 300, { keyframe: true });
    const lost = range(5, 300).filter((index) => index % 3 === 0);
    expect(viewer.miss(lost, NOW + 60)).toHaveLength(100);
    expect(
      viewer.miss(
        lost.filter((index) => index % 9 === 0),
        NOW + 120,
      ),
    ).toHaveLength(33);
    expect(viewer.counters.retransmissionsRefused).toBe(0);
  });

  it('is all that a stream of 64 kbit/s lost in a second', () => {
    const viewer = new Viewer();
    for (let second = 0; second < 10; second += 1) {
      const nowMs = NOW + second * 1000;
      const from = viewer.index;
      viewer.send(feed, 8, { keyframe: true, nowMs });
      expect(viewer.miss(range(from, 8), nowMs + 60)).toHaveLength(8);
    }
  });

  it('costs at most half of what is sent, 16 KB a second and 32 KB, of a viewer that asks for all of it all the time', () => {
    const viewer = new Viewer();
    // 4 Mbit/s: 20 packets of 1000 bytes each 40 ms, and as many requests for each packet of the last second as fit in.
    for (let picture = 0; picture < 500; picture += 1) {
      const nowMs = NOW + picture * 40;
      viewer.send(feed, 20, { keyframe: picture % 50 === 0, nowMs });
      for (const later of [0, 10, 20, 30]) viewer.miss(range(Math.max(5, viewer.index - 500), 500), nowMs + later, 0);
    }
    const sent = 500 * 20 * PACKET;
    expect(viewer.bytes).toBeGreaterThan(sent * 0.45);
    expect(viewer.bytes).toBeLessThanOrEqual(sent / 2 + 20 * 16_000 + 32_000 + 1100);
    expect(viewer.counters.retransmitted + viewer.counters.retransmissionsRefused).toBe(viewer.asked);
  });

  it('is nothing for one that has asked for all too much, until a while later', () => {
    const viewer = new Viewer();
    viewer.send(feed, 100, { keyframe: true });
    // More than four times what was sent, of what was never sent.
    expect(viewer.miss(range(1000, 2000), NOW + 60)).toEqual([]);
    expect(viewer.miss([5], NOW + 60)).toEqual([]);
    expect(viewer.miss([5], NOW + 70)).toHaveLength(1);
    expect(viewer.counters).toMatchObject({ retransmitted: 1, retransmissionsRefused: 2001 });
  });

  it('is after a pause no more than 256 KB at once', () => {
    const viewer = new Viewer();
    for (let picture = 0; picture < 20; picture += 1) viewer.send(feed, 50, { keyframe: picture === 0 });
    const resent = viewer.miss(range(5, 1000), NOW + 1900);
    expect(resent.length).toBeGreaterThan(240);
    expect(viewer.bytes).toBeLessThanOrEqual(256_000 + 1100);
  });
});
