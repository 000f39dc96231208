import { setTimeout as delay } from 'node:timers/promises';
import { describeReason, reasonOf } from '../base/errors.ts';

const RETRY_INTERVAL_MS = 500;

/**
 * Listens again on a port that was given up for a while. Where another program took it meanwhile, the camera stays away until it is free: Node
 * warns of it once, and nobody's process ends for it. Resolves also when `signal` ends the attempts.
 */
export async function listenAgain(listen: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    try {
      await listen();
      return;
    } catch (error) {
      if (isFirst) process.emitWarning(describeReason(reasonOf(error)));
    }
    await delay(RETRY_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  }
}
