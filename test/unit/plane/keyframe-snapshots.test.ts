import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CameraFrame } from '../../../src/media/video-track.ts';
import { KeyframeSnapshots, type SnapshotSource } from '../../../src/plane/keyframe-snapshots.ts';

const NOW = Date.UTC(2026, 10, 21);
/** The camera's clock is this far ahead. */
const OFFSET_MS = 3_600_000;
const SPS = Buffer.of(0x67, 1, 2);
const IDR = Buffer.concat([Buffer.of(0x65), Buffer.alloc(20, 7)]);

beforeEach(() => void vi.useFakeTimers({ now: NOW }));
afterEach(() => void vi.useRealTimers());

/** A keyframe that was taken so many milliseconds ago: a STAP-A with its parameter set, and fragments. */
function keyframe(agoMs: number, codec: CameraFrame['codec'] = 'H264'): CameraFrame {
  const aggregate = Buffer.concat([Buffer.of(0x78, 0, SPS.length), SPS]);
  const fragments = [
    Buffer.concat([Buffer.of(0x7c, 0x85), IDR.subarray(1, 11)]),
    Buffer.concat([Buffer.of(0x7c, 0x45), IDR.subarray(11)]),
  ];
  const payloads = codec === 'H264' ? [aggregate, ...fragments] : [Buffer.from('a whole '), Buffer.from('picture')];
  // Timestamps have gone round meanwhile.
  const timestamp = (5 - agoMs * 90) >>> 0;
  return { codec, payloads, timestamp, keyframe: true, discardable: false, bytes: 1 };
}

class FakeProfile implements SnapshotSource {
  readonly token = 'main';
  pictures: CameraFrame[] = [];
  viewers = 0;
  requests = 0;
  readonly stream = this.#stream();

  retain(): void {
    this.viewers += 1;
  }

  release(): void {
    this.viewers -= 1;
  }

  requestKeyframe(): void {
    this.requests += 1;
  }

  #stream(): SnapshotSource['stream'] {
    const pictures = (): CameraFrame[] => this.pictures;
    return {
      get pictures() {
        return pictures();
      },
      videoTime: { unixMs: NOW + OFFSET_MS, timestamp: 5 },
      cameraClockOffsetMs: OFFSET_MS,
    };
  }
}

const snapshots = (): KeyframeSnapshots => new KeyframeSnapshots({ now: () => Date.now() });

describe('the keyframe for a snapshot', () => {
  it('is the newest that the stream keeps, as a byte stream, with the time at which it was taken by our clock', async () => {
    const profile = new FakeProfile();
    profile.pictures = [keyframe(4000), { ...keyframe(100), keyframe: false }];
    const start = Buffer.of(0, 0, 0, 1);
    expect(await snapshots().take(profile)).toEqual({
      keyframe: { profile: 'main', codec: 'H264', bytes: Buffer.concat([start, SPS, start, IDR]), takenAt: NOW - 4000 },
    });
    expect([profile.viewers, profile.requests]).toEqual([0, 0]);
  });

  it('is the picture whole where the camera sends JPEG', async () => {
    const profile = new FakeProfile();
    profile.pictures = [keyframe(40, 'JPEG')];
    expect(await snapshots().take(profile)).toMatchObject({ keyframe: { codec: 'JPEG', bytes: Buffer.from('a whole picture') } });
  });

  it('is waited for where there is none: the camera is pulled and asked for one, and let go', async () => {
    const profile = new FakeProfile();
    const taken = snapshots().take(profile);
    expect([profile.viewers, profile.requests]).toEqual([1, 1]);
    await vi.advanceTimersByTimeAsync(3000);
    profile.pictures = [keyframe(-3000)];
    await vi.advanceTimersByTimeAsync(100);
    expect(await taken).toMatchObject({ keyframe: { takenAt: NOW + 3000 } });
    expect(profile.viewers).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is replaced where it is old, if the camera gives a newer one within two seconds', async () => {
    const profile = new FakeProfile();
    profile.pictures = [keyframe(11_000)];
    const taken = snapshots().take(profile);
    await vi.advanceTimersByTimeAsync(1000);
    profile.pictures = [keyframe(-900)];
    await vi.advanceTimersByTimeAsync(100);
    expect(await taken).toMatchObject({ keyframe: { takenAt: NOW + 900 } });
    profile.pictures = [keyframe(12_000)];
    const old = snapshots().take(profile);
    await vi.advanceTimersByTimeAsync(2000);
    expect(await old).toMatchObject({ keyframe: { takenAt: NOW - 12_000 } });
    expect(profile.viewers).toBe(0);
  });

  it('is none where none comes within ten seconds', async () => {
    const profile = new FakeProfile();
    const taken = snapshots().take(profile);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await taken).toEqual({ reason: { code: 'snapshot.no_keyframe', message: expect.any(String) } });
    expect(profile.viewers).toBe(0);
  });

  it('is none, with the reason, as soon as the pull fails; that of another profile goes on', async () => {
    const subject = snapshots();
    const [profile, other] = [new FakeProfile(), new FakeProfile()];
    const [taken, again, others] = [profile, profile, other].map((each) => subject.take(each));
    const reason = { code: 'rtsp.unreachable', message: 'Gone.' };
    subject.onState(profile, 'connecting', undefined);
    subject.onState(profile, 'playing', undefined);
    subject.onState(profile, 'failed', reason);
    expect(await Promise.all([taken, again])).toEqual([{ reason }, { reason }]);
    other.pictures = [keyframe(0)];
    await vi.advanceTimersByTimeAsync(100);
    expect(await others).toMatchObject({ keyframe: { profile: 'main' } });
  });

  it('was never taken later than now', async () => {
    const profile = new FakeProfile();
    profile.pictures = [keyframe(-60_000)];
    expect(await snapshots().take(profile)).toMatchObject({ keyframe: { takenAt: NOW } });
  });
});
