import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { parseRtcp, type BitrateLimit, type ReportBlock } from '../../../../src/media/rtp/rtcp.ts';
import { PacketHistory } from '../../../../src/media/packet-history.ts';
import type { VideoFrame } from '../../../../src/media/video-track.ts';
import { ViewerEgress } from '../../../../src/peer/egress/viewer-egress.ts';
import { RecordingTransport } from './recording-transport.ts';

const START = Date.UTC(2026, 0, 1);
const VIDEO = 0xaaaa_0001;
const RTX = 0xaaaa_0002;
const AUDIO = 0xbbbb_0001;
const VIEWER = 0x1234_5678;

let now: number;
let transport: RecordingTransport;
let egress: ViewerEgress;
let history: PacketHistory;
let wanted: number;
let broken: string[];

beforeEach(() => {
  now = START;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  transport = new RecordingTransport();
  history = new PacketHistory(1_000_000);
  wanted = 0;
  broken = [];
  egress = new ViewerEgress({
    media: {
      video: {
        ssrc: VIDEO,
        rtx: { ssrc: RTX, payloadTypes: new Map([[102, 103]]) },
        cname: 'c',
        payloadTypes: new Map([['H264', 102]]),
      },
      audio: { ssrc: AUDIO, cname: 'c', payloadTypes: new Map([['PCMU', 0]]) },
    },
    transport,
    times: { videoTime: undefined, cameraClockOffsetMs: 0 },
    now: () => now,
    onKeyframeWanted: () => (wanted += 1),
    onSlow: () => undefined,
    onBroken: (why) => broken.push(why),
    metadata: { open: false, send: () => undefined },
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** One picture in one packet of 1000 bytes with its header. */
function picture(keyframe: boolean): void {
  const timestamp = (now - START) * 90;
  const frame: VideoFrame = { codec: 'H264', payloads: [Buffer.alloc(988)], timestamp, keyframe, discardable: false, bytes: 988 };
  history.add(frame);
  egress.video(frame);
}

function sound(): void {
  const timeline = { time: () => undefined };
  egress.audio({ codec: 'PCMU', payload: Buffer.alloc(160), timestamp: 0, timeline, clockRate: 8000, marker: false });
}

/** Pictures every 40 ms with a keyframe each second; returns at which picture, counted from the keyframe, each was sent that was sent. */
function play(seconds: number): number[] {
  const sent: number[] = [];
  for (let index = 0; index < seconds * 25; index += 1) {
    const before = egress.statistics.packetsSent;
    picture(index % 25 === 0);
    if (egress.statistics.packetsSent > before) sent.push(index % 25);
    now += 40;
  }
  return sent;
}

function allow(bitsPerSecond: number, ssrc = VIDEO, overheadBytes = 0): void {
  egress.receiveRtcp({ type: 'tmmbr', ssrc: VIEWER, limits: [{ ssrc, bitsPerSecond, overheadBytes }] });
}

/** The notifications that were sent: by which source, and of what. */
function notifications(): { ssrc: number; limits: BitrateLimit[] }[] {
  return transport.rtcp.flatMap((compound) => {
    // A TMMBN is read as a TMMBR is, its format apart.
    const at = compound.indexOf(Buffer.from([0x84, 0xcd]));
    if (at < 0) return [];
    const request = Buffer.from(compound.subarray(at));
    request[0] = 0x83;
    return parseRtcp(request).messages.flatMap((message) =>
      message.type === 'tmmbr' ? [{ ssrc: message.ssrc, limits: message.limits }] : [],
    );
  });
}

describe('a bitrate that the viewer asks for (TMMBR)', () => {
  it('is answered each time by the limit and who asked for it, in a whole compound packet (TMMBN)', () => {
    allow(1_000_000, VIDEO, 40);
    allow(1_000_000, VIDEO, 40);
    const limit = { ssrc: VIEWER, bitsPerSecond: 1_000_000, overheadBytes: 40 };
    expect(notifications()).toEqual([
      { ssrc: VIDEO, limits: [limit] },
      { ssrc: VIDEO, limits: [limit] },
    ]);
    // RFC 3550 section 6.1: a report first, and the CNAME.
    expect([transport.rtcp[0]?.readUInt8(1), transport.rtcp[0]?.readUInt8(9)]).toEqual([201, 202]);
  });

  it('leaves a stream below it as it is', () => {
    // 25 pictures of 1000 bytes are 200 kbit/s.
    allow(200_000);
    expect(play(10)).toHaveLength(250);
    expect(egress.statistics.packetsDropped).toBe(0);
  });

  it('holds the average, and what is sent can be decoded: from a keyframe on without a gap', () => {
    allow(80_000);
    const sent = play(20);
    // 10 pictures a second, the first second's worth at once, and one more.
    expect(sent.length).toBeLessThanOrEqual(20 * 10 + 10 + 1);
    expect(sent.length).toBeGreaterThan(150);
    expect(sent.filter((index, at) => index !== 0 && index !== (sent[at - 1] ?? -1) + 1)).toEqual([]);
    expect(sent.length + egress.statistics.packetsDropped).toBe(500);
    // No keyframe is asked for in place of what is left out: that would only make it more.
    expect(wanted).toBe(0);
  });

  it('that was overdrawn once, in a long group of pictures, brings a keyframe as soon as a whole burst may be sent again', () => {
    picture(true);
    allow(80_000);
    while (egress.statistics.packetsDropped === 0) picture(false);
    for (let index = 0; index < 25; index += 1) {
      expect(wanted).toBe(0);
      picture(false);
      now += 40;
    }
    now += 40;
    picture(false);
    expect(wanted).toBe(1);
    picture(true);
    expect(play(0.4)).toHaveLength(10);
  });

  it('counts the overhead that the viewer counts', () => {
    allow(200_000, VIDEO, 500);
    expect(play(20).length).toBeLessThan(20 * 17 + 17 + 1);
  });

  it('of nothing stops the picture, and one that is raised brings it back with a keyframe that is asked for', () => {
    play(1);
    allow(0);
    expect(play(3)).toEqual([]);
    allow(1_000_000);
    expect(wanted).toBe(0);
    picture(false);
    expect(wanted).toBe(1);
    expect(play(1)).toHaveLength(25);
  });

  it('holds for what is sent again too', () => {
    picture(true);
    const sequenceNumbers = [transport.packets[0]?.sequenceNumber ?? 0];
    allow(0);
    now += 100;
    egress.receiveRtcp({ type: 'nack', ssrc: VIEWER, mediaSsrc: VIDEO, sequenceNumbers });
    expect(egress.statistics.packetsRetransmitted).toBe(0);
    allow(8000);
    now += 1;
    egress.receiveRtcp({ type: 'nack', ssrc: VIEWER, mediaSsrc: VIDEO, sequenceNumbers });
    expect(egress.statistics.packetsRetransmitted).toBe(1);
  });

  it('of the sound leaves packets out, and the picture as it is', () => {
    allow(0, AUDIO);
    sound();
    picture(true);
    expect(transport.packets.map(({ ssrc }) => ssrc)).toEqual([VIDEO]);
    expect(egress.statistics.packetsDropped).toBe(1);
  });
});

describe('a request for a keyframe', () => {
  const full = (sequence: number, ssrc = VIEWER): void =>
    egress.receiveRtcp({ type: 'fir', ssrc, entries: [{ ssrc: VIDEO, sequence }] });

  it('by FIR that is repeated under one number is one; another number, and another asker, are others', () => {
    for (const sequence of [7, 7, 7, 8, 8, 7]) full(sequence);
    expect([wanted, egress.statistics.keyframeRequests]).toEqual([3, 3]);
    full(7, VIEWER + 1);
    expect(wanted).toBe(4);
  });

  it('by PLI may leave open for which picture: there is one', () => {
    egress.receiveRtcp({ type: 'pli', ssrc: VIEWER, mediaSsrc: 0 });
    egress.receiveRtcp({ type: 'pli', ssrc: VIEWER, mediaSsrc: AUDIO });
    expect(wanted).toBe(1);
  });
});

describe('a viewer that media cannot be sent to any more (RFC 8083)', () => {
  const block = (ssrc: number, extendedHighestSequence: number): ReportBlock => ({
    ssrc,
    fractionLost: 0,
    cumulativeLost: 0,
    extendedHighestSequence,
    jitter: 0,
    lastSenderReport: 0,
    delaySinceLastSenderReport: 0,
  });
  const report = (...reports: ReportBlock[]): void => egress.receiveRtcp({ type: 'receiver-report', ssrc: VIEWER, reports });

  it('is told so when it reports on nothing for 15 s, while something is sent', () => {
    for (let second = 0; second < 14; second += 1) {
      play(1);
      egress.sendReports();
    }
    expect(broken).toEqual([]);
    play(1);
    egress.sendReports();
    expect(broken).toEqual(['rtcp-timeout']);
  });

  it('is not, as long as it reports on one of its tracks', () => {
    for (let second = 0; second < 60; second += 1) {
      play(1);
      sound();
      report(block(AUDIO, second));
      egress.sendReports();
    }
    expect(broken).toEqual([]);
  });

  it('is told so when it reports five times that nothing has arrived', () => {
    for (let second = 0; second < 5; second += 1) {
      play(1);
      report(block(VIDEO, 1000), block(5, second));
      expect(broken).toEqual([]);
    }
    play(1);
    report(block(VIDEO, 1000));
    expect(broken).toEqual(['media-timeout']);
  });
});

describe('the end', () => {
  it('is said once, by both sources, in a whole compound packet', () => {
    egress.close();
    egress.close();
    expect(transport.rtcp).toHaveLength(1);
    expect(parseRtcp(transport.rtcp[0] ?? Buffer.alloc(0)).messages).toEqual([
      { type: 'receiver-report', ssrc: VIDEO, reports: [] },
      { type: 'bye', ssrcs: [VIDEO, AUDIO] },
    ]);
    expect(transport.rtcp[0]?.readUInt8(9)).toBe(202);
  });
});

describe('while another path is being looked for', () => {
  const seen = (ssrc: number): ReportBlock => ({
    ssrc,
    fractionLost: 0,
    cumulativeLost: 0,
    extendedHighestSequence: 1,
    jitter: 0,
    lastSenderReport: 0,
    delaySinceLastSenderReport: 0,
  });
  const second = (): void => {
    play(1);
    egress.sendReports();
  };

  it('a viewer that reports on nothing is left to consent, and has the whole time-out on the new path', () => {
    for (let at = 0; at < 40; at += 1) {
      egress.beginPath(false);
      second();
    }
    expect(broken).toEqual([]);
    for (let at = 0; at < 13; at += 1) second();
    expect(broken).toEqual([]);
    for (let at = 0; at < 3; at += 1) second();
    expect(broken).toContain('rtcp-timeout');
  });

  it('reports that nothing arrives end nothing, and count anew on the new path', () => {
    const report = (): void => egress.receiveRtcp({ type: 'receiver-report', ssrc: VIEWER, reports: [seen(VIDEO)] });
    for (let at = 0; at < 20; at += 1) {
      egress.beginPath(false);
      second();
      report();
    }
    expect(broken).toEqual([]);
    for (let at = 0; at < 4; at += 1) {
      second();
      report();
    }
    expect(broken).toEqual([]);
    second();
    report();
    expect(broken).toEqual(['media-timeout']);
  });
});

describe('what the path carries', () => {
  const report = { ssrc: VIDEO, extendedHighestSequence: 1, cumulativeLost: 0, jitter: 0, lastSenderReport: 0 };

  function reportLoss(fractionLost: number): void {
    const reports = [{ ...report, fractionLost, delaySinceLastSenderReport: 0 }];
    egress.receiveRtcp({ type: 'receiver-report', ssrc: VIEWER, reports });
  }

  it('is not known before the viewer says something of what came', () => {
    play(1);
    expect(egress.statistics.estimatedKbps).toBeNull();
  });

  it('is what it estimates itself (REMB) where it does not report on each packet', () => {
    egress.receiveRtcp({ type: 'receiver-estimate', bitsPerSecond: 2_345_000 });
    expect(egress.statistics.estimatedKbps).toBe(2345);
    egress.beginPath(true);
    expect(egress.statistics.estimatedKbps).toBeNull();
  });

  it('follows its reports of loss, with what was sent of the picture between them', () => {
    const monotonic = vi.spyOn(performance, 'now').mockImplementation(() => now - START);
    onTestFinished(() => monotonic.mockRestore());
    for (let second = 0; second < 10; second += 1) {
      play(1);
      reportLoss(0);
      // One more at once has nothing to say of a rate.
      reportLoss(255);
    }
    // 25 pictures of 1000 bytes are 200 kbit/s with what protects them.
    const before = egress.statistics.estimatedKbps ?? 0;
    expect(before).toBeGreaterThan(200);
    for (let second = 0; second < 10; second += 1) {
      play(1);
      reportLoss(128);
    }
    expect(egress.statistics.estimatedKbps).toBeLessThan(before);
  });
});
