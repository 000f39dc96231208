import type { Reason } from '../base/errors.ts';
import { isPermanent } from './signaling-reason.ts';

/*
 * What one card does about playing, as a state machine without timers or network: states and times in, states out.
 * `idle` -> `connecting` -> `playing`; a lost session goes to `waiting` and from there to `connecting` again; what another
 * attempt cannot cure is `failed` until a person acts.
 */

export type Playback =
  | { state: 'idle' }
  /** `attempt` counts lost sessions since the last picture; `reason` is why the one before was lost. */
  | { state: 'connecting'; attempt: number; reason: Reason | null }
  /** `stalledSince` (local clock, ms) is set while frames do not come. */
  | { state: 'playing'; stalledSince: number | null }
  /** `retryAt`: local clock, ms. */
  | { state: 'waiting'; attempt: number; retryAt: number; reason: Reason }
  | { state: 'failed'; reason: Reason };

export type PlaybackEvent =
  | { type: 'play' }
  | { type: 'stop' }
  | { type: 'first-frame' }
  /** No frame since then (local clock, ms). */
  | { type: 'stalled'; since: number }
  /** Frames come. */
  | { type: 'flowing' }
  | { type: 'lost'; reason: Reason; now: number }
  /** The gateway knows that another attempt would be in vain. */
  | { type: 'give-up'; reason: Reason }
  /** The time of the next attempt has come, somebody asked for it, or the camera is back. */
  | { type: 'retry' };

export const IDLE: Playback = { state: 'idle' };

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15_000;

/** Events that mean nothing in a state leave it as it is: a late event of a session that was stopped is normal. */
export function nextPlayback(playback: Playback, event: PlaybackEvent): Playback {
  switch (event.type) {
    case 'play':
      return { state: 'connecting', attempt: 0, reason: null };
    case 'stop':
      return IDLE;
    case 'first-frame':
      return playback.state === 'connecting' ? { state: 'playing', stalledSince: null } : playback;
    case 'stalled':
      return playback.state === 'playing' && playback.stalledSince === null
        ? { ...playback, stalledSince: event.since }
        : playback;
    case 'flowing':
      return playback.state === 'playing' && playback.stalledSince !== null ? { ...playback, stalledSince: null } : playback;
    case 'lost':
      return lost(playback, event.reason, event.now);
    case 'give-up':
      return playback.state === 'waiting' ? { state: 'failed', reason: event.reason } : playback;
    case 'retry':
      return playback.state === 'waiting'
        ? { state: 'connecting', attempt: playback.attempt, reason: playback.reason }
        : playback;
  }
}

function lost(playback: Playback, reason: Reason, now: number): Playback {
  if (playback.state !== 'connecting' && playback.state !== 'playing') return playback;
  if (isPermanent(reason)) return { state: 'failed', reason };
  const attempt = playback.state === 'connecting' ? playback.attempt + 1 : 1;
  return { state: 'waiting', attempt, retryAt: now + retryDelayMs(attempt), reason };
}

/** 1, 2, 4, 8, then 15 seconds. */
export function retryDelayMs(attempt: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1));
}
