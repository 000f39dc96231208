import { describe, expect, it, vi } from 'vitest';
import { Stream } from '../../../src/media/stream.ts';
import type { WatchedProfile } from '../../../src/peer/session.ts';
import { H264Camera, IDR, PPS, SPS, videoTrack } from '../media/h264-camera.ts';
import { CLOSED, openSession, reaches, watch } from './session-fixture.ts';
import { WAIT } from './webrtc/loopback-viewer.ts';

/** Another profile of the camera, and how often it was asked for a keyframe. */
function another(): WatchedProfile & { asked: number } {
  const stream = new Stream({ maxPayload: 1100, keyframeCacheBytes: 1e6, clockOffsetMs: 0, onKeyframeWanted: () => undefined });
  stream.setTracks([videoTrack()]);
  const profile = { stream, video: 'H264', audio: false, talk: false, metadata: false, asked: 0 };
  return Object.assign(profile, { requestKeyframe: () => (profile.asked += 1) });
}

const cameras = new WeakMap<Stream, H264Camera>();

function sendKeyframe(stream: Stream): void {
  const camera = cameras.get(stream) ?? new H264Camera();
  cameras.set(stream, camera);
  for (const packet of camera.picture([SPS, PPS, IDR])) stream.receiveRtp(0, packet, Date.now());
}

describe('a session that is to go over to another profile at a keyframe', () => {
  it('asks that for one at once, and is shown what it was until it comes, also where it has one that is old', async () => {
    const opened = openSession();
    sendKeyframe(opened.stream);
    const { session, packets } = await watch(opened, []);
    await reaches(opened, 'live');
    const sub = another();
    sendKeyframe(sub.stream);
    session.watch('sub', sub, { join: 'keyframe' });
    expect([sub.asked, opened.joined, session.profile, opened.stream.readers, sub.stream.readers]).toEqual([1, [], 'main', 1, 1]);
    expect(session.pending).toEqual({ profile: 'sub', sinceMs: expect.any(Number) as unknown, isLate: false });
    await vi.waitUntil(() => packets.at(-1)?.header.marker === true, WAIT);
    const before = session.stats().packetsSent;
    sendKeyframe(opened.stream);
    await vi.waitFor(() => expect(session.stats().packetsSent).toBeGreaterThan(before), WAIT);
    expect(session.profile).toBe('main');
    sendKeyframe(sub.stream);
    expect([opened.joined, session.profile, session.pending]).toEqual([['sub'], 'sub', undefined]);
    expect([opened.stream.readers, sub.stream.readers]).toEqual([0, 1]);
    // What the viewer asks for from now on is asked of that.
    expect(session.stats()).toMatchObject({ profile: 'sub', requestedProfile: 'main' });
  });

  it('says when it is not known when that comes, and stays where it is when it is told to', async () => {
    const opened = openSession();
    const { session } = await watch(opened, []);
    await reaches(opened, 'live');
    const [main, sub] = [another(), another()];
    session.watch('main', main);
    session.watch('sub', sub, { join: 'keyframe' });
    const since = session.pending?.sinceMs ?? 0;
    const clock = vi.spyOn(Date, 'now').mockReturnValue(since + 5000);
    expect(session.pending?.isLate).toBe(false);
    clock.mockReturnValue(since + 5001);
    expect(session.pending).toEqual({ profile: 'sub', sinceMs: since, isLate: true });
    clock.mockRestore();
    session.watch('main', main, { join: 'keyframe' });
    expect([session.pending, sub.stream.readers, main.stream.readers]).toEqual([undefined, 0, 1]);
    sendKeyframe(sub.stream);
    expect([opened.joined, session.profile]).toEqual([[], 'main']);
  });

  it('is shown another from the first on where it is not live yet, and has joined it', () => {
    const { session, joined } = openSession();
    const sub = another();
    session.watch('sub', sub, { join: 'keyframe' });
    expect([session.profile, session.pending, joined, sub.asked]).toEqual(['sub', undefined, ['sub'], 0]);
  });

  it('reads neither when it is closed', async () => {
    const opened = openSession();
    const { session } = await watch(opened, []);
    await reaches(opened, 'live');
    const sub = another();
    session.watch('sub', sub, { join: 'keyframe' });
    session.close(CLOSED);
    expect([opened.stream.readers, sub.stream.readers, opened.joined]).toEqual([0, 0, []]);
  });

  it('keeps how it is thinned, and says what is known of its path once it is live', async () => {
    const opened = openSession();
    const { session } = opened;
    session.thinning = 'pictures';
    expect([session.path, session.probe(1e6)]).toEqual([undefined, false]);
    sendKeyframe(opened.stream);
    await watch(opened, []);
    await reaches(opened, 'live');
    expect([session.path?.estimateBitsPerSecond, session.path?.canProbe, session.probe(1e6)]).toEqual([null, false, false]);
    const sub = another();
    session.watch('sub', sub, { join: 'keyframe' });
    sendKeyframe(sub.stream);
    expect(opened.joined).toEqual(['sub']);
    expect([session.thinning, session.stats().packetsSent]).toEqual(['pictures', 0]);
  });
});
