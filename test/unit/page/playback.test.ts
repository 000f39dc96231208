import { describe, expect, it } from 'vitest';
import { IDLE, nextPlayback, retryDelayMs, type Playback, type PlaybackEvent } from '../../../src/page/playback.ts';

const gone = { code: 'signaling.410', message: 'The session ended.' };

function after(...events: PlaybackEvent[]): Playback {
  return events.reduce(nextPlayback, IDLE);
}

const play = { type: 'play' } as const;
const firstFrame = { type: 'first-frame' } as const;
const lostAt = (now: number): PlaybackEvent => ({ type: 'lost', reason: gone, now });

describe('playback', () => {
  it('goes from play to the first frame', () => {
    expect(after(play)).toEqual({ state: 'connecting', attempt: 0, reason: null });
    expect(after(play, firstFrame)).toEqual({ state: 'playing', stalledSince: null });
  });

  it('waits a second after a lost session, then connects again', () => {
    const waiting = after(play, firstFrame, lostAt(50_000));
    expect(waiting).toEqual({ state: 'waiting', attempt: 1, retryAt: 51_000, reason: gone });
    expect(nextPlayback(waiting, { type: 'retry' })).toEqual({ state: 'connecting', attempt: 1, reason: gone });
  });

  it('waits longer with each failure in a row, and starts anew after a picture', () => {
    const second = after(play, lostAt(0), { type: 'retry' }, lostAt(0));
    expect(second).toMatchObject({ state: 'waiting', attempt: 2, retryAt: 2000 });
    const again = [{ type: 'retry' } as const, firstFrame, lostAt(0)].reduce<Playback>(nextPlayback, second);
    expect(again).toMatchObject({ state: 'waiting', attempt: 1, retryAt: 1000 });
    expect([1, 2, 3, 4, 5, 6, 60].map(retryDelayMs)).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
  });

  it('does not try again what needs a person', () => {
    const refused = { code: 'signaling.401', message: 'The token was refused.' };
    expect(after(play, { type: 'lost', reason: refused, now: 0 })).toEqual({ state: 'failed', reason: refused });
    expect(after(play, { type: 'lost', reason: refused, now: 0 }, play)).toMatchObject({ state: 'connecting' });
  });

  it('gives up a wait that is in vain, and nothing else', () => {
    const giveUp = { type: 'give-up', reason: { code: 'stream.no_h264', message: 'The profile sends H265.' } } as const;
    expect(after(play, lostAt(0), giveUp)).toEqual({ state: 'failed', reason: giveUp.reason });
    expect(after(play, giveUp)).toMatchObject({ state: 'connecting' });
    expect(after(play, firstFrame, giveUp)).toMatchObject({ state: 'playing' });
    expect(after(giveUp)).toEqual(IDLE);
  });

  it('remembers since when no frame came, and forgets it with the next', () => {
    const stalled = after(play, firstFrame, { type: 'stalled', since: 10 }, { type: 'stalled', since: 20 });
    expect(stalled).toEqual({ state: 'playing', stalledSince: 10 });
    expect(nextPlayback(stalled, { type: 'flowing' })).toEqual({ state: 'playing', stalledSince: null });
  });

  it('is left alone by late events of a session that was stopped', () => {
    const stopped = after(play, firstFrame, { type: 'stop' });
    for (const late of [
      firstFrame,
      lostAt(1),
      { type: 'retry' },
      { type: 'stalled', since: 1 },
      { type: 'flowing' },
    ] as PlaybackEvent[]) {
      expect(nextPlayback(stopped, late)).toBe(stopped);
    }
  });

  it('keeps the same object when nothing changed, so that nothing is done twice', () => {
    const playing = after(play, firstFrame);
    expect(nextPlayback(playing, { type: 'flowing' })).toBe(playing);
    expect(nextPlayback(playing, { type: 'retry' })).toBe(playing);
  });
});
