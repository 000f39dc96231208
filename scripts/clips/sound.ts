import { CLIP_MS, SOUND_SAMPLE_RATE } from '../../src/simulator/profiles.ts';

/** How long the tone of each second is heard, milliseconds; the picture's lamp is lit as long. */
export const BEEP_MS = 240;

/** One tone for each second of the clip, Hz: a pentatonic scale up and down, so that it goes on well when the clip starts again. */
const TONES = [523.25, 587.33, 659.26, 783.99, 880, 1046.5, 880, 783.99, 659.26, 587.33];

/** The clip's sound as PCMU: at each full second a tick and a short tone, each second at another pitch. */
export function renderSound(): Buffer {
  const bytes = Buffer.alloc((CLIP_MS / 1000) * SOUND_SAMPLE_RATE);
  for (let index = 0; index < bytes.length; index += 1) {
    const second = Math.floor(index / SOUND_SAMPLE_RATE);
    const time = (index % SOUND_SAMPLE_RATE) / SOUND_SAMPLE_RATE;
    bytes[index] = encodeMuLaw(Math.round(32_000 * (tick(time) + tone(time, TONES[second] ?? 0))));
  }
  return bytes;
}

function tick(time: number): number {
  return 0.18 * Math.exp(-time * 600) * Math.cos(2 * Math.PI * 1_900 * time);
}

/** A bell: the tone and a little of its octave, fading out to silence at the end of the beep. */
function tone(time: number, frequency: number): number {
  const seconds = BEEP_MS / 1000;
  if (time >= seconds) return 0;
  const attack = Math.min(1, time / 0.004);
  const release = Math.min(1, (seconds - time) / 0.03);
  const wave = Math.sin(2 * Math.PI * frequency * time) + 0.3 * Math.sin(4 * Math.PI * frequency * time);
  return 0.3 * attack * release * Math.exp(-time * 9) * wave;
}

/** 16-bit linear to G.711 mu-law (ITU-T G.711 table 2a). */
function encodeMuLaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(32_635, Math.abs(sample)) + 132;
  const exponent = Math.max(0, 24 - Math.clz32(magnitude));
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}
