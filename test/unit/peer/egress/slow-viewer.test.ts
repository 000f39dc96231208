import { beforeEach, describe, expect, it } from 'vitest';
import type { ReportBlock, RtcpMessage } from '../../../../src/media/rtp/rtcp.ts';
import { SlowViewer, type SkipReason, type ViewerPath } from '../../../../src/peer/egress/slow-viewer.ts';

const SSRC = 5;
/** Pictures are 100 ms apart. */
const PICTURE_MS = 100;

let nowMs: number;
let told: SkipReason[];
let viewer: SlowViewer;
let highest: number;

beforeEach(() => {
  nowMs = 1_000_000;
  highest = 100;
  told = [];
  viewer = new SlowViewer((reason) => told.push(reason));
});

/** One picture: why it is left out. */
function picture(isKeyframe = false, waitingMs = 0, path: Partial<ViewerPath> = {}): SkipReason | undefined {
  const reason = viewer.leavesOut(isKeyframe, { isBlocked: false, waitingMs, roundTripMs: null, ...path }, nowMs);
  if (reason === undefined) viewer.sent(nowMs);
  return reason;
}

function report(extendedHighestSequence: number, ssrc = SSRC): void {
  const [fractionLost, cumulativeLost, jitter, lastSenderReport, delaySinceLastSenderReport] = [0, 0, 0, 0, 0];
  const counts = { fractionLost, cumulativeLost, jitter, lastSenderReport, delaySinceLastSenderReport };
  const block: ReportBlock = { ssrc, extendedHighestSequence, ...counts };
  viewer.receive({ type: 'receiver-report', ssrc: 1, reports: [block] }, SSRC, nowMs);
}

/** Pictures that are not keyframes, after each of them what the viewer does; why each was left out. */
function play(pictures: number, then: () => void = () => undefined): (SkipReason | undefined)[] {
  return Array.from({ length: pictures }, () => {
    const reason = picture();
    nowMs += PICTURE_MS;
    then();
    return reason;
  });
}

/** It reports each second. */
function playReporting(seconds: number): (SkipReason | undefined)[] {
  return Array.from({ length: seconds }, () => {
    const reasons = play(10);
    report((highest += 10));
    return reasons;
  }).flat();
}

const at = (reasons: (SkipReason | undefined)[]): number => reasons.findIndex((reason) => reason !== undefined) * PICTURE_MS;

describe('a path that takes pictures too slowly', () => {
  it('costs pictures from when the oldest has waited for a second, keyframes too, until something came', () => {
    expect(picture(false, 1000)).toBeUndefined();
    expect([picture(false, 1001), picture(true, 5000), picture(false, 1001)]).toEqual(['stalled', 'stalled', 'stalled']);
    report((highest += 10));
    expect([picture(false, 1000), picture(true)]).toEqual([undefined, undefined]);
    expect(viewer.skips).toEqual({ stalled: 1, silent: 0 });
  });

  it('is not trusted again for what the system took: until the viewer says that something came, it is sent a keyframe a second at most', () => {
    picture();
    picture(false, 1001);
    expect([picture(), picture(true), picture(), picture(true)]).toEqual(['silent', undefined, 'silent', 'silent']);
    // What the system took was no more than a larger buffer of its own: it is the same stall.
    expect([picture(false, 1001), picture(false, 0, { isBlocked: true })]).toEqual(['stalled', 'stalled']);
    nowMs += 1000;
    expect([picture(), picture(true)]).toEqual(['silent', undefined]);
    viewer.receive({ type: 'pli', ssrc: 1, mediaSsrc: SSRC }, SSRC, nowMs);
    expect([picture(), picture(true), picture()]).toEqual([undefined, undefined, undefined]);
    expect(viewer.skips).toEqual({ stalled: 1, silent: 0 });
  });

  it('costs pictures for as long as it takes nothing, though what waited for it was given up', () => {
    const blocked = { isBlocked: true };
    expect([picture(false, 1000, blocked), picture(false, 1001, blocked), picture(true, 0, blocked)]).toEqual([
      undefined,
      'stalled',
      'stalled',
    ]);
    report((highest += 10));
    expect([viewer.mayAsk(nowMs), picture(false), viewer.mayAsk(nowMs)]).toEqual([false, undefined, true]);
    expect(picture(true, 0, blocked)).toBeUndefined();
  });

  it('costs them too where nothing waits since others are left out already, from when it has taken nothing for a second', () => {
    expect(picture(false, 0, { isBlocked: true })).toBeUndefined();
    nowMs += 1000;
    expect(picture(false, 0, { isBlocked: true })).toBeUndefined();
    // It has taken some between two pictures.
    viewer.looked(false, nowMs);
    nowMs += 1;
    expect(picture(false, 0, { isBlocked: true })).toBeUndefined();
    nowMs += 1001;
    expect(picture(false, 0, { isBlocked: true })).toBe('stalled');
  });

  it('has not come through a stall by what waited before it', () => {
    picture();
    viewer.beginPath(false, nowMs);
    expect([picture(false, 1001), picture(), picture()]).toEqual(['stalled', 'silent', 'silent']);
  });

  it('counts once until a keyframe was sent', () => {
    for (const waitingMs of [1001, 0, 1001, 0]) {
      picture(false, waitingMs);
      report((highest += 10));
    }
    expect(viewer.skips.stalled).toBe(1);
    picture(true);
    picture(false, 1001);
    expect(viewer.skips.stalled).toBe(2);
  });

  it('is told once for as long as it goes on, and again after half a minute without', () => {
    for (let second = 0; second < 120; second += 1) {
      picture(false, 1001);
      nowMs += 500;
      picture(true);
      nowMs += 500;
    }
    expect(told).toEqual(['stalled']);
    nowMs += 30_001;
    picture(false, 1001);
    expect(told).toEqual(['stalled', 'stalled']);
  });
});

describe('a keyframe for a viewer that was skipped', () => {
  it('may not be asked for while it cannot be sent, then at once, and not again within ten seconds', () => {
    expect(viewer.mayAsk(nowMs)).toBe(true);
    picture(false, 1001);
    expect(viewer.mayAsk(nowMs)).toBe(false);
    picture(false, 0);
    expect([viewer.mayAsk(nowMs), viewer.mayAsk(nowMs)]).toEqual([true, false]);
    picture(true);
    nowMs += 9000;
    picture(false, 1001);
    picture(false, 0);
    expect(viewer.mayAsk(nowMs)).toBe(false);
    nowMs += 1000;
    expect(viewer.mayAsk(nowMs)).toBe(true);
  });

  it('may be asked for at any time by one that is sent all pictures', () => {
    picture(true);
    expect([viewer.mayAsk(nowMs), viewer.mayAsk(nowMs)]).toEqual([true, true]);
  });
});

describe('a viewer that ceases to say that pictures arrive', () => {
  it('by transport-wide feedback is skipped after two seconds and the round trip', () => {
    const feedback = { type: 'transport-feedback' } as unknown as RtcpMessage;
    play(50, () => viewer.receive(feedback, SSRC, nowMs));
    expect(at(play(40))).toBe(2100);
    viewer.receive(feedback, SSRC, nowMs);
    const slower = Array.from({ length: 40 }, () => {
      const reason = picture(false, 0, { roundTripMs: 500 });
      nowMs += PICTURE_MS;
      return reason;
    });
    expect(at(slower)).toBe(2600);
  });

  it('by reports is skipped after four of its own intervals', () => {
    expect(at(playReporting(10))).toBeLessThan(0);
    expect(at(play(60))).toBe(4100);
    expect([viewer.skips, told]).toEqual([{ stalled: 0, silent: 1 }, ['silent']]);
  });

  it('in reports that go on, or are of the sound, is found out too', () => {
    playReporting(10);
    const reasons = play(60, () => {
      report(highest);
      report((highest += 1), SSRC + 1);
      highest -= 1;
    });
    expect(at(reasons)).toBe(4100);
  });

  it('is sent keyframes all the same, one a second at most, and nothing between them', () => {
    playReporting(10);
    play(60);
    const sent: number[] = [];
    for (let count = 0; count < 30; count += 1) {
      if (picture(count % 4 === 0) === undefined) sent.push(count * PICTURE_MS);
      nowMs += PICTURE_MS;
    }
    expect(sent).toEqual([0, 1200, 2400]);
    expect([viewer.skips.silent, viewer.needsKeyframe(nowMs)]).toEqual([1, false]);
  });

  it.each<RtcpMessage>([
    { type: 'pli', ssrc: 1, mediaSsrc: SSRC },
    { type: 'fir', ssrc: 1, entries: [{ ssrc: SSRC, sequence: 1 }] },
  ])('is there again when it asks for a keyframe ($type), which it may have at most every ten seconds', (message) => {
    playReporting(10);
    play(41);
    expect(picture()).toBe('silent');
    viewer.receive(message, SSRC, nowMs);
    expect([viewer.mayAsk(nowMs), viewer.mayAsk(nowMs + 9_999)]).toEqual([true, false]);
    expect([picture(), picture(true)]).toEqual([undefined, undefined]);
  });

  it('needs a keyframe, where it was sent none and asks for nothing, after five seconds', () => {
    playReporting(10);
    const needed: boolean[] = [];
    for (let count = 0; count < 100; count += 1) {
      picture();
      needed.push(viewer.needsKeyframe(nowMs));
      nowMs += PICTURE_MS;
    }
    // Silent after 4 s: four of its own intervals.
    expect(needed.indexOf(true) * PICTURE_MS).toBe(9100);
  });

  it('is sent all again from the next keyframe on once it reports', () => {
    playReporting(10);
    play(60);
    report((highest += 1));
    expect([picture(false), viewer.mayAsk(nowMs), picture(true), picture(false)]).toEqual([
      undefined,
      true,
      undefined,
      undefined,
    ]);
    expect(at(playReporting(5))).toBeLessThan(0);
    play(60);
    expect(viewer.skips.silent).toBe(2);
  });

  it('is not one that was sent nothing, however long', () => {
    playReporting(10);
    nowMs += 60_000;
    expect(at(playReporting(3))).toBeLessThan(0);
  });

  it('is not one that has never reported: others end its session', () => {
    expect(at(play(200))).toBeLessThan(0);
  });

  it('is given ten seconds where it has reported only once', () => {
    play(1);
    report((highest += 1));
    expect(at(play(200))).toBe(10_100);
  });

  it('is none that asks for packets again, which does not tell how often it reports', () => {
    playReporting(10);
    const nack: RtcpMessage = { type: 'nack', ssrc: 1, mediaSsrc: SSRC, sequenceNumbers: [1] };
    expect(at(play(60, () => viewer.receive(nack, SSRC, nowMs)))).toBeLessThan(0);
    expect(at(play(60))).toBe(4100);
  });

  it('has its time by how often it reports, not by how long its path stood still', () => {
    playReporting(10);
    for (let pictures = 0; pictures < 60; pictures += 1) {
      picture(false, 1001);
      nowMs += PICTURE_MS;
    }
    report((highest += 10));
    expect(at(play(60))).toBe(4100);
  });

  it('has its time anew on another path', () => {
    playReporting(10);
    play(35);
    viewer.beginPath(false, nowMs);
    expect(at(play(60))).toBe(4100);
  });

  it('is sent all again once another path is found, not while it is looked for', () => {
    playReporting(10);
    expect(at(play(60))).toBe(4100);
    viewer.beginPath(false, nowMs);
    expect([picture(), picture(true), picture()]).toEqual(['silent', undefined, 'silent']);
    viewer.beginPath(true, nowMs);
    expect([picture(), picture(true), picture()]).toEqual([undefined, undefined, undefined]);
  });
});
