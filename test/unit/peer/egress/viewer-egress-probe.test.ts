import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PacketHistory, type KeptFrame } from '../../../../src/media/packet-history.ts';
import { CircuitBreaker } from '../../../../src/peer/egress/circuit-breaker.ts';
import { ViewerEgress } from '../../../../src/peer/egress/viewer-egress.ts';
import { RecordingTransport } from './recording-transport.ts';

/* All of a viewer's egress on a path that carries what it is sent: what is reported is what left, 20 ms later. */

const MBIT = 1_000_000;
const [SSRC, RTX_SSRC, SOUND_SSRC] = [0xaaaa_0001, 0xaaaa_0002, 0xaaaa_0003];
const WAY_MS = 20;
const PICTURE_MS = 40;
const FEEDBACK_MS = 50;

let now: number;
let transport: RecordingTransport;
let history: PacketHistory;
let reported: number;
/** When each datagram left. */
let leftAt: number[];
/** By how much the path delays a datagram, by its number. */
let delayedBy: (number: number) => number;
/** Whether it loses it. */
let isLost: (number: number) => boolean;

beforeEach(() => {
  vi.useFakeTimers();
  now = Date.UTC(2026, 0, 1);
  vi.spyOn(performance, 'now').mockImplementation(() => now - Date.UTC(2026, 0, 1));
  transport = new RecordingTransport();
  history = new PacketHistory(4_000_000);
  [reported, leftAt] = [0, []];
  delayedBy = () => 0;
  isLost = () => false;
  const send = transport.send.bind(transport);
  vi.spyOn(transport, 'send').mockImplementation((datagram) => {
    leftAt.push(performance.now());
    return send(datagram);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function viewer(rtx: boolean, holdsBack = true): ViewerEgress {
  const repair = rtx ? { rtx: { ssrc: RTX_SSRC, payloadTypes: new Map([[102, 103]]) } } : {};
  const extensions = { transportSequence: { extensionId: 5 }, playoutDelay: { extensionId: 6 } };
  return new ViewerEgress({
    media: {
      video: { ssrc: SSRC, cname: 'c', payloadTypes: new Map([['H264', 102]]), ...extensions, ...repair },
      audio: { ssrc: SOUND_SSRC, cname: 'c', payloadTypes: new Map([['PCMU', 0]]) },
    },
    transport,
    times: { videoTime: undefined, cameraClockOffsetMs: 0 },
    now: () => now,
    holdsBack,
    onKeyframeWanted: () => undefined,
    onSlow: () => undefined,
    onBroken: () => undefined,
    metadata: { open: false, send: () => undefined },
  });
}

/** Pictures of two packets, and feedback on all that left, for so long. */
function run(egress: ViewerEgress, milliseconds: number): void {
  for (const endMs = now + milliseconds; now < endMs; now += 1) {
    if (now % PICTURE_MS === 0) show(egress);
    vi.advanceTimersByTime(1);
    if (now % FEEDBACK_MS === 0) report(egress);
  }
}

function show(egress: ViewerEgress): void {
  const payloads = [Buffer.alloc(1000, 1), Buffer.alloc(1000, 2)];
  const timestamp = ((now % 1_000_000) * 90) >>> 0;
  const frame: KeptFrame = { payloads, timestamp, keyframe: true, bytes: 2000 };
  history.add(frame);
  egress.video({ codec: 'H264', discardable: false, ...frame });
}

function report(egress: ViewerEgress): void {
  const packets = transport.datagrams.length - reported;
  if (packets === 0) return;
  const numbers = Array.from({ length: packets }, (_, at) => reported + at).filter((number) => !isLost(number));
  const sequenceNumbers = numbers.map((number) => number & 0xffff);
  const referenceTime = Math.floor((leftAt[reported] ?? 0) / 64);
  const arrivals = numbers.map((number) => ((leftAt[number] ?? 0) + WAY_MS + delayedBy(number) - referenceTime * 64) * 4);
  const firstSequence = reported & 0xffff;
  reported += packets;
  egress.receiveRtcp({ type: 'transport-feedback', firstSequence, packets, referenceTime, sequenceNumbers, arrivals });
}

it('a probe is made of packets of late beside the pictures, at the rate that is asked for; it is carried, and nothing is sent beside them any more', () => {
  const egress = viewer(true);
  run(egress, 3000);
  const { sentBitsPerSecond, canProbe } = egress.path;
  expect(sentBitsPerSecond).toBeCloseTo((2 * 1040 * 8000) / PICTURE_MS, -5);
  expect(canProbe).toBe(true);
  const before = transport.datagrams.length;
  expect(egress.probe(1.1 * MBIT)).toBe(true);
  run(egress, 1000);
  const bytes = transport.datagrams.slice(before).reduce((sum, { length }) => sum + length, 0);
  // Half a second of it, and half a second of pictures.
  expect(bytes * 8).toBeGreaterThan(0.95 * (0.55 * MBIT + sentBitsPerSecond / 2));
  expect(bytes * 8).toBeLessThan(1.05 * (0.55 * MBIT + sentBitsPerSecond / 2));
  expect(transport.packets.slice(before).filter(({ ssrc }) => ssrc === RTX_SSRC).length).toBeGreaterThan(10);
  expect(egress.path).toMatchObject({ isProbing: false, lastProbe: { bitsPerSecond: 1.1 * MBIT, carried: true } });
  const after = transport.datagrams.length;
  run(egress, 1000);
  expect(transport.packets.slice(after).every(({ ssrc }) => ssrc === SSRC)).toBe(true);
  expect(egress.statistics.packetsRetransmitted).toBe(0);
  egress.close();
});

it('a probe goes on with its next step behind the feedback that shows that the one before was carried', () => {
  const egress = viewer(true);
  run(egress, 3000);
  expect(egress.probe(6 * MBIT)).toBe(true);
  run(egress, 3000);
  expect(egress.path).toMatchObject({ isProbing: false, lastProbe: { bitsPerSecond: 6 * MBIT, carried: true } });
  egress.close();
});

it('a viewer that takes no stream for retransmission is not probed, and its path says so', () => {
  const egress = viewer(false);
  run(egress, 3000);
  expect(egress.path).toMatchObject({ canProbe: false, isProbing: false });
  expect(egress.probe(1.1 * MBIT)).toBe(false);
  egress.close();
});

/** Datagrams that leave while there are no pictures, and nothing is reported. */
function leaveIn(milliseconds: number): number {
  const before = transport.datagrams.length;
  for (const endMs = now + milliseconds; now < endMs; now += 1) vi.advanceTimersByTime(1);
  return transport.datagrams.length - before;
}

it('what a probe lacks is not sent on a path that has not taken what was sent before', () => {
  const egress = viewer(true);
  run(egress, 3000);
  expect(egress.probe(1.1 * MBIT)).toBe(true);
  expect(leaveIn(100)).toBeGreaterThan(0);
  transport.backlog = 1;
  expect(leaveIn(1000)).toBe(0);
  egress.close();
});

it('a path that stalls is not probed, though nothing was sent for so long that a probe alone can tell what it carries', () => {
  const egress = viewer(true);
  run(egress, 3000);
  transport.backlog = 1;
  leaveIn(4000);
  expect(egress.probe(1.1 * MBIT)).toBe(false);
  expect(leaveIn(600)).toBe(0);
  transport.backlog = 0;
  expect(egress.probe(1.1 * MBIT)).toBe(true);
  expect(leaveIn(600)).toBeGreaterThan(0);
  egress.close();
});

it('a viewer that has gone is sent nothing more of its probe', () => {
  const egress = viewer(true);
  run(egress, 3000);
  egress.probe(1.1 * MBIT);
  egress.close();
  const before = transport.datagrams.length;
  vi.advanceTimersByTime(1000);
  expect([transport.datagrams.length, vi.getTimerCount()]).toEqual([before, 0]);
});

it('keyframes say nothing of that where pictures are not to be held back', () => {
  const egress = viewer(true, false);
  delayedBy = (number) => (number % 50 === 49 ? 190 : 0);
  run(egress, 6000);
  // Of four bytes each with their header: the transport-wide number alone.
  expect(new Set(transport.packets.map(({ extension }) => extension.length))).toEqual(new Set([8]));
  egress.close();
});

it('keyframes say how long pictures are to be held back, where the path delays some, or they wait to be sent', () => {
  const egress = viewer(true);
  const said = (): string | undefined => {
    const first = transport.packets.findLast(({ ssrc, marker }) => ssrc === SSRC && !marker);
    return /62([0-9a-f]{6})/.exec(first?.extension.subarray(4).toString('hex') ?? '')?.[1];
  };
  run(egress, 4000);
  expect(said()).toBeUndefined();
  delayedBy = (number) => (number % 50 === 49 ? 190 : 0);
  run(egress, 2000);
  expect(said()).toBe('0143e8');
  transport.backlog = 200_000;
  run(egress, 120);
  transport.backlog = 0;
  run(egress, 200);
  // 120 ms more, less what the picture before the next one does not wait for.
  expect(Number.parseInt(said()?.slice(0, 3) ?? '', 16)).toBeGreaterThanOrEqual(27);
  expect(Number.parseInt(said()?.slice(0, 3) ?? '', 16)).toBeLessThanOrEqual(33);
  egress.close();
});

/** Packets that are sent when the viewer asks for the newest again. */
function repairsOfNewest(egress: ViewerEgress): number {
  const sequenceNumber = transport.packets.findLast(({ ssrc }) => ssrc === SSRC)?.sequenceNumber ?? -1;
  const before = transport.datagrams.length;
  egress.receiveRtcp({ type: 'nack', ssrc: 9, mediaSsrc: SSRC, sequenceNumbers: [sequenceNumber] });
  return transport.datagrams.length - before;
}

it('what was lost is sent again twice on a path that loses some of what it has room for, once on another', () => {
  const egress = viewer(true);
  const repairs = (): number => repairsOfNewest(egress);
  run(egress, 4000);
  expect(repairs()).toBe(1);
  isLost = (number) => number % 50 === 0;
  run(egress, 4000);
  expect(repairs()).toBe(2);
  egress.close();
});

it.each([
  ['is not sent again on a path that is late', 300, 0],
  ['is sent again on another', 200, 1],
])('what was lost of a stream that is not shown any more %s', (_, lateMs, repairs) => {
  const egress = viewer(true);
  run(egress, 4000);
  transport.backlog = 200_000;
  run(egress, lateMs);
  const begun = vi.spyOn(CircuitBreaker.prototype, 'begin');
  egress.followPictures({ videoTime: undefined, cameraClockOffsetMs: 0 });
  transport.backlog = 0;
  expect(repairsOfNewest(egress)).toBe(repairs);
  // What is judged by is begun anew where it is left, of the pictures and of the sound.
  expect(begun).toHaveBeenCalledTimes(2 * (1 - repairs));
  egress.close();
});
