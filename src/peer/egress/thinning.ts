import type { Thinning } from '../../base/adaptation.ts';

/** So often at most is a keyframe asked for by a viewer that is sent nothing else: the other viewers of the camera pay for it too. */
const ASK_MS = 10_000;
const LEVELS: readonly Thinning[] = ['none', 'discardable', 'keyframes', 'pictures'];

/** Which pictures a viewer is not sent, since its path does not carry all. Milliseconds on a monotonic clock of the caller. */
export class PictureThinning {
  level: Thinning = 'none';
  #askedAtMs = Number.NEGATIVE_INFINITY;

  /** Whether less is sent with `level` than now. */
  isStricter(level: Thinning): boolean {
    return LEVELS.indexOf(level) > LEVELS.indexOf(this.level);
  }

  leavesOut({ keyframe, discardable }: { keyframe: boolean; discardable: boolean }): boolean {
    switch (this.level) {
      case 'none':
        return false;
      case 'discardable':
        return discardable;
      case 'keyframes':
        return !keyframe;
      case 'pictures':
        return true;
    }
  }

  /** Whether a keyframe may be asked for: not one that would not be sent, and where nothing else is sent seldom. */
  mayAsk(nowMs: number): boolean {
    if (this.level === 'pictures') return false;
    if (this.level !== 'keyframes') return true;
    if (nowMs - this.#askedAtMs < ASK_MS) return false;
    this.#askedAtMs = nowMs;
    return true;
  }
}
