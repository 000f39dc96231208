import { expect, it, vi } from 'vitest';
import { SILENCE } from '../../../../src/media/g711/companding.ts';
import type { SpeechFormat } from '../../../../src/media/talk/speech-format.ts';
import type { SpokenFrame } from '../../../../src/media/talk/talk-receiver.ts';
import type { TranscodingEncoderOptions } from '../../../../src/plane/talk/speech-encoder.ts';
import { TalkSound } from '../../../../src/plane/talk/talk-sound.ts';

/** G.726 at 32 kbit/s, made at once: what is in it does not matter here. */
vi.mock('../../../../src/plane/talk/speech-encoder.ts', async (original) => ({
  ...(await original<object>()),
  TranscodingEncoder: class {
    readonly #onBytes: (bytes: Buffer) => void;
    constructor({ onBytes }: TranscodingEncoderOptions) {
      this.#onBytes = onBytes;
    }
    start = (): Promise<void> => Promise.resolve();
    push = ({ durationMs }: SpokenFrame): void => this.#onBytes(Buffer.alloc(durationMs * 4));
    finish = (): void => undefined;
    close = (): void => undefined;
  },
}));

const G726: SpeechFormat = { codec: 'G726', payloadType: 96, clockRate: 8000, channels: 1, bitsPerSample: 4 };
const OPENS_AFTER_MS = 1500;
const LOUD = Buffer.alloc(160, 0x00);

/** How much of what was said still waits after ten seconds, milliseconds; the camera needs a while to open, and two seconds are spoken. */
function waitingAfter(pause: Buffer): number {
  let now = 0;
  const sound = new TalkSound({
    spoken: 'PCMU',
    now: () => now,
    startTranscoder: () => ({ id: 'none', stop: () => undefined }),
    onFailed: () => undefined,
  });
  sound.begin(G726, undefined);
  for (let sequenceNumber = 0; now < 10_000; sequenceNumber += 1, now += 20) {
    if (now === OPENS_AFTER_MS) sound.release();
    const payload = now < 2000 ? LOUD : pause;
    sound.push({ payloadType: 0, marker: false, ssrc: 1, sequenceNumber, timestamp: sequenceNumber * 160, payload });
    sound.take();
  }
  let waiting = 0;
  for (const end = now + 5000; now < end; now += 5)
    waiting += sound.take().reduce((sum, { packet }) => sum + packet.durationMs, 0);
  return waiting;
}

it('what had to wait until the camera listened is caught up with in a pause, also where its sound is made by ffmpeg', () => {
  expect(waitingAfter(Buffer.alloc(160, SILENCE.PCMU))).toBeLessThanOrEqual(420);
  // Nothing of a word is left out for it.
  expect(waitingAfter(LOUD)).toBeGreaterThan(1400);
});
