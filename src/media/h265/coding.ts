import type { CodedPicture, VideoCoding } from '../coded-picture.ts';
import type { DepacketizedAccessUnit } from '../nal-depacketizer.ts';
import type { RtpPacket } from '../rtp/packet.ts';
import { H265Depacketizer } from './depacketizer.ts';
import { isRandomAccess, isSkippedLeading, isSlice } from './nal.ts';
import { packetizeH265 } from './packetizer.ts';
import { ParameterSets } from './stored-parameter-sets.ts';

const NOTHING: readonly CodedPicture[] = [];

/** H.265 (RFC 7798); what vendors call H.265+ is the same with longer groups of pictures. */
export class H265Coding implements VideoCoding {
  readonly codec = 'H265';
  readonly packetize = packetizeH265;
  readonly #depacketizer: H265Depacketizer;
  readonly #parameterSets: ParameterSets;

  /** @param fmtp parameters of the SDP's fmtp, keys in lower case */
  constructor(fmtp: ReadonlyMap<string, string>) {
    this.#depacketizer = new H265Depacketizer({ hasOrderNumbers: hasOrderNumbers(fmtp) });
    this.#parameterSets = new ParameterSets([fmtp.get('sprop-vps'), fmtp.get('sprop-sps'), fmtp.get('sprop-pps')]);
  }

  get malformed(): number {
    return this.#depacketizer.malformed;
  }

  get interlaced(): boolean {
    return this.#parameterSets.interlaced;
  }

  push(packet: RtpPacket, gap: boolean): readonly CodedPicture[] {
    const units = this.#depacketizer.push(packet, gap);
    return units.length === 0 ? NOTHING : units.map((unit) => this.#read(unit));
  }

  restart(): void {
    this.#depacketizer.restart();
  }

  #read({ nals, timestamp, damaged, lostBefore }: DepacketizedAccessUnit): CodedPicture {
    const units = this.#parameterSets.apply(nals);
    return {
      units,
      timestamp,
      damaged,
      lostBefore,
      hasPicture: nals.some(isSlice),
      keyframe: nals.some(isRandomAccess) && this.#parameterSets.complete,
      skipped: nals.some(isSkippedLeading),
      discardable: this.#parameterSets.isDiscardable(nals),
      reordered: false,
      bidirectional: this.#parameterSets.isBidirectional(nals),
    };
  }
}

/** RFC 7798 section 7.1: sprop-max-don-diff greater than 0 puts decoding order numbers into the payloads. */
export function hasOrderNumbers(fmtp: ReadonlyMap<string, string>): boolean {
  return Number.parseInt(fmtp.get('sprop-max-don-diff') ?? '', 10) > 0;
}
