import { Bits } from '../bits.ts';
import { keptPart, MAX_PARTS } from '../kept-part.ts';
import type { SoundFormat } from '../sound-format.ts';
import type { SoundDepacketizer, SoundFrame } from '../sound-frame.ts';
import type { PlacedPacket, TrackDescription } from '../track.ts';
import { aacFormat, configBytes, type AacFormat } from './aac-format.ts';
import { MAX_UNITS } from './au-header-section.ts';
import { parseAudioSpecificConfig } from './audio-specific-config.ts';
import { parseStreamMuxConfig, PLAIN_MUX, readStreamMuxConfig, type Mux } from './stream-mux-config.ts';

/** Most bytes of an audioMuxElement. */
const MAX_ELEMENT_BYTES = MAX_UNITS * 1024;

/** An audioMuxElement of which more is to come. */
interface Fragment {
  parts: Buffer[];
  bytes: number;
  rtpTimestamp: number;
  /** On the timeline. */
  timestamp: number;
}

/**
 * AAC by RFC 6416 and RFC 3016 (`MP4A-LATM`): one audioMuxElement in a packet, or over several, with its configuration in the session
 * description (`cpresent=0`) or in itself.
 */
export class LatmDepacketizer implements SoundDepacketizer {
  readonly #clockRate: number;
  readonly #channels: number;
  /** As fmtp has it; undefined where it does not say, in which case RFC 6416 wants it in band, and cameras mean what they send. */
  readonly #inBand: boolean | undefined;
  /** Of fmtp, or assumed. */
  readonly #described: Mux;
  /** The last that came in band. */
  #current: Mux | undefined;
  #aac: AacFormat;
  #fragment: Fragment | undefined;
  /** The source sends elements in several packets. */
  #hasFragments = false;
  /** Of an element that lacks its beginning. */
  #cutTimestamp: number | undefined;
  #malformed = 0;

  constructor(track: TrackDescription) {
    this.#clockRate = track.clockRate;
    this.#channels = track.channels ?? 1;
    const bytes = configBytes(track);
    const mux = bytes && parseStreamMuxConfig(bytes);
    // Some cameras put there what belongs to mpeg4-generic.
    const config = mux?.config ?? (bytes !== undefined && parseAudioSpecificConfig(bytes) !== undefined ? bytes : undefined);
    const said = track.fmtp.get('cpresent');
    this.#inBand = said === undefined ? undefined : said !== '0';
    this.#described = mux ?? PLAIN_MUX;
    this.#aac = aacFormat(this.#clockRate, this.#channels, config);
  }

  get format(): SoundFormat {
    return this.#aac.format;
  }

  get malformed(): number {
    return this.#malformed;
  }

  push({ packet, timestamp, reception }: PlacedPacket): SoundFrame[] {
    const frames: SoundFrame[] = [];
    if (reception.gap || reception.restart) {
      // What is left of an element, or may be, is none.
      const isRest = this.#fragment?.rtpTimestamp === packet.timestamp || this.#hasFragments;
      this.#cutTimestamp = reception.gap && isRest ? packet.timestamp : undefined;
      this.#fragment = undefined;
    }
    if (packet.timestamp === this.#cutTimestamp) return [];
    this.#cutTimestamp = undefined;
    // One that was not ended by a marker: some sources set none.
    if (this.#fragment !== undefined && this.#fragment.rtpTimestamp !== packet.timestamp) frames.push(...this.#finish());
    else if (this.#fragment !== undefined) this.#hasFragments = true;
    const fragment = (this.#fragment ??= { parts: [], bytes: 0, rtpTimestamp: packet.timestamp, timestamp });
    if (packet.payload.length > 0) fragment.parts.push(keptPart(packet.payload));
    fragment.bytes += packet.payload.length;
    if (fragment.bytes > MAX_ELEMENT_BYTES || fragment.parts.length > MAX_PARTS) {
      this.#fragment = undefined;
      this.#malformed += 1;
    } else if (packet.marker) {
      frames.push(...this.#finish());
    }
    return frames;
  }

  #finish(): SoundFrame[] {
    const fragment = this.#fragment;
    this.#fragment = undefined;
    if (fragment === undefined || fragment.bytes === 0) return [];
    const element = Buffer.concat(fragment.parts);
    const units = this.#inBand === true ? this.#readInBand(element) : this.#readEither(element);
    if (units === undefined) {
      this.#malformed += 1;
      return [];
    }
    const { unitTicks } = this.#aac;
    return units.map((payload, index) => ({
      payload,
      timestamp: (fragment.timestamp + Math.round(index * unitTicks)) >>> 0,
      durationTicks: Math.round(unitTicks),
      marker: false,
    }));
  }

  /** Where nothing says that the configuration is in band, it is only where the element makes no sense otherwise. */
  #readEither(element: Buffer): Buffer[] | undefined {
    const units = readElements(element, this.#described, this.#inBand === undefined);
    return units ?? (this.#inBand === undefined ? this.#readInBand(element) : undefined);
  }

  #readInBand(element: Buffer): Buffer[] | undefined {
    const bits = new Bits(element);
    // useSameStreamMux
    if (!bits.flag()) {
      const mux = readStreamMuxConfig(bits);
      if (mux === undefined) return undefined;
      this.#current = mux;
      if (!mux.config.equals(this.#aac.format.config)) this.#aac = aacFormat(this.#clockRate, this.#channels, mux.config);
    }
    // Before the first configuration nobody knows what the bits are.
    return this.#current && readUnits(bits, this.#current);
  }
}

/**
 * The access units of elements that say nothing of themselves; undefined where there is none, or more than in any packet.
 *
 * @param isExact nothing may be behind them: it is all that tells whether they are what they are taken for
 */
function readElements(bytes: Buffer, mux: Mux, isExact: boolean): Buffer[] | undefined {
  const bits = new Bits(bytes);
  const all: Buffer[] = [];
  while (bits.left >= 8) {
    const units = readUnits(bits, mux);
    if (units === undefined) return isExact || all.length === 0 ? undefined : all;
    all.push(...units);
    if (all.length > MAX_UNITS) return undefined;
    bits.skip((8 - (bits.position % 8)) % 8);
  }
  return all;
}

/** The access units of one element; undefined where it ends before them. */
function readUnits(bits: Bits, mux: Mux): Buffer[] | undefined {
  const units: Buffer[] = [];
  for (let subframe = 0; subframe < mux.subframes; subframe += 1) {
    const unit = bits.take(mux.unitBits ?? readLength(bits) * 8);
    if (bits.overrun) return undefined;
    if (unit.length > 0) units.push(unit);
  }
  bits.skip(mux.otherDataBits);
  return bits.overrun || units.length === 0 ? undefined : units;
}

/** PayloadLengthInfo: bytes that are summed up as long as they are 255. */
function readLength(bits: Bits): number {
  let length = 0;
  let byte = 255;
  while (byte === 255 && !bits.overrun) {
    byte = bits.unsigned(8);
    length += byte;
  }
  return length;
}
