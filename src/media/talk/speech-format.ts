import { G711_CLOCK_RATE, isG711 } from '../g711/companding.ts';
import type { SpokenCodec } from './talk-receiver.ts';

/** A form of sound as a session description lists it. */
export interface ListedFormat {
  payloadType: number;
  /** Upper case. */
  encodingName: string;
  /** Hz. */
  clockRate: number;
  channels: number;
  /** Names in lower case. */
  fmtp: ReadonlyMap<string, string>;
}

/** What a camera's loudspeaker is sent: G.711, G.726 or AAC, by its encoding name. */
export interface SpeechFormat {
  codec: 'PCMU' | 'PCMA' | 'G726' | 'AAC';
  payloadType: number;
  clockRate: number;
  channels: number;
  /** Of G.711 and G.726. */
  bitsPerSample: number;
}

/** Bits of the AU header of RFC 3640 in its mode AAC-hbr, the only one in use. */
const AAC_SIZE_LENGTH = '13';
const MAX_CLOCK_RATE = 48_000;

/** The form for a listed one; undefined where we have no encoder for it. */
export function speechFormat({ payloadType, encodingName, clockRate, channels, fmtp }: ListedFormat): SpeechFormat | undefined {
  if (channels > 2 || clockRate > MAX_CLOCK_RATE) return undefined;
  const common = { payloadType, clockRate, channels };
  if (isG711(encodingName)) return { ...common, codec: encodingName, bitsPerSample: 8 };
  // RFC 3551 section 4.5.4. Without a rate it is the one of 32 kbit/s, as its static payload type was.
  const [, rate] = /^G726(?:-(16|24|32|40))?$/.exec(encodingName) ?? [];
  if (encodingName.startsWith('G726') && channels === 1 && clockRate === G711_CLOCK_RATE)
    return rate === undefined && encodingName !== 'G726'
      ? undefined
      : { ...common, codec: 'G726', bitsPerSample: Number(rate ?? 32) / 8 };
  const isHighRate = fmtp.get('sizelength') === AAC_SIZE_LENGTH;
  return encodingName === 'MPEG4-GENERIC' && isHighRate ? { ...common, codec: 'AAC', bitsPerSample: 0 } : undefined;
}

/** G.711 of telephones can be made of G.711 without another process. */
export function isPlainG711({ codec, clockRate, channels }: SpeechFormat): boolean {
  return isG711(codec) && clockRate === G711_CLOCK_RATE && channels === 1;
}

/**
 * The listed form that takes least to make of what is spoken: the same, the other law of G.711, then what has to be encoded, where the
 * camera's own order decides last.
 */
export function chooseFormat<Listed extends ListedFormat>(listed: readonly Listed[], spoken: SpokenCodec): Listed | undefined {
  const ranked = listed.flatMap((each) => {
    const format = speechFormat(each);
    return format === undefined ? [] : [{ each, rank: rankOf(format, spoken) }];
  });
  return ranked.reduce<(typeof ranked)[number] | undefined>(
    (best, next) => (best === undefined || next.rank < best.rank ? next : best),
    undefined,
  )?.each;
}

const CODEC_RANKS = { PCMU: 2, PCMA: 2, AAC: 4, G726: 4 } as const;

function rankOf(format: SpeechFormat, spoken: SpokenCodec): number {
  if (format.codec === spoken && isPlainG711(format)) return 0;
  return isPlainG711(format) ? 1 : CODEC_RANKS[format.codec];
}
