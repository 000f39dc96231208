import { keptPart, MAX_PARTS } from '../kept-part.ts';
import type { RtpPacket } from '../rtp/packet.ts';
import type { SoundFormat } from '../sound-format.ts';
import type { SoundDepacketizer, SoundFrame } from '../sound-frame.ts';
import type { PlacedPacket, TrackDescription } from '../track.ts';
import { aacFormat, configBytes, type AacFormat } from './aac-format.ts';
import { splitAdts, type AdtsHeader } from './adts.ts';
import {
  headerForm,
  MAX_UNIT_BYTES,
  MAX_UNITS,
  readHeaderSection,
  type HeaderForm,
  type UnitHeader,
} from './au-header-section.ts';
import { makeAudioSpecificConfig } from './audio-specific-config.ts';
import { Deinterleaver } from './deinterleaver.ts';

/** An access unit of which more is to come. */
interface Fragment {
  parts: Buffer[];
  bytes: number;
  /** Of the whole, as its headers say; undefined where they say the part's, and the marker ends it. */
  size: number | undefined;
  rtpTimestamp: number;
}

/**
 * AAC by RFC 3640 (`mpeg4-generic`): access units of the modes AAC-hbr and AAC-lbr, several in a packet, one over several packets, or
 * interleaved. ADTS frames, which some cameras put in their place, are taken out of their headers.
 */
export class Mpeg4GenericDepacketizer implements SoundDepacketizer {
  readonly #form: HeaderForm;
  readonly #hasConfig: boolean;
  #aac: AacFormat;
  /** The last that was seen, where it says what the session description does not. */
  #adts: Pick<AdtsHeader, 'objectType' | 'sampleRate' | 'channels'> | undefined;
  #fragment: Fragment | undefined;
  /** Of an access unit that lacks a part. */
  #cutTimestamp: number | undefined;
  /** The source has set a marker: a packet without one is not the end of an access unit. */
  #setsMarkers = false;
  #deinterleaver: Deinterleaver | undefined;
  #malformed = 0;

  constructor(track: TrackDescription) {
    this.#form = headerForm(track.fmtp);
    const config = configBytes(track);
    this.#hasConfig = config !== undefined;
    this.#aac = aacFormat(track.clockRate, track.channels ?? 1, config);
  }

  get format(): SoundFormat {
    return this.#aac.format;
  }

  get malformed(): number {
    return this.#malformed;
  }

  push({ packet, timestamp, reception }: PlacedPacket): SoundFrame[] {
    if (reception.restart) this.#deinterleaver = undefined;
    if (reception.gap || reception.restart) {
      this.#cutTimestamp = reception.gap ? this.#fragment?.rtpTimestamp : undefined;
      this.#fragment = undefined;
    }
    if (packet.timestamp === this.#cutTimestamp) return [];
    this.#cutTimestamp = undefined;
    if (this.#fragment !== undefined && this.#fragment.rtpTimestamp !== packet.timestamp) {
      this.#malformed += 1;
      this.#fragment = undefined;
    }
    if (packet.payload.length === 0) return [];
    const units = this.#units(packet);
    if (units === undefined) this.#malformed += 1;
    return units === undefined ? [] : this.#frames(units, timestamp);
  }

  /** The access units that this packet ends, with their indexes; undefined where it cannot be read. */
  #units(packet: RtpPacket): { payload: Buffer; index: number }[] | undefined {
    const { payload, marker } = packet;
    // An ADTS frame alone: as AU headers it would be longer than the packet.
    if (splitAdts(payload) !== undefined) return [{ payload, index: 0 }];
    const section = readHeaderSection(payload, this.#form);
    if (section === undefined) return undefined;
    const { headers, data } = section;
    if (marker) this.#setsMarkers = true;
    const [first] = headers;
    if (first !== undefined && headers.length === 1) {
      const isPart = first.size > data.length || this.#fragment !== undefined || (!marker && this.#setsMarkers);
      if (isPart) return this.#join(first, data, packet);
    }
    let at = 0;
    const units = headers.map(({ size, index }) => ({ payload: data.subarray(at, (at += size)), index }));
    return at > data.length ? undefined : units;
  }

  /**
   * Takes a part of an access unit whose parts come under one timestamp. Its header names the size of the whole (section 3.2.3), or, against
   * that, of the part.
   */
  #join({ size }: UnitHeader, data: Buffer, { marker, timestamp }: RtpPacket): { payload: Buffer; index: number }[] | undefined {
    const saysWhole = size > data.length;
    const fragment = (this.#fragment ??= {
      parts: [],
      bytes: 0,
      size: saysWhole ? size : undefined,
      rtpTimestamp: timestamp,
    });
    const part = fragment.size === undefined ? data.subarray(0, size) : data;
    if (part.length > 0) fragment.parts.push(keptPart(part));
    fragment.bytes += part.length;
    const isTooLong = fragment.bytes > (fragment.size ?? MAX_UNIT_BYTES) || fragment.parts.length > MAX_PARTS;
    const isComplete = fragment.size === undefined ? marker : fragment.bytes === fragment.size;
    if (!isTooLong && !isComplete) return [];
    this.#fragment = undefined;
    return isTooLong ? undefined : [{ payload: Buffer.concat(fragment.parts), index: 0 }];
  }

  #frames(units: readonly { payload: Buffer; index: number }[], timestamp: number): SoundFrame[] {
    const frames: SoundFrame[] = [];
    for (const { payload, index } of units) {
      const adts = splitAdts(payload);
      if (adts !== undefined) this.#learn(adts.header);
      const { unitTicks } = this.#aac;
      for (const [within, unit] of (adts?.units ?? [payload]).entries()) {
        const offset = Math.round((index + within) * unitTicks);
        frames.push({
          payload: unit,
          timestamp: (timestamp + offset) >>> 0,
          durationTicks: Math.round(unitTicks),
          marker: false,
        });
      }
      // Several ADTS frames in each of several access units.
      if (frames.length > MAX_UNITS) {
        this.#malformed += 1;
        return [];
      }
    }
    if (units.some(({ index }, at) => index !== at)) this.#deinterleaver ??= new Deinterleaver();
    return this.#deinterleaver?.push(frames, timestamp) ?? frames;
  }

  /** ADTS headers say what the session description does not. */
  #learn({ objectType, sampleRate, channels }: AdtsHeader): void {
    if (this.#hasConfig || sampleRate === undefined || channels === 0) return;
    const before = this.#adts;
    if (before?.objectType === objectType && before.sampleRate === sampleRate && before.channels === channels) return;
    this.#adts = { objectType, sampleRate, channels };
    this.#aac = aacFormat(this.#aac.format.clockRate, channels, makeAudioSpecificConfig(sampleRate, channels, objectType));
  }
}
