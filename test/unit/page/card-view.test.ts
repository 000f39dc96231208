import { describe, expect, it } from 'vitest';
import type { ProfileInfo } from '../../../src/base/api.ts';
import { cameraFacts, cardView, profileFacts, profileLabel, sentences } from '../../../src/page/card-view.ts';
import type { Playback } from '../../../src/page/playback.ts';
import { cameraInfo } from '../http/stub-view.ts';

const idle: Playback = { state: 'idle' };
const refused = { code: 'camera.unauthorized', message: 'The camera refused the password.', advice: 'Set it in the config.' };
const gone = { code: 'signaling.closed', message: 'The session ended' };
const failedCamera = cameraInfo({ state: 'failed', reason: refused });

function profileInfo(change: Partial<ProfileInfo> = {}): ProfileInfo {
  return {
    token: 'main',
    name: 'Main',
    video: null,
    audio: null,
    metadata: false,
    talk: false,
    stream: { state: 'idle', reason: null },
    conversions: [],
    warnings: [],
    ...change,
  };
}

describe('card of a camera that does not play', () => {
  it('offers to play a camera that is online and registered', () => {
    expect(cardView(cameraInfo(), null, idle, 0)).toEqual({
      status: 'Online',
      tone: 'good',
      notice: null,
      canPlay: true,
      active: false,
    });
  });

  it('says why a camera failed and what to do', () => {
    const view = cardView(failedCamera, null, idle, 0);
    expect(view).toMatchObject({ status: 'Failed', tone: 'bad', canPlay: false });
    expect(view.notice).toMatchObject({
      detail: 'The camera refused the password. Set it in the config.',
      busy: false,
      action: null,
    });
  });

  it('shows that a camera is being connected to', () => {
    expect(cardView(cameraInfo({ state: 'connecting' }), null, idle, 0)).toMatchObject({
      status: 'Connecting',
      canPlay: false,
      notice: { busy: true },
    });
  });

  it('does not offer to play a camera without a peer id', () => {
    const registering = cameraInfo({ peer: null, signaling: { state: 'connecting', server: 'wss://s.example', reason: null } });
    expect(cardView(registering, null, idle, 0)).toMatchObject({ canPlay: false, status: 'Registering', notice: { busy: true } });
    const failed = cameraInfo({ peer: null, signaling: { state: 'failed', server: 'wss://s.example', reason: gone } });
    expect(cardView(failed, null, idle, 0)).toMatchObject({
      canPlay: false,
      tone: 'bad',
      notice: { detail: 'The session ended.', busy: false },
    });
  });

  it('offers to try an rtsp: camera that failed, since nothing else shows that it is back', () => {
    const unreachable = cameraInfo({ kind: 'rtsp', state: 'failed', reason: refused });
    expect(cardView(unreachable, null, idle, 0)).toMatchObject({ canPlay: false, notice: { action: 'Try again' } });
    expect(cardView({ ...unreachable, peer: null }, null, idle, 0).notice?.action).toBeNull();
  });

  it('plays a peer of which nothing else is known', () => {
    expect(cardView(null, null, idle, 0)).toMatchObject({ canPlay: true, notice: null });
  });
});

describe('card of a camera that plays', () => {
  it('shows nothing over a picture that moves', () => {
    expect(cardView(cameraInfo(), null, { state: 'playing', stalledSince: null }, 0)).toMatchObject({
      status: 'Live',
      notice: null,
      active: true,
    });
  });

  it('says over a picture that stands for how long and why', () => {
    const view = cardView(failedCamera, null, { state: 'playing', stalledSince: 1000 }, 8400);
    expect(view.notice).toMatchObject({ title: 'No new picture for 7 s', overPicture: true, action: null });
    expect(view.notice?.detail).toContain('The camera refused the password. Set it in the config.');
  });

  it('counts down to the next attempt and offers it now', () => {
    const waiting: Playback = { state: 'waiting', attempt: 1, retryAt: 4000, reason: gone };
    expect(cardView(cameraInfo(), null, waiting, 1500).notice).toMatchObject({
      title: 'Trying again in 3 s',
      detail: 'The session ended.',
      action: 'Try now',
    });
  });

  it('names the failed camera rather than the session that it ended', () => {
    const waiting: Playback = { state: 'waiting', attempt: 1, retryAt: 4000, reason: gone };
    expect(cardView(failedCamera, null, waiting, 0).notice?.detail).toContain('refused the password');
  });

  it('leaves it to the person when an attempt cannot help', () => {
    expect(cardView(cameraInfo(), null, { state: 'failed', reason: refused }, 0)).toMatchObject({
      tone: 'bad',
      notice: { action: 'Try again' },
    });
  });
});

describe('words for a camera', () => {
  it('ends each sentence once', () => {
    expect(sentences({ code: 'x', message: 'No answer', advice: 'Is it on?' })).toBe('No answer. Is it on?');
    expect(sentences({ code: 'x', message: 'No answer.' })).toBe('No answer.');
  });

  it('leaves out what the camera does not say', () => {
    expect(cameraFacts(cameraInfo())).toBe('192.0.2.20 · Acme Dome 1');
    expect(cameraFacts(cameraInfo({ manufacturer: null, model: null }))).toBe('192.0.2.20');
    expect(cameraFacts(cameraInfo({ configuredAddress: '192.0.2.11', adopted: true }))).toBe(
      '192.0.2.20 (configured: 192.0.2.11) · Acme Dome 1 · adopted',
    );
    const profile = profileInfo();
    const video = { codec: 'H264', width: 1280, height: 720, framesPerSecond: 25, bitrateKbps: null };
    expect([profileLabel({ ...profile, video }), profileFacts({ ...profile, video })]).toEqual([
      '720p · Main',
      '1280 × 720, 25 fps',
    ]);
    expect(profileLabel(profile)).toBe('Main');
  });

  it('give the codec where no size is known', () => {
    const video = { codec: 'H265', width: null, height: null, framesPerSecond: null, bitrateKbps: null };
    const profile = profileInfo({ video });
    expect([profileLabel(profile), profileFacts(profile)]).toEqual(['Main', 'H265']);
  });

  it('do not lay on a profile of an rtsp: camera what befell another one', () => {
    const unreachable = cameraInfo({ kind: 'rtsp', state: 'failed', reason: refused });
    const connecting = { state: 'connecting', attempt: 0, reason: null } as const;
    const detail = (state: ProfileInfo['stream']['state']) =>
      cardView(unreachable, profileInfo({ stream: { state, reason: null } }), connecting, 0).notice?.detail;
    expect(detail('connecting')).toBeNull();
    expect(detail('idle')).toContain('refused the password');
  });

  it('say what is wrong with the stream of the chosen profile while they wait', () => {
    const reason = { code: 'stream.no_h264', message: 'The profile sends H265.', advice: 'Choose another profile.' };
    const profile = profileInfo({ stream: { state: 'failed', reason } });
    const waiting = { state: 'waiting', attempt: 1, reason: refused, retryAt: 1000 } as const;
    expect(cardView(cameraInfo(), profile, waiting, 0).notice?.detail).toBe('The profile sends H265. Choose another profile.');
  });
});

describe('card of a viewer whose network carries too little', () => {
  const stalled: Playback = { state: 'playing', stalledSince: 1000 };
  const flowing: Playback = { state: 'playing', stalledSince: null };
  const starting: Playback = { state: 'connecting', attempt: 0, reason: null };
  const soundOnly = { thinning: 'pictures', hasSound: true } as const;
  const keyframes = { thinning: 'keyframes', hasSound: true } as const;

  it.each([
    ['in the midst of it', stalled],
    ['from the start', starting],
  ])('says that only sound is sent, %s, and that pictures come back', (_when, playback) => {
    const view = cardView(cameraInfo(), null, playback, 4000, soundOnly);
    expect(view).toMatchObject({
      status: 'Sound only',
      tone: 'busy',
      notice: { title: 'Only sound is sent', overPicture: true },
    });
    expect(view.notice?.detail).toMatch(/come back by themselves/);
  });

  it('does not promise sound where there is none', () => {
    const view = cardView(cameraInfo(), null, stalled, 4000, { ...soundOnly, hasSound: false });
    expect([view.status, view.notice?.title]).toEqual(['No pictures', 'No pictures are sent']);
  });

  it('is live as soon as a picture comes', () => {
    expect(cardView(cameraInfo(), null, flowing, 4000, soundOnly)).toMatchObject({ status: 'Live', notice: null });
  });

  it('does not take the time between keyframes for an interruption', () => {
    for (const playback of [flowing, stalled]) {
      expect(cardView(cameraInfo(), null, playback, 11_000, keyframes)).toMatchObject({ status: 'Still pictures', notice: null });
    }
    expect(cardView(cameraInfo(), null, stalled, 22_000, keyframes)).toMatchObject({ status: 'Interrupted' });
  });

  it('blames the camera for what is its fault', () => {
    for (const held of [soundOnly, keyframes]) {
      const view = cardView(failedCamera, null, stalled, 4000, held);
      expect([view.status, view.notice?.detail]).toEqual(['Interrupted', expect.stringContaining(refused.message)]);
    }
  });
});
