import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { VideoFrame } from '../../../../src/media/video-track.ts';
import type { CircuitBreak } from '../../../../src/peer/egress/circuit-breaker.ts';
import type { EgressStatistics } from '../../../../src/peer/egress/egress-statistics.ts';
import type { SkipReason } from '../../../../src/peer/egress/slow-viewer.ts';
import { ViewerEgress } from '../../../../src/peer/egress/viewer-egress.ts';
import { RecordingTransport } from './recording-transport.ts';

const VIDEO = 0xaaaa_0001;
const AUDIO = 0xbbbb_0001;
/** More than may wait in the socket: of pictures, and of sound. */
const FULL = 128 * 1024 + 1;
const FULL_FOR_SOUND = 256 * 1024 + 1;

let now: number;
let transport: RecordingTransport;
let egress: ViewerEgress;
let wanted: number;
let slow: SkipReason[];
let broken: CircuitBreak[];
let pictures: number;
let highest: number;

beforeEach(() => {
  vi.useFakeTimers();
  now = Date.UTC(2026, 0, 1);
  egress = viewer();
});

afterEach(() => {
  egress.close();
  vi.useRealTimers();
});

function viewer(pacing = true): ViewerEgress {
  transport = new RecordingTransport();
  [wanted, slow, broken, pictures, highest] = [0, [], [], 0, 0];
  return new ViewerEgress({
    media: {
      video: { ssrc: VIDEO, cname: 'c', payloadTypes: new Map([['H264', 102]]) },
      audio: { ssrc: AUDIO, cname: 'c', payloadTypes: new Map([['PCMU', 0]]) },
    },
    transport,
    times: { videoTime: undefined, cameraClockOffsetMs: 0 },
    now: () => now,
    pacing,
    onKeyframeWanted: () => (wanted += 1),
    onSlow: (why) => slow.push(why),
    onBroken: (why) => broken.push(why),
    metadata: { open: false, send: () => undefined },
  });
}

/** Numbered in its first bytes. */
function frame(keyframe: boolean, packets = 2): VideoFrame {
  pictures += 1;
  const payloads = Array.from({ length: packets }, () => Buffer.alloc(1000));
  for (const payload of payloads) payload.writeUInt32BE(pictures);
  return { codec: 'H264', payloads, timestamp: pictures * 3600, keyframe, discardable: false, bytes: packets * 1000 };
}

/** Sends a picture, and 40 ms pass. */
function picture(keyframe = false, packets = 2): void {
  egress.video(frame(keyframe, packets));
  pass(40);
}

function play(count: number): void {
  for (let index = 0; index < count; index += 1) picture();
}

function pass(milliseconds: number): void {
  for (let elapsed = 0; elapsed < milliseconds; elapsed += 1) {
    now += 1;
    vi.advanceTimersByTime(1);
  }
}

/** The number of the picture in each packet. */
const shown = (): number[] => transport.packets.filter(({ ssrc }) => ssrc === VIDEO).map(({ payload }) => payload.readUInt32BE());

const soundsSent = (): number => transport.packets.filter(({ ssrc }) => ssrc === AUDIO).length;

function sound(): void {
  const timeline = { time: () => undefined };
  egress.audio({ codec: 'PCMU', payload: Buffer.alloc(160), timestamp: 0, timeline, clockRate: 8000, marker: false });
}

/** The viewer says that pictures came. */
function report(): void {
  const counts = { fractionLost: 0, cumulativeLost: 0, jitter: 0, lastSenderReport: 0, delaySinceLastSenderReport: 0 };
  highest += 50;
  const reports = [{ ssrc: VIDEO, extendedHighestSequence: highest, ...counts }];
  egress.receiveRtcp({ type: 'receiver-report', ssrc: 1, reports });
}

const statistics = (): Partial<EgressStatistics> => {
  const { packetsDropped, skipsStalled, skipsSilent } = egress.statistics;
  return { packetsDropped, skipsStalled, skipsSilent };
};

describe('keyframes of a viewer that is live', () => {
  it('are spread over half the time between pictures; the other pictures go at once', () => {
    picture(true);
    play(3);
    const before = transport.datagrams.length;
    egress.video(frame(true, 60));
    const begunAt = now;
    while (transport.datagrams.length < before + 60) pass(1);
    expect(now - begunAt).toBeGreaterThanOrEqual(17);
    expect(now - begunAt).toBeLessThanOrEqual(20);
    pass(20);
    egress.video(frame(false, 30));
    expect(transport.datagrams).toHaveLength(before + 90);
  });

  it('are not where pacing is off', () => {
    egress.close();
    egress = viewer(false);
    picture(true);
    play(3);
    egress.video(frame(true, 300));
    expect(transport.datagrams).toHaveLength(8 + 300);
  });
});

describe('a path that stalls', () => {
  it('costs its viewer pictures up to the next keyframe, counted, and leaves no hole in the numbers', () => {
    picture(true);
    transport.backlog = FULL;
    // A second may wait.
    play(26);
    picture(true);
    expect(shown()).toEqual([1, 1]);
    play(20);
    transport.backlog = 0;
    play(1);
    report();
    picture(true);
    picture();
    expect(shown()).toEqual([1, 1, 50, 50, 51, 51]);
    expect(statistics()).toEqual({ packetsDropped: 96, skipsStalled: 1, skipsSilent: 0 });
    expect(slow).toEqual(['stalled']);
    const numbers = transport.packets.map(({ sequenceNumber }) => sequenceNumber);
    expect(numbers.map((number) => number - (numbers[0] ?? 0))).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('for less than a second costs nothing', () => {
    picture(true);
    transport.backlog = FULL;
    play(20);
    transport.backlog = FULL - 1;
    pass(20);
    expect(shown()).toHaveLength(42);
    expect([statistics(), slow]).toEqual([{ packetsDropped: 0, skipsStalled: 0, skipsSilent: 0 }, []]);
  });

  it('is none where it takes some now and then, though it is full whenever a picture comes', () => {
    picture(true);
    for (let index = 0; index < 50; index += 1) {
      transport.backlog = FULL;
      egress.video(frame(false));
      pass(20);
      transport.backlog = FULL - 1;
      pass(20);
    }
    expect(statistics()).toEqual({ packetsDropped: 0, skipsStalled: 0, skipsSilent: 0 });
  });

  it('holds what waits within a bound however long it lasts', () => {
    picture(true, 100);
    transport.backlog = FULL;
    picture(true, 1000);
    for (let index = 0; index < 500; index += 1) {
      picture(index % 25 === 0, 10);
      // A keyframe that was begun, and a second of pictures.
      expect(pictures * 10 + 1100 - transport.datagrams.length - egress.statistics.packetsDropped).toBeLessThan(1100 + 300);
    }
    expect(statistics()).toMatchObject({ packetsDropped: 1000 + 500 * 10, skipsStalled: 1 });
  });

  it('ends the picture that it was in the midst of', () => {
    picture(true);
    play(3);
    egress.video(frame(true, 60));
    pass(5);
    transport.backlog = FULL;
    pass(1100);
    play(3);
    transport.backlog = 0;
    play(1);
    expect(shown().filter((number) => number === 5)).toHaveLength(60);
    expect(shown().at(-1)).toBe(5);
  });

  it('does not have the camera asked for keyframes while it lasts, once when it is over, and seldom where it comes again and again', () => {
    picture(true);
    for (let times = 0; times < 10; times += 1) {
      transport.backlog = FULL;
      play(40);
      egress.receiveRtcp({ type: 'pli', ssrc: 1, mediaSsrc: VIDEO });
      expect(wanted).toBe(Math.ceil(times / 5));
      transport.backlog = 0;
      play(5);
      expect(wanted).toBe(Math.ceil((times + 1) / 5));
      picture(true);
      play(4);
    }
    expect(statistics()).toMatchObject({ skipsStalled: 10 });
    expect(slow).toEqual(['stalled']);
  });

  it('takes sound for longer than pictures as long as it takes some, and none when it takes nothing', () => {
    picture(true);
    transport.backlog = FULL;
    sound();
    expect(soundsSent()).toBe(1);
    transport.backlog = FULL_FOR_SOUND;
    sound();
    expect([soundsSent(), egress.statistics.packetsDropped]).toEqual([1, 1]);
    transport.backlog = FULL;
    play(30);
    sound();
    expect(soundsSent()).toBe(1);
    transport.backlog = 0;
    sound();
    expect(soundsSent()).toBe(2);
  });
});

it('a path that stalls takes sound for a second also where a viewer is sent no pictures', () => {
  picture(true);
  egress.thinning = 'pictures';
  transport.backlog = FULL;
  for (let index = 0; index < 100; index += 1) {
    sound();
    picture();
  }
  expect(soundsSent()).toBe(27);
  transport.backlog = FULL - 1;
  picture();
  sound();
  expect(soundsSent()).toBe(28);
});

describe('a viewer that reports no more', () => {
  it('is sent keyframes alone, and all again from a keyframe on when it reports', () => {
    picture(true);
    for (let second = 0; second < 10; second += 1) {
      play(25);
      report();
    }
    expect(statistics()).toEqual({ packetsDropped: 0, skipsStalled: 0, skipsSilent: 0 });
    play(150);
    transport.datagrams = [];
    for (let second = 0; second < 4; second += 1) {
      picture(true);
      play(25);
    }
    expect(new Set(shown())).toEqual(new Set([402, 428, 454, 480]));
    expect([slow, wanted]).toEqual([['silent'], 0]);
    report();
    play(3);
    expect(wanted).toBe(1);
    transport.datagrams = [];
    picture(true);
    play(2);
    expect(shown()).toEqual([509, 509, 510, 510, 511, 511]);
    expect(statistics()).toMatchObject({ skipsStalled: 0, skipsSilent: 1 });
  });

  /** It has reported for ten seconds, and now no more. */
  function fallSilent(): void {
    picture(true);
    for (let second = 0; second < 10; second += 1) {
      play(25);
      report();
    }
    play(4 * 25 + 2);
    expect(statistics()).toMatchObject({ skipsSilent: 1 });
  }

  it('is sent a keyframe at once when it asks for one, however long the camera goes without', () => {
    fallSilent();
    egress.receiveRtcp({ type: 'pli', ssrc: 1, mediaSsrc: VIDEO });
    expect(wanted).toBe(1);
    transport.datagrams = [];
    picture(true);
    play(1);
    expect(new Set(shown()).size).toBe(2);
  });

  it('has a keyframe asked for in its place, where the camera goes without and it asks for nothing', () => {
    fallSilent();
    play(4 * 25);
    expect(wanted).toBe(0);
    play(25);
    expect(wanted).toBe(1);
  });

  it('is given up after 15 s though it was sent nothing in between', () => {
    fallSilent();
    for (let second = 0; second < 30 && broken.length === 0; second += 1) {
      play(25);
      egress.sendReports();
    }
    expect(broken).toEqual(['rtcp-timeout']);
  });
});

it('sound and pictures together are no more than what the path was found to carry', () => {
  egress.receiveRtcp({ type: 'receiver-estimate', bitsPerSecond: 800_000 });
  egress.receiveRtcp({ type: 'receiver-estimate', bitsPerSecond: 400_000 });
  picture(true, 200);
  pass(1000);
  transport.datagrams = [];
  for (let packets = 0; packets < 100; packets += 1) {
    sound();
    pass(20);
  }
  const bytes = transport.datagrams.reduce((sum, { length }) => sum + length, 0);
  expect(bytes * 4).toBeGreaterThan(380_000);
  expect(bytes * 4).toBeLessThan(405_000);
});

it('a clock that is set back by an hour holds up neither what is spread nor a keyframe for who was skipped', () => {
  picture(true);
  egress.video(frame(true, 60));
  now -= 3_600_000;
  transport.datagrams = [];
  pass(40);
  expect(transport.datagrams.length).toBeGreaterThan(30);
  const skip = (): void => {
    transport.backlog = FULL;
    play(30);
    transport.backlog = 0;
    report();
    play(10);
  };
  skip();
  expect(wanted).toBe(1);
  picture(true);
  play(1);
  now -= 3_600_000;
  skip();
  pass(10_000);
  play(1);
  expect(wanted).toBe(2);
});
