import { type OnvifSession, SignalingCode, SignalingError } from '../client/index.ts';
import { setText } from './dom.ts';
import { Microphone, microphoneProblem } from './microphone.ts';
import { HOLD_MS, talkObstacle, type TalkConditions } from './talk-view.ts';

export interface TalkButtonOptions {
  button: HTMLButtonElement;
  /** Says why somebody is not heard. */
  status: HTMLElement;
  /** The session that plays now. */
  session: () => OnvifSession | null;
}

/** One talk of the viewer. */
interface Talk {
  session: OnvifSession;
  microphone: Microphone | undefined;
  ended: AbortController;
}

const TALK = 'Talk: hold, or press once to keep talking';
const LEVEL_INTERVAL_MS = 50;
/** Whoever lets go at the end of a word has not said all of it yet, as far as the microphone knows. */
const LAST_WORD_MS = 150;

/** Talks to the camera: while the button is held, or from a short press to the next. */
export class TalkButton {
  readonly #options: TalkButtonOptions;
  #talk: Talk | undefined;
  #pressedAt: number | undefined;
  #endTimer: number | undefined;
  #name = '';
  #obstacle: string | null = null;
  /** When the status was said. */
  #saidIn: OnvifSession | null = null;

  constructor(options: TalkButtonOptions) {
    this.#options = options;
    const { button } = options;
    button.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      button.setPointerCapture(event.pointerId);
      this.#press();
    });
    button.addEventListener('pointerup', () => this.#release());
    button.addEventListener('pointercancel', () => this.stop());
    button.addEventListener('keydown', (event) => {
      if (event.repeat || !isPressKey(event.key)) return;
      event.preventDefault();
      this.#press();
    });
    button.addEventListener('keyup', (event) => {
      if (!isPressKey(event.key)) return;
      // A click would follow.
      event.preventDefault();
      this.#release();
    });
    button.addEventListener('blur', () => {
      if (this.#pressedAt !== undefined) this.stop();
    });
    // What assistive technology clicks without a pointer or a key.
    button.addEventListener('click', (event) => {
      if (event.detail === 0 && event.pointerType === '') this.#toggle();
    });
    button.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  /** Brings the button in line with what is played. */
  render(name: string, conditions: Pick<TalkConditions, 'profile'>): void {
    this.#name = name;
    const session = this.#options.session();
    if (this.#talk !== undefined && this.#talk.session !== session) this.stop();
    const canTalk = session?.state === 'live' ? session.canTalk : null;
    const obstacle = talkObstacle({ ...conditions, canTalk, isSecure: hasMicrophones() });
    // What was said is not so any more.
    if (obstacle !== this.#obstacle || session !== this.#saidIn) this.#say('');
    this.#obstacle = obstacle;
    this.#show();
  }

  /** Ends the talk, if there is one, and lets the microphone go. */
  stop(): void {
    clearTimeout(this.#endTimer);
    this.#pressedAt = undefined;
    const talk = this.#talk;
    if (talk === undefined) return;
    this.#talk = undefined;
    talk.ended.abort();
    // A session that is over sends nothing any more.
    talk.session.stopTalk().catch(() => undefined);
    talk.microphone?.close();
    this.#show();
  }

  #press(): void {
    // Where there is no pointer to hover with, the title is not seen.
    if (this.#obstacle !== null) return this.#say(this.#obstacle);
    clearTimeout(this.#endTimer);
    this.#pressedAt = performance.now();
    if (this.#talk === undefined) void this.#start();
    else this.#pressedAt = Number.NEGATIVE_INFINITY;
  }

  #release(): void {
    const heldMs = performance.now() - (this.#pressedAt ?? performance.now());
    this.#pressedAt = undefined;
    if (heldMs >= HOLD_MS) this.#endTimer = window.setTimeout(() => this.stop(), LAST_WORD_MS);
  }

  #toggle(): void {
    if (this.#talk === undefined) this.#press();
    else this.stop();
    this.#pressedAt = undefined;
  }

  async #start(): Promise<void> {
    const session = this.#options.session();
    if (session === null) return;
    const talk: Talk = { session, microphone: undefined, ended: new AbortController() };
    const { signal } = talk.ended;
    this.#talk = talk;
    this.#say('');
    this.#show();
    const removeListener = session.on('notice', ({ code, message, detail = message }) => {
      if (code === SignalingCode.talkBusy || code === SignalingCode.talkFailed) this.#refused(talk, detail);
    });
    signal.addEventListener('abort', removeListener);
    try {
      const microphone = await Microphone.open();
      talk.microphone = microphone;
      if (signal.aborted) return microphone.close();
      microphone.track.addEventListener('ended', () => this.#refused(talk, 'The microphone is gone.'), { signal });
      const timer = setInterval(() => this.#showLevel(microphone.level), LEVEL_INTERVAL_MS);
      signal.addEventListener('abort', () => clearInterval(timer));
      await session.startTalk(microphone.track);
      this.#show();
    } catch (error) {
      const problem = error instanceof SignalingError ? (error.detail ?? error.message) : microphoneProblem(error);
      this.#refused(talk, problem);
    }
  }

  #refused(talk: Talk, message: string): void {
    if (this.#talk !== talk) return;
    this.stop();
    this.#say(message);
  }

  #say(message: string): void {
    const { status, session } = this.#options;
    this.#saidIn = session();
    setText(status, message);
    status.hidden = message === '';
  }

  #show(): void {
    const { button } = this.#options;
    const obstacle = this.#obstacle;
    const isTalking = this.#talk !== undefined;
    button.setAttribute('aria-pressed', String(isTalking));
    // Not `disabled`: the reason must be within reach of a keyboard and a screen reader.
    button.ariaDisabled = String(obstacle !== null);
    button.dataset['talk'] = this.#talk?.microphone === undefined ? (isTalking ? 'starting' : 'off') : 'on';
    button.title = obstacle ?? (isTalking ? 'Stop talking' : TALK);
    // That somebody talks is said by `aria-pressed`: of a name that changed as well one would hear the contrary.
    button.setAttribute('aria-label', `${obstacle ?? TALK}, ${this.#name}`);
    if (!isTalking) this.#showLevel(0);
  }

  #showLevel(level: number): void {
    this.#options.button.style.setProperty('--level', level.toFixed(2));
  }
}

function isPressKey(key: string): boolean {
  return key === ' ' || key === 'Enter';
}

function hasMicrophones(): boolean {
  return window.isSecureContext && 'mediaDevices' in navigator;
}
