import { hasOrderNumbers } from '../h265/coding.ts';
import { H265Depacketizer } from '../h265/depacketizer.ts';
import { isRandomAccess, isSlice, nalType, NAL_RADL_N, NAL_RASL_R, temporalId } from '../h265/nal.ts';
import {
  parsePictureParameters,
  parseSequenceParameters,
  type PictureParameters,
  type SequenceParameters,
} from '../h265/parameter-sets.ts';
import { isIdr, parseSlice, parseSliceStart } from '../h265/slice-header.ts';
import type { DepacketizedAccessUnit } from '../nal-depacketizer.ts';
import { PictureOrder } from '../picture-order.ts';
import type { RtpPacket } from '../rtp/packet.ts';
import { chromaName, keepBounded, type MeasuredPicture, type PictureReader, type VideoFormat } from './picture.ts';

/** ITU-T H.265 section A.3. */
const PROFILES = new Map([
  [1, 'Main'],
  [2, 'Main 10'],
  [3, 'Main Still Picture'],
  [4, 'Rext'],
]);
/** Up to here odd types are references in their sub-layer and even ones are not (table 7-1). */
const LAST_PAIRED_TYPE = 15;
const MAX_SPROP_SETS = 32;

/** Pictures of H.265. */
export class H265Pictures implements PictureReader {
  readonly #depacketizer: H265Depacketizer;
  readonly #order = new PictureOrder();
  readonly #sequences = new Map<number, SequenceParameters>();
  readonly #pictures = new Map<number, PictureParameters>();
  readonly #places = { sdp: false, inBand: false };
  #format: VideoFormat | undefined;

  /** @param fmtp parameters of the SDP's fmtp (RFC 7798 section 7.1), keys in lower case */
  constructor(fmtp: ReadonlyMap<string, string>) {
    this.#depacketizer = new H265Depacketizer({ hasOrderNumbers: hasOrderNumbers(fmtp) });
    const sprops = ['sprop-vps', 'sprop-sps', 'sprop-pps'].map((name) => fmtp.get(name));
    for (const part of sprops.flatMap((sprop) => sprop?.split(',') ?? []).slice(0, MAX_SPROP_SETS)) {
      if (this.#keep(Buffer.from(part, 'base64'))) this.#places.sdp = true;
    }
    // What the SDP says holds until a picture names its own.
    for (const sequence of this.#sequences.values()) this.#format = formatOf(sequence);
  }

  get format(): VideoFormat | undefined {
    return this.#format;
  }

  get parameterSets(): PictureReader['parameterSets'] {
    return this.#places;
  }

  get malformed(): number {
    return this.#depacketizer.malformed;
  }

  push(packet: RtpPacket, gap: boolean): MeasuredPicture[] {
    return this.#depacketizer.push(packet, gap).flatMap((unit) => this.#read(unit) ?? []);
  }

  #read({ nals, timestamp, damaged, lostBefore }: DepacketizedAccessUnit): MeasuredPicture | undefined {
    for (const nal of nals) if (this.#keep(nal)) this.#places.inBand = true;
    const isBroken = damaged || lostBefore;
    if (isBroken) this.#order.forget();
    const slices = nals.filter(isSlice);
    if (!damaged && slices.length === 0) return undefined;
    const first = slices.find((slice) => parseSliceStart(slice) !== undefined);
    return {
      timestamp,
      damaged: isBroken,
      keyframe: slices.some(isRandomAccess),
      ...(first === undefined ? { type: null, reordered: null } : this.#place(first)),
    };
  }

  #place(slice: Buffer): Pick<MeasuredPicture, 'type' | 'reordered'> {
    const picture = this.#pictures.get(parseSliceStart(slice)?.pictureParametersId ?? -1);
    const sequence = picture && this.#sequences.get(picture.sequenceId);
    const header = sequence && parseSlice(slice, sequence, picture);
    if (sequence === undefined || header === undefined) return { type: null, reordered: null };
    this.#format = formatOf(sequence);
    const reordered = this.#order.isReordered({
      low: header.pictureOrder,
      range: 2 ** sequence.slice.pictureOrderBits,
      startsAnew: isIdr(slice),
      isReference: isOrderReference(slice),
    });
    return { type: header.type, reordered: reordered ?? null };
  }

  /** True where the NAL unit is a parameter set. */
  #keep(nal: Buffer): boolean {
    const sequence = parseSequenceParameters(nal);
    const picture = parsePictureParameters(nal);
    if (sequence !== undefined) keepBounded(this.#sequences, sequence.id, sequence);
    if (picture !== undefined) keepBounded(this.#pictures, picture.id, picture);
    return sequence !== undefined || picture !== undefined;
  }
}

/** prevTid0Pic of section 8.3.1: of the lowest sub-layer, a reference there, and no leading picture. */
function isOrderReference(slice: Buffer): boolean {
  const type = nalType(slice);
  const isLeading = type >= NAL_RADL_N && type <= NAL_RASL_R;
  return temporalId(slice) === 0 && !isLeading && (type > LAST_PAIRED_TYPE || type % 2 === 1);
}

function formatOf(sequence: SequenceParameters): VideoFormat {
  const { profileIdc, tier, levelIdc, width, height, chromaFormat, bitDepth, interlaced, maxReorderPictures } = sequence;
  const profile = PROFILES.get(profileIdc) ?? `profile ${profileIdc}`;
  return {
    profile: tier === 'High' ? `${profile}, high tier` : profile,
    level: (levelIdc / 30).toFixed(1),
    profileLevelId: null,
    width,
    height,
    chroma: chromaName(chromaFormat),
    bitDepth,
    interlaced,
    maxReorderFrames: maxReorderPictures,
    framesPerSecond: null,
  };
}
