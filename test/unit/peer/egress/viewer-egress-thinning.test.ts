import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RtcpMessage } from '../../../../src/media/rtp/rtcp.ts';
import { missingOf, picturesOf, PICTURE_MS, soundOf, VIDEO_SSRC, type ReceivedPicture } from './profile-camera.ts';
import { SwitchingViewer } from './switching-viewer.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const PICTURE_LOSS: RtcpMessage = { type: 'pli', ssrc: 1, mediaSsrc: VIDEO_SSRC };

/** A viewer of a camera with a keyframe every second, of whose pictures every other is discardable, and which is sent all of them. */
function watching(packets = 1): SwitchingViewer {
  const viewer = new SwitchingViewer({ group: 25, discardable: true, packets });
  viewer.streams.show(viewer.profile(0).stream);
  viewer.pass(2000);
  return viewer;
}

/** What it is sent in so many milliseconds. */
function sentIn(viewer: SwitchingViewer, milliseconds: number): ReceivedPicture[] {
  const before = picturesOf(viewer.transport.packets).length;
  viewer.pass(milliseconds);
  return picturesOf(viewer.transport.packets).slice(before);
}

describe('a viewer that is not sent', () => {
  it('discardable pictures is sent all others, and from one picture to the next all again', () => {
    const viewer = watching();
    viewer.egress.thinning = 'discardable';
    const thinned = sentIn(viewer, 2000);
    expect(thinned.length).toBe(26);
    expect(thinned.some(({ discardable }) => discardable)).toBe(false);
    const dropped = viewer.egress.statistics.packetsDropped;
    expect(dropped).toBeGreaterThanOrEqual(24);
    viewer.egress.thinning = 'none';
    expect(sentIn(viewer, 400).length).toBe(10);
    expect(missingOf(picturesOf(viewer.transport.packets))).toEqual([]);
    expect([viewer.keyframesWanted, viewer.egress.statistics.packetsDropped]).toEqual([0, dropped]);
  });

  it('other than keyframes is sent those, and all again from the next one on, which is asked for', () => {
    const viewer = watching();
    viewer.egress.thinning = 'keyframes';
    expect(sentIn(viewer, 3000).map(({ keyframe }) => keyframe)).toEqual([true, true, true]);
    expect(viewer.keyframesWanted).toBe(0);
    viewer.pass(200);
    viewer.egress.thinning = 'discardable';
    expect(sentIn(viewer, 400)).toEqual([]);
    expect(viewer.keyframesWanted).toBeGreaterThan(0);
    expect(sentIn(viewer, 600)[0]).toMatchObject({ keyframe: true });
    expect(missingOf(picturesOf(viewer.transport.packets))).toEqual([]);
  });

  it('other than keyframes has one asked for every ten seconds at most, however often it asks', () => {
    const viewer = watching();
    viewer.egress.thinning = 'keyframes';
    for (let at = 0; at < 100; at += 1) {
      viewer.egress.receiveRtcp(PICTURE_LOSS);
      viewer.pass(200);
    }
    expect(viewer.keyframesWanted).toBe(2);
    expect(viewer.egress.statistics.keyframeRequests).toBe(100);
  });

  it('pictures is sent sound alone, and none is asked for; all again from the next keyframe on, which is', () => {
    const viewer = watching();
    viewer.egress.thinning = 'pictures';
    const heard = soundOf(viewer.transport.packets).length;
    expect(sentIn(viewer, 3000)).toEqual([]);
    viewer.egress.receiveRtcp(PICTURE_LOSS);
    expect(soundOf(viewer.transport.packets).length - heard).toBe(150);
    expect(viewer.keyframesWanted).toBe(0);
    viewer.pass(200);
    viewer.egress.thinning = 'none';
    expect(sentIn(viewer, PICTURE_MS)).toEqual([]);
    expect(viewer.keyframesWanted).toBe(1);
    viewer.pass(1000);
    expect(missingOf(picturesOf(viewer.transport.packets))).toEqual([]);
  });

  it('a picture that is begun is sent the rest of it where keyframes are still sent, and no more of what waits but those', () => {
    const viewer = watching(60);
    viewer.transport.backlog = 200_000;
    // A keyframe comes among them.
    viewer.pass(600);
    viewer.pass(300, 0);
    viewer.egress.thinning = 'keyframes';
    viewer.transport.backlog = 0;
    const sent = sentIn(viewer, 80);
    expect(sent.filter(({ keyframe }) => !keyframe)).toEqual([]);
    expect(sent.filter(({ keyframe, whole }) => keyframe && whole).length).toBe(1);
    expect(missingOf(picturesOf(viewer.transport.packets))).toEqual([]);
  });

  it('what waited, and is to be sent all again at once, waits for a keyframe', () => {
    const viewer = watching(60);
    viewer.transport.backlog = 200_000;
    viewer.pass(200);
    viewer.egress.thinning = 'keyframes';
    viewer.egress.thinning = 'none';
    viewer.transport.backlog = 0;
    viewer.pass(300);
    expect(missingOf(picturesOf(viewer.transport.packets))).toEqual([]);
    expect(viewer.keyframesWanted).toBeGreaterThan(0);
  });

  it('pictures hears sound at once while a picture is under way, and is not sent the rest of that', () => {
    const viewer = watching(60);
    viewer.transport.backlog = 200_000;
    const heard = soundOf(viewer.transport.packets).length;
    viewer.pass(500);
    expect(soundOf(viewer.transport.packets).length - heard).toBe(25);
    viewer.egress.thinning = 'pictures';
    viewer.transport.backlog = 0;
    const packets = viewer.transport.datagrams.length;
    viewer.pass(500);
    // Of sound.
    expect(viewer.transport.datagrams.length - packets).toBe(25);
    expect(viewer.egress.path.waitingMs).toBe(0);
    expect(soundOf(viewer.transport.packets).length - heard).toBe(50);
  });
});
