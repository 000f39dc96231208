import type { CodedPicture, VideoCoding } from '../coded-picture.ts';
import type { RtpPacket } from '../rtp/packet.ts';
import { H264Depacketizer, type DepacketizedAccessUnit } from './depacketizer.ts';
import { hasPicture, isBSlice, isDiscardable, isKeyframe } from './nal.ts';
import { packetizeH264 } from './packetizer.ts';
import { ParameterSets } from './parameter-sets.ts';
import { ShownOrder } from './shown-order.ts';

const NOTHING: readonly CodedPicture[] = [];

/** H.264 (RFC 6184). */
export class H264Coding implements VideoCoding {
  readonly codec = 'H264';
  readonly packetize = packetizeH264;
  readonly #depacketizer = new H264Depacketizer();
  readonly #order = new ShownOrder();
  readonly #parameterSets: ParameterSets;

  /** @param fmtp parameters of the SDP's fmtp, keys in lower case */
  constructor(fmtp: ReadonlyMap<string, string>) {
    this.#parameterSets = new ParameterSets(fmtp.get('sprop-parameter-sets'), (nal) => this.#order.keep(nal));
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
    this.#order.forget();
    this.#depacketizer.restart();
  }

  #read({ nals, timestamp, damaged, lostBefore }: DepacketizedAccessUnit): CodedPicture {
    const units = this.#parameterSets.apply(nals);
    if (damaged || lostBefore) this.#order.forget();
    return {
      units,
      timestamp,
      damaged,
      lostBefore,
      hasPicture: hasPicture(nals),
      keyframe: isKeyframe(nals) && this.#parameterSets.complete,
      skipped: false,
      discardable: isDiscardable(nals),
      reordered: !damaged && this.#order.isReordered(nals),
      bidirectional: nals.some(isBSlice),
    };
  }
}
