import { parseAudioSpecificConfig } from '../../src/media/aac/audio-specific-config.ts';
import { soundDepacketizer } from '../../src/media/sound-depacketizer.ts';
import type { SoundFormat } from '../../src/media/sound-format.ts';
import type { SoundFrame } from '../../src/media/sound-frame.ts';
import { SoundTrack } from '../../src/media/sound-track.ts';
import type { TrackDescription } from '../../src/media/track.ts';
import { decodeSpeech } from './tone.ts';

export interface DepacketizedSound {
  format: SoundFormat;
  frames: SoundFrame[];
  malformed: number;
}

/** What a sound track makes of its packets, which come one a millisecond. */
export function depacketized(track: TrackDescription, packets: readonly Buffer[]): DepacketizedSound {
  const depacketizer = soundDepacketizer(track);
  if (depacketizer === undefined) throw new Error(`no sound: ${track.encodingName}`);
  const sound = new SoundTrack(track, depacketizer, 0);
  const frames = packets.flatMap((packet, at) => sound.receive(packet, at));
  return { format: sound.format, frames, malformed: sound.malformed };
}

/** What ffmpeg decodes of the frames, which are given to it in one of its raw forms: linear samples of 8000 Hz, -1 to 1. */
export function decoded({ format, frames }: DepacketizedSound): Float64Array {
  const isAac = format.codec === 'AAC';
  const bytes = Buffer.concat(frames.map(({ payload }) => (isAac ? adts(payload, format) : payload)));
  return decodeSpeech(bytes, rawForm(format));
}

function rawForm({ codec, clockRate, channels, bitsPerSample, bitOrder }: SoundFormat): string[] {
  const sampled = ['-ar', String(clockRate), '-ac', String(channels)];
  switch (codec) {
    case 'AAC':
      return ['-f', 'aac'];
    case 'L16':
      return ['-f', 's16be', ...sampled];
    case 'PCMU':
      return ['-f', 'mulaw', ...sampled];
    case 'PCMA':
      return ['-f', 'alaw', ...sampled];
    case 'G726':
      return ['-f', bitOrder === 'aal2' ? 'g726' : 'g726le', '-code_size', String(bitsPerSample), '-ar', String(clockRate)];
    case 'OPUS':
      throw new Error('Opus has no raw form');
  }
}

/** ISO/IEC 13818-7 section 6.2: without a CRC. */
function adts(unit: Buffer, { config, channels }: SoundFormat): Buffer {
  const audio = config && parseAudioSpecificConfig(config);
  const rate = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000].indexOf(
    audio?.sampleRate ?? 0,
  );
  const length = unit.length + 7;
  const fields = [
    ((audio?.objectType ?? 0) - 1) * 64 + rate * 4 + (channels >> 2),
    (channels & 3) * 64 + (length >> 11),
    (length >> 3) & 0xff,
  ];
  return Buffer.concat([Buffer.from([0xff, 0xf1, ...fields, ((length & 7) << 5) | 0x1f, 0xfc]), unit]);
}
