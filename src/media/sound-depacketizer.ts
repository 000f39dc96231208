import { LatmDepacketizer } from './aac/latm-depacketizer.ts';
import { Mpeg4GenericDepacketizer } from './aac/mpeg4-generic-depacketizer.ts';
import { OpusDepacketizer } from './opus/depacketizer.ts';
import { SamplesDepacketizer } from './samples-depacketizer.ts';
import type { SoundDepacketizer } from './sound-frame.ts';
import type { TrackDescription } from './track.ts';

/** More is a number that is wrong, and no decoder's. */
const MAX_CHANNELS = 8;
/** The highest of sound, Hz. */
const MAX_CLOCK_RATE = 192_000;

/** What reads a track's sound; undefined for a codec that is not known, and for what no sound has. */
export function soundDepacketizer(track: TrackDescription): SoundDepacketizer | undefined {
  const { encodingName: codec, clockRate, channels = 1 } = track;
  if (channels > MAX_CHANNELS || clockRate === 0 || clockRate > MAX_CLOCK_RATE) return undefined;
  switch (codec) {
    case 'OPUS':
      return new OpusDepacketizer({ codec, clockRate, channels });
    case 'PCMU':
    case 'PCMA':
      return new SamplesDepacketizer({ codec, clockRate, channels }, 8);
    case 'L16':
      return new SamplesDepacketizer({ codec, clockRate, channels }, 16);
    case 'MPEG4-GENERIC':
      return new Mpeg4GenericDepacketizer(track);
    case 'MP4A-LATM':
      return new LatmDepacketizer(track);
    default:
      return g726Depacketizer(track);
  }
}

/** RFC 3551 section 4.5.4. Without a rate it is the one of 32 kbit/s, as its static payload type was, which once was called G721. */
function g726Depacketizer({ encodingName, clockRate }: TrackDescription): SoundDepacketizer | undefined {
  const [isG726, aal2, rate = '32'] = /^(?:(AAL2-)?G726(?:-(16|24|32|40))?|G721)$/.exec(encodingName) ?? [];
  if (isG726 === undefined) return undefined;
  const bitsPerSample = Number(rate) / 8;
  const bitOrder = aal2 === undefined ? 'rfc3551' : 'aal2';
  return new SamplesDepacketizer({ codec: 'G726', clockRate, channels: 1, bitsPerSample, bitOrder }, bitsPerSample);
}
