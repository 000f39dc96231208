import type { AdaptationStats } from '../../base/adaptation.ts';

/** How the rung that is sent stands among the others: why there is not more of it. */
export function rungPlace({ rung, rungs, switches }: AdaptationStats): string {
  if (rungs.length === 1) return 'The camera has nothing smaller to send.';
  if (rung === rungs.length - 1) return switches === 0 ? 'All that was asked for.' : 'All that was asked for again.';
  return rung === 0 ? 'The least that there is: the network carries very little.' : 'As much as the network carries.';
}
