import { Bits } from '../bits.ts';

/** What a decoder of AAC is told before its first access unit (ISO/IEC 14496-3 section 1.6.2.1), as far as time depends on it. */
export interface AudioSpecificConfig {
  /** Audio object type of the core: 2 is AAC-LC. */
  objectType: number;
  /** Of the core, Hz. */
  sampleRate: number;
  /** Of what comes out, Hz: twice the core's with SBR (HE-AAC). */
  outputRate: number;
  /** Of the core; parametric stereo makes two of one. */
  channels: number;
  /** Samples of the core in an access unit. */
  frameSamples: number;
}

/** ISO/IEC 14496-3 table 1.18, Hz. */
const SAMPLE_RATES = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350];
const EXPLICIT_RATE = 15;
/** ISO/IEC 14496-3 table 1.19; configuration 0 has them in the stream. */
const CHANNELS = [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 0, 8];
/** ISO/IEC 14496-3 table 1.17. */
const AAC_LC = 2;
const SBR = 5;
const AAC_LD = 23;
const PARAMETRIC_STEREO = 29;
const AAC_ELD = 39;
/** Main, LC, SSR, LTP, and the error resilient ones of LC, LTP and LD: all that have a GASpecificConfig without layers. */
const GENERAL_AUDIO: ReadonlySet<number> = new Set([1, AAC_LC, 3, 4, 17, 19, AAC_LD]);
const FIRST_ERROR_RESILIENT = 17;
/** Behind the rest: SBR that decoders without it do not see (section 1.6.6.1). */
const SYNC_SBR = 0x2b7;

/** Undefined where the bytes are not one that a decoder could use. */
export function parseAudioSpecificConfig(bytes: Buffer): AudioSpecificConfig | undefined {
  return readAudioSpecificConfig(new Bits(bytes));
}

/** Reads one and stands behind it then; undefined where it is none, or of a kind whose length is not known here. */
export function readAudioSpecificConfig(bits: Bits): AudioSpecificConfig | undefined {
  const start = bits.position;
  let objectType = readObjectType(bits);
  const sampleRate = readRate(bits);
  const configuration = bits.unsigned(4);
  let outputRate = sampleRate;
  const isSbrNamed = objectType === SBR || objectType === PARAMETRIC_STEREO;
  if (isSbrNamed) {
    outputRate = readRate(bits);
    objectType = readObjectType(bits);
  }
  if (objectType === AAC_ELD) {
    // Its length is in tables of its own; whoever has it in a buffer of its own needs no more.
    return finish(bits, { objectType, sampleRate, outputRate, channels: channelsAt(configuration) }, bits.flag() ? 480 : 512);
  }
  if (!GENERAL_AUDIO.has(objectType)) return undefined;
  const isShort = bits.flag();
  if (bits.flag()) bits.skip(14);
  const hasExtension = bits.flag();
  const channels = configuration === 0 ? readProgramChannels(bits, start) : channelsAt(configuration);
  if (objectType >= FIRST_ERROR_RESILIENT) {
    bits.skip(hasExtension ? 4 : 0);
    // Protection classes of their own are of broadcasting.
    if (bits.unsigned(2) > 1) return undefined;
  }
  if (!isSbrNamed) outputRate = readHiddenSbr(bits) ?? sampleRate;
  const length = objectType === AAC_LD ? [512, 480] : [1024, 960];
  return finish(bits, { objectType, sampleRate, outputRate, channels }, (isShort ? length[1] : length[0]) ?? 0);
}

/** One for AAC-LC, where neither the session description nor the stream has one. */
export function makeAudioSpecificConfig(sampleRate: number, channels: number, objectType = AAC_LC): Buffer {
  const index = SAMPLE_RATES.indexOf(sampleRate);
  const configuration = Math.max(1, CHANNELS.indexOf(channels));
  if (index !== -1) {
    const bits = (objectType << 11) | (index << 7) | (configuration << 3);
    return Buffer.from([bits >> 8, bits & 0xff]);
  }
  // 5 bits, 4, 24, 4, and 3 of zeros: five bytes.
  const rate = Math.min(sampleRate, 0xff_ffff);
  const high = (objectType << 11) | (EXPLICIT_RATE << 7) | (rate >> 17);
  const low = ((rate & 0x1_ffff) << 7) | (configuration << 3);
  return Buffer.from([high >> 8, high & 0xff, low >> 16, (low >> 8) & 0xff, low & 0xff]);
}

/** The rate that an index of four bits stands for, Hz; undefined for those that stand for none. */
export function sampleRateAt(index: number): number | undefined {
  return SAMPLE_RATES[index];
}

/** The channels that a configuration of four bits stands for; 0 where they are in the stream. */
export function channelsAt(configuration: number): number {
  return CHANNELS[configuration] ?? 0;
}

function finish(
  bits: Bits,
  config: Omit<AudioSpecificConfig, 'frameSamples'>,
  frameSamples: number,
): AudioSpecificConfig | undefined {
  const isUsable = !bits.overrun && config.sampleRate > 0 && config.outputRate > 0 && config.channels > 0;
  return isUsable ? { ...config, frameSamples } : undefined;
}

function readObjectType(bits: Bits): number {
  const type = bits.unsigned(5);
  return type === 31 ? 32 + bits.unsigned(6) : type;
}

/** 0 where the index is a reserved one. */
function readRate(bits: Bits): number {
  const index = bits.unsigned(4);
  return index === EXPLICIT_RATE ? bits.unsigned(24) : (SAMPLE_RATES[index] ?? 0);
}

function readHiddenSbr(bits: Bits): number | undefined {
  const before = bits.position;
  if (bits.left >= 17 && bits.unsigned(11) === SYNC_SBR && readObjectType(bits) === SBR) {
    if (!bits.flag()) return undefined;
    const rate = readRate(bits);
    const behind = bits.position;
    // The same for parametric stereo.
    if (bits.left < 12 || bits.unsigned(11) !== 0x548) bits.position = behind;
    else bits.skip(1);
    return rate > 0 ? rate : undefined;
  }
  bits.position = before;
  return undefined;
}

/** Channels of a program_config_element (ISO/IEC 14496-3 table 4.2). */
function readProgramChannels(bits: Bits, start: number): number {
  bits.skip(4 + 2 + 4);
  const counts = [bits.unsigned(4), bits.unsigned(4), bits.unsigned(4)];
  const lowFrequency = bits.unsigned(2);
  const associated = bits.unsigned(3);
  const coupling = bits.unsigned(4);
  if (bits.flag()) bits.skip(4);
  if (bits.flag()) bits.skip(4);
  if (bits.flag()) bits.skip(3);
  let channels = lowFrequency;
  for (const count of counts) {
    for (let element = 0; element < count; element += 1) {
      channels += bits.flag() ? 2 : 1;
      bits.skip(4);
    }
  }
  bits.skip(lowFrequency * 4 + associated * 4 + coupling * 5);
  bits.skip((8 - ((bits.position - start) % 8)) % 8);
  bits.skip(bits.unsigned(8) * 8);
  return channels;
}
