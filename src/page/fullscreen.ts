/** The controls go after this long without a movement. */
const RESTING_AFTER_MS = 2500;

/** iPhone's Safari knows full screen for a video only, under a name of its own. */
interface AppleVideo extends HTMLVideoElement {
  webkitEnterFullscreen?: () => void;
}

/** Takes the card full screen or back. Refusals (a frame without permission) leave it as it is. */
export async function toggleFullscreen(card: HTMLElement, video: AppleVideo): Promise<void> {
  if (document.fullscreenElement === card) {
    await document.exitFullscreen();
    return;
  }
  if (!document.fullscreenEnabled) {
    video.webkitEnterFullscreen?.();
    return;
  }
  try {
    await card.requestFullscreen();
  } catch {
    return;
  }
  hideControlsAtRest(card);
}

function hideControlsAtRest(card: HTMLElement): void {
  const over = new AbortController();
  let timer = 0;
  const wake = (): void => {
    clearTimeout(timer);
    card.dataset['resting'] = 'false';
    timer = window.setTimeout(() => (card.dataset['resting'] = 'true'), RESTING_AFTER_MS);
  };
  for (const event of ['pointermove', 'pointerdown', 'keydown']) card.addEventListener(event, wake, { signal: over.signal });
  document.addEventListener(
    'fullscreenchange',
    () => {
      over.abort();
      clearTimeout(timer);
      delete card.dataset['resting'];
    },
    { signal: over.signal },
  );
  wake();
}
