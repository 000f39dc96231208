import type { Player } from './player.ts';

type Played = Pick<Player, 'playback' | 'play' | 'stop'>;

/**
 * Stops what plays when the page is left: one that did not say so would be ended without a word, and its cameras would go on sending for a while.
 * Where the browser brings the same page back, by its "back" button, what had played plays again.
 *
 * @param page the window
 */
export function stopWhileAway(page: EventTarget, players: () => readonly Played[]): void {
  let stopped: readonly Played[] = [];
  page.addEventListener('pagehide', () => {
    stopped = players().filter(({ playback }) => playback.state !== 'idle');
    for (const player of stopped) player.stop();
  });
  page.addEventListener('pageshow', () => {
    for (const player of stopped) if (players().includes(player)) player.play();
    stopped = [];
  });
}
