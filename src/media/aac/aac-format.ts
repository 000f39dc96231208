import type { SoundFormat } from '../sound-format.ts';
import type { TrackDescription } from '../track.ts';
import { makeAudioSpecificConfig, parseAudioSpecificConfig } from './audio-specific-config.ts';

/** AAC on a track: what decoders are told of it, and how long an access unit is on the track's timeline. */
export interface AacFormat {
  format: SoundFormat & { codec: 'AAC'; config: Buffer };
  /** In units of the track's clock; not always whole. */
  unitTicks: number;
}

/** A track's rate says nothing of its sound where it is the one of pictures, and is not one of AAC beyond this, Hz. */
const MAX_SAMPLE_RATE = 96_000;
const DEFAULT_SAMPLE_RATE = 48_000;
/** Where a camera says more, the number is wrong. */
const MAX_CHANNELS = 8;

/** @param config undefined where it is not known, or is none: it is made of what the track says then (mediamtx#3590) */
export function aacFormat(clockRate: number, channels: number, config: Buffer | undefined): AacFormat {
  const known = config && parseAudioSpecificConfig(config);
  if (config === undefined || known === undefined) return aacFormat(clockRate, channels, assumedConfig(clockRate, channels));
  return {
    format: { codec: 'AAC', clockRate, channels: known.channels, config },
    unitTicks: (known.frameSamples * clockRate) / known.sampleRate,
  };
}

/** `config` of fmtp: hexadecimal digits, which some cameras put in quotation marks. Undefined where there are none. */
export function configBytes({ fmtp }: TrackDescription): Buffer | undefined {
  const [digits = ''] = /[\da-f]{4,2048}/i.exec(fmtp.get('config') ?? '') ?? [];
  return digits === '' ? undefined : Buffer.from(digits.length % 2 === 0 ? digits : `${digits}0`, 'hex');
}

function assumedConfig(clockRate: number, channels: number): Buffer {
  const sampleRate = clockRate <= MAX_SAMPLE_RATE && clockRate !== 90_000 ? clockRate : DEFAULT_SAMPLE_RATE;
  return makeAudioSpecificConfig(sampleRate, Math.min(channels, MAX_CHANNELS));
}
