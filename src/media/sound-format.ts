import type { AudioCodec } from './viewer-codecs.ts';

/** A camera's sound, as a decoder needs to know it. */
export interface SoundFormat {
  codec: AudioCodec | 'G726' | 'AAC' | 'L16';
  /** Of the timestamps, Hz. Of all but AAC and Opus also the rate of its samples; AAC has that in its config. */
  clockRate: number;
  channels: number;
  /** Of AAC, always: AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1). */
  config?: Buffer;
  /** Of G.726: 2 to 5 for 16 to 40 kbit/s. */
  bitsPerSample?: number;
  /** Of G.726: where in a byte the first sample is; in the lowest bits by RFC 3551, in the highest in ATM's AAL2 (I.366.2). */
  bitOrder?: 'rfc3551' | 'aal2';
}

/** What viewers know a sound as, where they play it as it comes; G.711 at another rate or in stereo is nothing to them (mediamtx#2848). */
export function passedAs({ codec, clockRate, channels }: SoundFormat): AudioCodec | undefined {
  if (codec === 'OPUS') return codec;
  return (codec === 'PCMU' || codec === 'PCMA') && clockRate === 8000 && channels === 1 ? codec : undefined;
}
