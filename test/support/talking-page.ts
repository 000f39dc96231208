import type { Page } from 'playwright-core';
import { expect, vi } from 'vitest';
import type { Browser } from './chromium.ts';
import { part } from './viewer-page.ts';

/** The page's microphone is an oscillator of WebAudio. */
interface TalkingWindow extends Window {
  microphone: { whistle(frequency: number, durationMs: number): Promise<number>; open: number; asked: unknown[] };
}

/**
 * A page whose viewer can whistle into its microphone.
 *
 * @param codec in which its browser sends; absent: as the offer has it
 */
export async function openTalkingViewer(browser: Browser, url: string, codec?: 'opus'): Promise<Page> {
  const page = await browser.context.newPage();
  await page.addInitScript(replaceMicrophone);
  if (codec !== undefined) await page.addInitScript(preferOpus);
  await page.goto(url);
  return page;
}

/** Whistles; resolves with the time (Unix milliseconds) at which it began, once it is over. */
export async function whistle(page: Page, frequency: number, durationMs: number): Promise<number> {
  return await page.evaluate(
    async ([hertz, milliseconds]) => (window as unknown as TalkingWindow).microphone.whistle(hertz, milliseconds),
    [frequency, durationMs] as const,
  );
}

/** How many microphones are open, and what was asked of each that was. */
export async function microphones(page: Page): Promise<{ open: number; asked: unknown[] }> {
  return await page.evaluate(() => {
    const { open, asked } = (window as unknown as TalkingWindow).microphone;
    return { open, asked };
  });
}

/** One short press: talks until the next. */
export async function pressTalk(page: Page, id: string): Promise<void> {
  await page.click(part(id, 'talk'));
}

export async function untilTalking(page: Page, id: string, talking = true): Promise<void> {
  const state = talking ? 'on' : 'off';
  await vi.waitFor(async () => expect(await page.getAttribute(part(id, 'talk'), 'data-talk')).toBe(state), {
    timeout: 15_000,
    interval: 20,
  });
}

/** Runs in the page, so it uses nothing from outside. */
function replaceMicrophone(): void {
  const audio = new AudioContext({ latencyHint: 'interactive' });
  const destination = audio.createMediaStreamDestination();
  const microphone = {
    open: 0,
    asked: [] as unknown[],
    async whistle(frequency: number, durationMs: number): Promise<number> {
      await audio.resume();
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      volume.gain.value = 0.5;
      tone.frequency.value = frequency;
      tone.connect(volume).connect(destination);
      const ended = new Promise((resolve) => (tone.onended = resolve));
      const begunAt = performance.timeOrigin + performance.now();
      tone.start();
      tone.stop(audio.currentTime + durationMs / 1000);
      await ended;
      return begunAt;
    },
  };
  (window as unknown as TalkingWindow).microphone = microphone;
  navigator.mediaDevices.getUserMedia = (constraints) => {
    microphone.asked.push(constraints?.audio);
    microphone.open += 1;
    const stream = new MediaStream(destination.stream.getAudioTracks().map((track) => track.clone()));
    for (const track of stream.getTracks()) {
      const stop = track.stop.bind(track);
      track.stop = () => {
        microphone.open -= 1;
        stop();
      };
    }
    return Promise.resolve(stream);
  };
}

/** Browsers send in the form that the offer lists first. */
function preferOpus(): void {
  window.RTCPeerConnection = class extends RTCPeerConnection {
    override setRemoteDescription(offer: RTCSessionDescriptionInit): Promise<void> {
      const sdp = offer.sdp?.replace(/^(m=audio .*?) (0 8) (111)/m, '$1 $3 $2') ?? '';
      return super.setRemoteDescription({ ...offer, sdp });
    }
  };
}
