import type { SpokenCodec } from '../talk/talk-receiver.ts';
import type { SpeechFormat } from '../talk/speech-format.ts';

/** The bit rates that AAC needs for speech, by Hz. */
const AAC_BITS_PER_HZ = 2;

/** ffmpeg's names of what comes in: Opus in Ogg, G.711 as it is. Its own decoder of Opus plays silence for what is lost; libopus conceals it. */
const INPUT: Readonly<Record<SpokenCodec, readonly string[]>> = {
  OPUS: ['-c:a', 'libopus', '-f', 'ogg'],
  PCMU: ['-f', 'mulaw', '-ar', '8000', '-ac', '1'],
  PCMA: ['-f', 'alaw', '-ar', '8000', '-ac', '1'],
};

/**
 * The arguments of an ffmpeg that makes one kind of speech from another with as little delay as it can: it looks at no more of the input than it
 * must, keeps nothing back, and writes each packet at once.
 *
 * @param from where it gets the speech
 * @param to where it sends what it made: raw bytes of G.711 or G.726, or ADTS frames
 */
export function speechArguments(spoken: SpokenCodec, format: SpeechFormat, from: string, to: string): string[] {
  return [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error'],
    ...['-fflags', '+nobuffer', '-flags', 'low_delay', '-probesize', '32', '-analyzeduration', '0'],
    ...INPUT[spoken],
    ...['-i', from],
    ...['-vn', '-ac', String(format.channels), '-ar', String(format.clockRate)],
    ...encoder(format),
    ...['-flush_packets', '1', to],
  ];
}

function encoder({ codec, clockRate, channels, bitsPerSample }: SpeechFormat): string[] {
  switch (codec) {
    case 'PCMU':
      return ['-c:a', 'pcm_mulaw', '-f', 'mulaw'];
    case 'PCMA':
      return ['-c:a', 'pcm_alaw', '-f', 'alaw'];
    case 'G726':
      // The bit order of RFC 3551 section 4.5.4.
      return ['-c:a', 'g726le', '-b:a', String(bitsPerSample * clockRate), '-f', 'g726le'];
    case 'AAC':
      return ['-c:a', 'aac', '-profile:a', 'aac_low', '-b:a', String(AAC_BITS_PER_HZ * clockRate * channels), '-f', 'adts'];
  }
}
