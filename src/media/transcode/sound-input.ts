import type { MatroskaTrack } from '../matroska/writer.ts';
import type { SoundFormat } from '../sound-format.ts';

/** A camera's sound as ffmpeg is given it. */
export interface SoundInput {
  track: MatroskaTrack;
  /** ffmpeg's name of the decoder, where Matroska's does not say it all. */
  decoder?: string;
}

/** Formats of WAVEFORMATEX (RFC 2361). */
const WAVE_A_LAW = 6;
const WAVE_MU_LAW = 7;
const WAVE_G726 = 0x45;

/** Undefined for what needs no conversion: every viewer plays Opus. */
export function soundInput(format: SoundFormat): SoundInput | undefined {
  const { codec, clockRate: sampleRate, channels, config, bitsPerSample = 4, bitOrder } = format;
  const audio = { kind: 'audio', sampleRate, channels } as const;
  const acm = { ...audio, codecId: 'A_MS/ACM' };
  switch (codec) {
    case 'AAC':
      return { track: { ...audio, codecId: 'A_AAC', ...(config === undefined ? {} : { codecPrivate: config }) } };
    case 'L16':
      return { track: { ...audio, codecId: 'A_PCM/INT/BIG', bitsPerSample: 16 } };
    case 'PCMU':
      return { track: { ...acm, codecPrivate: waveFormat(WAVE_MU_LAW, sampleRate, channels, 8) } };
    case 'PCMA':
      return { track: { ...acm, codecPrivate: waveFormat(WAVE_A_LAW, sampleRate, channels, 8) } };
    case 'G726':
      return {
        track: { ...acm, codecPrivate: waveFormat(WAVE_G726, sampleRate, channels, bitsPerSample) },
        decoder: bitOrder === 'aal2' ? 'g726' : 'g726le',
      };
    case 'OPUS':
      return undefined;
  }
}

/** WAVEFORMATEX: what Windows tells a codec. */
function waveFormat(tag: number, sampleRate: number, channels: number, bitsPerSample: number): Buffer {
  const bytes = Buffer.alloc(18);
  bytes.writeUInt16LE(tag, 0);
  bytes.writeUInt16LE(channels, 2);
  bytes.writeUInt32LE(sampleRate, 4);
  bytes.writeUInt32LE((sampleRate * channels * bitsPerSample) / 8, 8);
  bytes.writeUInt16LE(1, 12);
  bytes.writeUInt16LE(bitsPerSample, 14);
  return bytes;
}
