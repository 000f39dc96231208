import { describe, expect, it } from 'vitest';
import { H264Camera, IDR, PPS, SLICES, SPS } from '../../media/h264-camera.ts';
import { senderReportBytes } from '../../media/rtp-bytes.ts';
import { CameraClocks, DescribedStream, H264_AND_PCMU } from './described-stream.ts';

/* Rows 9 and 10 of docs/camera-quirks.md: timestamps and clocks. */

const [SLICE = Buffer.alloc(0)] = SLICES;
const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;

/** A viewer of a camera with sound and picture that has played for a second. */
function playing(clockOffsetMs = 0): { viewer: DescribedStream; camera: CameraClocks } {
  const viewer = new DescribedStream(H264_AND_PCMU, clockOffsetMs);
  const camera = new CameraClocks(viewer, [SPS, PPS, IDR]);
  camera.play(1000);
  return { viewer, camera };
}

/** Steps from one to the next. */
function steps(times: readonly number[]): number[] {
  return times.slice(1).map((time, index) => (time - (times[index] ?? 0)) | 0);
}

describe('quirk 9: timestamps go backwards, jump, or restart on reconnect (go2rtc#1943, frigate#6715, #9368)', () => {
  it.each([
    ['back by hours', -3 * HOUR],
    ['back by 300 ms', -300],
    ['ahead by hours', 3 * HOUR],
    ['ahead by 4 s', 4000],
  ])('never throws a viewer about when picture and sound jump %s, and keeps them in step', (_, jumpMs) => {
    const { viewer, camera } = playing();
    camera.report();
    camera.video.timestamp = (camera.video.timestamp + jumpMs * 90 + 2 ** 32) % 2 ** 32;
    camera.timestamp = (camera.timestamp + jumpMs * 8 + 2 ** 32) % 2 ** 32;
    camera.play(1000);
    expect(new Set(steps(viewer.pictureTimes))).toEqual(new Set([3600]));
    const soundSteps = steps(viewer.soundTimes);
    // Two packets come in one moment: behind the jump the second of them goes by its own timestamp again.
    expect(Math.min(...soundSteps)).toBeGreaterThan(0);
    expect(Math.max(...soundSteps)).toBeLessThanOrEqual(320);
    expect(Math.abs(viewer.soundBehindPictureMs)).toBeLessThan(45);
    camera.report();
    expect(Math.abs(viewer.soundBehindPictureMs)).toBeLessThan(45);
  });

  it('goes on where it was when the camera comes back and counts from 0 (Tapo)', () => {
    const { viewer, camera } = playing();
    camera.report();
    viewer.nowMs += 2000;
    viewer.connect(H264_AND_PCMU);
    camera.video.timestamp = 0;
    camera.video.sequenceNumber = 1;
    camera.timestamp = 0;
    camera.sequenceNumber = 1;
    camera.play(1000);
    const pictureSteps = steps(viewer.pictureTimes);
    expect(pictureSteps.filter((step) => step !== 3600)).toEqual([2040 * 90]);
    expect(Math.min(...steps(viewer.soundTimes))).toBeGreaterThan(0);
    expect(Math.abs(viewer.soundBehindPictureMs)).toBeLessThan(25);
    camera.report();
    expect(Math.abs(viewer.soundBehindPictureMs)).toBeLessThan(25);
  });

  it('keeps the steps of the camera around single pictures that are stamped hours away (Intelbras DVRs: mediamtx#6255)', () => {
    const viewer = new DescribedStream(H264_AND_PCMU);
    const camera = new H264Camera(1, 4_000_000_000);
    viewer.rtp('video', camera.picture([IDR]));
    for (let picture = 1; picture < 100; picture += 1) {
      const { timestamp } = camera;
      if (picture % 25 === 7) camera.timestamp = (timestamp + (picture > 50 ? 37_600 : 2 ** 32 - 9800) * 90_000) % 2 ** 32;
      const packets = camera.picture([SLICE]);
      camera.timestamp = (timestamp + 3600) % 2 ** 32;
      // What comes is late at times, and the stamps are not.
      viewer.rtp('video', packets, picture % 25 === 7 ? 95 : 40);
    }
    expect(viewer.pictures).toHaveLength(100);
    expect(Math.min(...steps(viewer.pictureTimes))).toBeGreaterThan(0);
    expect(viewer.pictureTimes.at(-1)).toBe(99 * 3600);
  });

  it('gives two pictures that came with the same timestamp one each (mediamtx#2876)', () => {
    const viewer = new DescribedStream(H264_AND_PCMU);
    const camera = new H264Camera();
    viewer.rtp('video', camera.picture([IDR]));
    const { timestamp } = camera;
    viewer.rtp('video', camera.picture([SLICE]));
    camera.timestamp = timestamp;
    viewer.rtp('video', camera.picture([SLICE]));
    viewer.rtp('video', camera.picture([SLICE]));
    expect(viewer.pictureTimes).toEqual([0, 3600, 3601, 7200]);
  });
});

describe('quirk 10: sender reports missing, late or wrong (mediamtx#5355, #1300)', () => {
  it("goes by arrival and the clock that ONVIF told where there are none: sound and picture are in step, and it is the camera's time", () => {
    const { viewer } = playing(-5000);
    expect(Math.abs(viewer.soundBehindPictureMs)).toBeLessThan(25);
    expect([viewer.stream.cameraClockOffsetMs, viewer.stream.reportedClockOffsetMs]).toEqual([-5000, undefined]);
    expect(Math.abs((viewer.stream.videoTime?.unixMs ?? 0) - (viewer.nowMs - 40 - 5000))).toBeLessThan(1);
  });

  it('takes those that come late, and then it is the clock that they tell', () => {
    const { viewer, camera } = playing(-5000);
    camera.offsetMs = -4200;
    camera.play(30_000);
    camera.report();
    expect([viewer.stream.cameraClockOffsetMs, viewer.stream.reportedClockOffsetMs]).toEqual([-4200, -4200]);
    expect(viewer.stream.videoTime?.unixMs).toBe(viewer.nowMs - 4200);
    expect(Math.abs(viewer.soundBehindPictureMs)).toBeLessThan(25);
  });

  it.each([
    // SDES of one chunk: the CNAME fills its words, and the zero byte that ends the list is not there.
    [
      'a description of the source without an end (Hanwha)',
      Buffer.concat([Buffer.from([0x81, 202, 0, 3, 0, 0, 0, 77, 1, 6]), Buffer.from('hanwha')]),
    ],
    ['a description that says more than it holds', Buffer.from([0x81, 202, 0, 9, 0, 0, 0, 77, 1, 6])],
    ['zeros', Buffer.alloc(8)],
  ])('reads one that is followed by %s (mediamtx#5355)', (_, behind) => {
    const { viewer, camera } = playing();
    viewer.rtcp('video', Buffer.concat([senderReportBytes(viewer.nowMs + 700, camera.video.timestamp, 77), behind]));
    expect(viewer.stream.reportedClockOffsetMs).toBe(700);
  });

  it.each([
    ['NTP 0, a camera without a clock', Date.UTC(2036, 1, 7, 6, 28, 16)],
    ['its uptime, counted from 1900', Date.UTC(2036, 1, 7, 6, 28, 16) + 90_000],
    ['1970, since its clock was never set', 90_000],
    ['1970 written for 1900', Date.UTC(2026, 0, 1) + 66.1 * YEAR],
  ])('is no time of day, and keeps sound and picture in step all the same: %s', (what, unixMs) => {
    const { viewer, camera } = playing(250);
    const offset = unixMs - viewer.nowMs;
    for (let count = 0; count < 3; count += 1) {
      camera.report({ unixMs: what.startsWith('NTP 0') ? unixMs : viewer.nowMs + offset });
      camera.play(5000);
    }
    expect([viewer.stream.cameraClockOffsetMs, viewer.stream.reportedClockOffsetMs]).toEqual([250, undefined]);
    expect(Math.abs((viewer.stream.videoTime?.unixMs ?? 0) - viewer.nowMs)).toBeLessThan(20_000);
    expect(Math.abs(viewer.soundBehindPictureMs)).toBeLessThan(25);
  });

  it('brings sound and picture in step by a clock that counts the uptime, where they do not come in step', () => {
    const viewer = new DescribedStream(H264_AND_PCMU, 250);
    const camera = new CameraClocks(viewer, [SPS, PPS, IDR]);
    camera.offsetMs = Date.UTC(2036, 1, 7, 6, 28, 16) + 90_000 - viewer.nowMs;
    // Its picture is encoded for 400 ms; its timestamps tell when it was taken.
    camera.video.timestamp = (camera.video.timestamp - 400 * 90 + 2 ** 32) % 2 ** 32;
    camera.play(1000);
    viewer.rtcp('video', senderReportBytes(viewer.nowMs + camera.offsetMs, camera.video.timestamp + 400 * 90, 77));
    viewer.rtcp('audio', senderReportBytes(viewer.nowMs + camera.offsetMs, camera.timestamp, 5));
    expect(viewer.soundBehindPictureMs).toBeCloseTo(400 + 40 - 20, -1);
  });

  it.each([
    ['is 0', () => 0],
    ['is of another count', (timestamp: number) => (timestamp + 0x5555_5555) % 2 ** 32],
  ])('is not about the packets when its RTP timestamp %s: time goes by arrival', (_, wrong) => {
    const { viewer, camera } = playing();
    camera.video.timestamp = 0x7000_0000;
    camera.play(1000);
    for (let count = 0; count < 3; count += 1) {
      camera.report({ videoTimestamp: wrong(camera.video.timestamp) });
      camera.play(5000);
    }
    expect(Math.abs(viewer.soundBehindPictureMs)).toBeLessThan(25);
  });

  it('lets no report count that contradicts those before, until another says the same', () => {
    const { viewer, camera } = playing();
    const offsets: (number | undefined)[] = [];
    for (const offsetMs of [100, 4 * HOUR, 110, -2 * HOUR, 7 * HOUR, 120, HOUR, HOUR + 5]) {
      camera.offsetMs = offsetMs;
      camera.report();
      offsets.push(viewer.stream.reportedClockOffsetMs);
      expect(Math.abs(viewer.soundBehindPictureMs)).toBeLessThan(25);
      camera.play(5000);
    }
    // The last two agree: the camera has set its clock.
    expect(offsets).toEqual([100, 100, 110, 110, 110, 120, 120, HOUR + 5]);
  });

  it('is not moved by reports that were held up behind a stall and come all at once', () => {
    const { viewer, camera } = playing();
    camera.report();
    for (const lateMs of [9000, 8200, 7400, 6600]) camera.report({ unixMs: viewer.nowMs - lateMs });
    expect(viewer.stream.reportedClockOffsetMs).toBe(0);
  });

  it('does not bring sound and picture together by reports of different clocks', () => {
    const { viewer, camera } = playing();
    for (let count = 0; count < 3; count += 1) {
      camera.report({ audioUnixMs: viewer.nowMs + 7000 });
      camera.play(5000);
    }
    expect(Math.abs(viewer.soundBehindPictureMs)).toBeLessThan(25);
  });
});
