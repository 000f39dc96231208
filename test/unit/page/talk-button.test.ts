import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SignalingCode, SignalingError } from '../../../src/base/signaling.ts';
import { Microphone } from '../../../src/page/microphone.ts';
import { TalkButton } from '../../../src/page/talk-button.ts';

/** As much of an element as the button needs. */
class Part extends EventTarget {
  textContent = '';
  hidden = true;
  title = '';
  dataset: Record<string, string> = {};
  style = { setProperty: (): void => undefined };
  readonly attributes = new Map<string, string>();
  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }
}

const session = { state: 'live', canTalk: true, on: () => () => undefined, stopTalk: () => Promise.resolve() };
const track = Object.assign(new EventTarget(), { stop: vi.fn<() => void>() });
const stream = { getAudioTracks: () => [track], getTracks: () => [track] };
let [button, status] = [new Part(), new Part()];
let current: object | null = null;
let talk: TalkButton;

beforeEach(() => {
  vi.stubGlobal('window', { isSecureContext: true });
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia: () => Promise.resolve(stream) } });
  track.stop.mockClear();
  [button, status] = [new Part(), new Part()];
  current = null;
  talk = new TalkButton({ button, status, session: () => current } as unknown as ConstructorParameters<typeof TalkButton>[0]);
  show();
});

afterEach(() => {
  talk.stop();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

function show(): void {
  talk.render('Yard', { profile: { talk: true } });
}

function press(): void {
  button.dispatchEvent(Object.assign(new Event('keydown'), { key: 'Enter', repeat: false }));
}

it('the talk button says to wait only until the camera plays', () => {
  current = { ...session, state: 'connecting' };
  show();
  press();
  show();
  expect([status.textContent, status.hidden]).toEqual(['Wait until the camera plays.', false]);
  current = session;
  show();
  expect([status.textContent, status.hidden]).toEqual(['', true]);
});

it('what a session refused is said as the gateway said it, and no longer than the session lasts', async () => {
  const refusal = new SignalingError(SignalingCode.talkFailed, 'The camera plays no speech.');
  vi.spyOn(Microphone, 'open').mockResolvedValue({ track, level: 0, close: () => undefined } as unknown as Microphone);
  current = { ...session, startTalk: () => Promise.reject(refusal) };
  show();
  press();
  await vi.waitFor(() => expect(status.textContent).toBe(refusal.message));
  show();
  expect(status.textContent).toBe(refusal.message);
  current = null;
  show();
  expect(status.textContent).toBe('');
});

it('the talk button keeps its name while it is pressed', () => {
  vi.spyOn(Microphone, 'open').mockReturnValue(Promise.withResolvers<Microphone>().promise);
  current = session;
  show();
  const name = button.attributes.get('aria-label');
  press();
  expect([button.attributes.get('aria-pressed'), button.attributes.get('aria-label')]).toEqual(['true', name]);
});

it('a microphone of which the loudness cannot be measured is let go', async () => {
  vi.stubGlobal('AudioContext', function AudioContext() {
    throw new Error('too many');
  });
  await expect(Microphone.open()).rejects.toThrow('too many');
  expect(track.stop).toHaveBeenCalledTimes(1);
});
