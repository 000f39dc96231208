import { Failure, NotApplicable } from '../../case.ts';
import { type DeviceCase, requires } from '../context.ts';
import { codecsOf, readSdp } from '../sdp.ts';
import type { KitSession } from '../session.ts';

/** Keyframes that come by themselves more often than this cannot be told from those that were asked for. */
const SHORTEST_PERIOD_MS = 1500;
/** A device may have a reason to ignore one request: it answered another a moment ago. */
const ATTEMPTS = 3;
/** In shares of the period from one keyframe to the next: when the kit asks, and by when one that was asked for has come. */
const ASK_AT = 0.3;
const COME_BY = 0.8;
/** How long keyframes are watched for, in times of the settling time. */
const WATCH_SETTLES = 3;

export const FEEDBACK_CASES: DeviceCase[] = [
  keyframeCase('pli-keyframe', 'pli', 'PLI (RFC 4585 section 6.3.1) makes the device send a keyframe'),
  keyframeCase('fir-keyframe', 'fir', 'FIR (RFC 5104 section 4.3.1) makes the device send a keyframe'),
];

/**
 * A camera sends keyframes by itself too. So the kit learns how often, asks some time after one, and takes only a keyframe that comes well
 * before the next would.
 */
function keyframeCase(id: string, kind: 'pli' | 'fir', title: string): DeviceCase {
  return {
    id,
    clause: '6.2',
    level: 'shall',
    title,
    async run(context) {
      const { session, invite } = await context.open();
      const video = readSdp(invite.offer).media.filter((section) => section.kind === 'video');
      requires(
        video.flatMap(codecsOf).includes('H264'),
        'the kit knows keyframes of H.264 only, and the device does not offer it',
      );
      const media = await session.goLive(invite);
      const { mediaMs, settleMs, answerMs } = context.timing;
      await context.poll(
        'a first keyframe',
        async () => (await session.keyframes()) > 0,
        mediaMs,
        () => 'none',
      );
      // None comes by itself within this time, or else the period is known.
      const watchMs = settleMs * WATCH_SETTLES;
      const measured = await measurePeriod(session, watchMs);
      if (measured !== undefined && measured < SHORTEST_PERIOD_MS) {
        throw new NotApplicable(`keyframes come every ${measured} ms by themselves; set the camera to one in 4 s or more`);
      }
      const period = measured ?? watchMs;
      const asked = kind.toUpperCase();
      context.transcript.note(
        `keyframes come ${measured === undefined ? `not within ${watchMs} ms` : `every ${measured} ms`} by themselves`,
      );
      let isFresh = measured !== undefined;
      for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
        if (!isFresh) {
          // To begin with a keyframe, whatever brings it.
          media.requestKeyframe(kind);
          isFresh = await comes(session, measured === undefined ? answerMs : measured * 2);
          if (!isFresh) continue;
        }
        await context.pause(period * ASK_AT);
        media.requestKeyframe(kind);
        if (await comes(session, period * (COME_BY - ASK_AT))) return;
        isFresh = false;
      }
      throw new Failure(`a keyframe soon after ${asked}`, `none after ${ATTEMPTS} attempts but those that come by themselves`);
    },
  };
}

/** Milliseconds between two keyframes that nobody asked for; undefined where they are further apart than the time given. */
async function measurePeriod(session: KitSession, watchMs: number): Promise<number | undefined> {
  // The one at the start of a session may have come out of a cache.
  if (!(await comes(session, watchMs))) return undefined;
  const first = performance.now();
  return (await comes(session, watchMs)) ? Math.round(performance.now() - first) : undefined;
}

/** Whether another keyframe comes in time. */
async function comes(session: KitSession, timeoutMs: number): Promise<boolean> {
  const before = await session.keyframes();
  const until = performance.now() + timeoutMs;
  while (performance.now() < until) {
    await session.context.pause(Math.min(POLL_MS, timeoutMs));
    if ((await session.keyframes()) > before) return true;
  }
  return false;
}

const POLL_MS = 10;
