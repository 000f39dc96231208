import { H264Depacketizer, type DepacketizedAccessUnit } from '../h264/depacketizer.ts';
import { hasPicture, isKeyframe, nalType, NAL_IDR, splitAtStartCodes } from '../h264/nal.ts';
import { levelName, profileLevelId, profileName } from '../h264/profile-name.ts';
import { parsePictureParameters, parseSequenceParameters, type SequenceParameters } from '../h264/sequence-parameters.ts';
import { parseSlicePlace, parseSliceStart, type SliceStart } from '../h264/slice-header.ts';
import { PictureOrder } from '../picture-order.ts';
import type { RtpPacket } from '../rtp/packet.ts';
import { chromaName, keepBounded, type MeasuredPicture, type PictureReader, type VideoFormat } from './picture.ts';

const MAX_SPROP_SETS = 32;

/** Pictures of H.264. */
export class H264Pictures implements PictureReader {
  readonly #depacketizer = new H264Depacketizer();
  readonly #order = new PictureOrder();
  readonly #sequences = new Map<number, SequenceParameters>();
  readonly #sequenceOfPicture = new Map<number, number>();
  readonly #places = { sdp: false, inBand: false };
  #format: VideoFormat | undefined;

  /** @param sprop the SDP's sprop-parameter-sets */
  constructor(sprop: string | undefined) {
    for (const part of sprop?.split(',').slice(0, MAX_SPROP_SETS) ?? []) {
      for (const nal of splitAtStartCodes(Buffer.from(part, 'base64')) ?? []) if (this.#keep(nal)) this.#places.sdp = true;
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
    if (!damaged && !hasPicture(nals)) return undefined;
    const first = nals.find((nal) => parseSliceStart(nal) !== undefined);
    const types = new Set(nals.flatMap((nal) => parseSliceStart(nal)?.type ?? []));
    return {
      timestamp,
      damaged: isBroken,
      keyframe: isKeyframe(nals),
      type: typeOf(types),
      reordered: first === undefined ? null : this.#isReordered(first, types.has('B')),
    };
  }

  #isReordered(slice: Buffer, hasB: boolean): boolean | null {
    const sequence = this.#sequenceOf(parseSliceStart(slice));
    const place = sequence && parseSlicePlace(slice, sequence);
    if (sequence === undefined || place === undefined) return null;
    this.#format = formatOf(sequence);
    const { pictureOrderType, pictureOrderBits } = sequence.slice;
    // Type 2 is the order of decoding; of type 1, which hardly anybody uses, B slices are all that is looked at (section 8.2.1).
    if (place.pictureOrder === null) return pictureOrderType === 1 && hasB;
    const reordered = this.#order.isReordered({
      low: place.pictureOrder,
      range: 2 ** pictureOrderBits,
      startsAnew: nalType(slice) === NAL_IDR,
      isReference: ((slice[0] ?? 0) & 0x60) !== 0,
    });
    return reordered ?? null;
  }

  #sequenceOf(start: SliceStart | undefined): SequenceParameters | undefined {
    const id = start && this.#sequenceOfPicture.get(start.pictureParametersId);
    return id === undefined ? undefined : this.#sequences.get(id);
  }

  /** True where the NAL unit is a parameter set. */
  #keep(nal: Buffer): boolean {
    const sequence = parseSequenceParameters(nal);
    const picture = parsePictureParameters(nal);
    if (sequence !== undefined) keepBounded(this.#sequences, sequence.id, sequence);
    if (picture !== undefined) keepBounded(this.#sequenceOfPicture, picture.id, picture.sequenceId);
    return sequence !== undefined || picture !== undefined;
  }
}

function typeOf(types: ReadonlySet<SliceStart['type']>): MeasuredPicture['type'] {
  if (types.has('B')) return 'B';
  if (types.has('P') || types.has('SP')) return 'P';
  return types.size > 0 ? 'I' : null;
}

function formatOf(sequence: SequenceParameters): VideoFormat {
  const { width, height, chromaFormat, bitDepth, framesOnly, maxReorderFrames, framesPerSecond } = sequence;
  return {
    profile: profileName(sequence),
    level: levelName(sequence),
    profileLevelId: profileLevelId(sequence),
    width,
    height,
    chroma: chromaName(chromaFormat),
    bitDepth,
    interlaced: !framesOnly,
    maxReorderFrames,
    framesPerSecond,
  };
}
