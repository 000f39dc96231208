import { expect, it } from 'vitest';
import { stopWhileAway } from '../../../src/page/away.ts';
import type { Playback } from '../../../src/page/playback.ts';

class Played {
  playback = { state: 'playing' } as Playback;
  play(): void {
    this.playback = { state: 'playing' } as Playback;
  }
  stop(): void {
    this.playback = { state: 'idle' } as Playback;
  }
}

it('what played when the page was left plays again when the browser brings it back, and nothing else', () => {
  const page = new EventTarget();
  const [yard, idle, gone] = [new Played(), new Played(), new Played()];
  let players = [yard, idle, gone];
  const states = (): string[] => [yard, idle, gone].map(({ playback }) => playback.state);
  stopWhileAway(page, () => players);
  idle.stop();
  // As a page is shown at first.
  page.dispatchEvent(new Event('pageshow'));
  expect(states()).toEqual(['playing', 'idle', 'playing']);
  page.dispatchEvent(new Event('pagehide'));
  expect(states()).toEqual(['idle', 'idle', 'idle']);
  players = [yard, idle];
  page.dispatchEvent(new Event('pageshow'));
  expect(states()).toEqual(['playing', 'idle', 'idle']);
});
