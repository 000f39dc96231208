import { exponentialGolombAt } from '../bit-reader.ts';
import { splitAtStartCodes } from '../h264/nal.ts';
import { ParameterSetStore } from '../parameter-set-store.ts';
import {
  isRandomAccess,
  isSkippedLeading,
  isSlice,
  isSubLayerNonReference,
  NAL_DELIMITER,
  NAL_FILLER,
  NAL_HEADER_BYTES,
  NAL_PPS,
  NAL_SPS,
  NAL_VPS,
  nalType,
  temporalId,
} from './nal.ts';
import { parsePictureParameters, parseSequenceParameters } from './parameter-sets.ts';
import { parseSliceStart, parseSliceType } from './slice-header.ts';

/** More than any session description has, of each kind. */
const MAX_DESCRIBED = 32;
const BASE_LAYER_PARAMETERS: ReadonlySet<number> = new Set([NAL_VPS, NAL_SPS, NAL_PPS]);

/**
 * Keeps the newest VPS, SPS and PPS of a stream, from its SDP and in band, and puts them before each picture at which decoding may start.
 * Those in band count over those of the SDP, and newer ones over older ones, as with H.264.
 */
export class ParameterSets {
  readonly #vps = new ParameterSetStore();
  readonly #sps = new ParameterSetStore();
  readonly #pps = new ParameterSetStore();
  /** What a slice header is read with, by the id of the PPS: num_extra_slice_header_bits. */
  readonly #extraSliceBits = new Map<number, number>();
  #interlaced = false;
  /** By the newest SPS: TemporalId of pictures that no sub-layer builds on. */
  #highestSubLayer: number | undefined;

  /** @param sprops the SDP's sprop-vps, sprop-sps and sprop-pps (RFC 7798 section 7.1), which may be absent, empty or broken */
  constructor(sprops: readonly (string | undefined)[]) {
    for (const part of sprops.flatMap((sprop) => sprop?.split(',').slice(0, MAX_DESCRIBED) ?? [])) {
      for (const nal of splitAtStartCodes(Buffer.from(part, 'base64')) ?? []) this.#keep(nal);
    }
  }

  /** The access unit as a browser wants it: parameter sets before a picture at which decoding may start, no delimiters and no filler. */
  apply(accessUnit: readonly Buffer[]): Buffer[] {
    for (const nal of accessUnit) this.#keep(nal);
    const essential = accessUnit.filter((nal) => !isTransportOnly(nal));
    if (!accessUnit.some(isRandomAccess)) return essential;
    const rest = essential.filter((nal) => !BASE_LAYER_PARAMETERS.has(nalType(nal)));
    return [...this.#vps.all, ...this.#sps.all, ...this.#pps.all, ...rest];
  }

  /** True once there is one of each kind: before that no picture can be decoded. */
  get complete(): boolean {
    return !this.#vps.isEmpty && !this.#sps.isEmpty && !this.#pps.isEmpty;
  }

  /** The newest SPS says that the source is of fields (general_interlaced_source_flag). */
  get interlaced(): boolean {
    return this.#interlaced;
  }

  /** True for B slices, and for pictures that are leading, of which the standard says that they are shown before one that came. */
  isBidirectional(accessUnit: readonly Buffer[]): boolean {
    const slice = accessUnit.find((nal) => parseSliceStart(nal) !== undefined);
    if (slice === undefined) return false;
    const pictureParametersId = parseSliceStart(slice)?.pictureParametersId ?? 0;
    return isSkippedLeading(slice) || parseSliceType(slice, this.#extraSliceBits.get(pictureParametersId) ?? 0) === 'B';
  }

  /**
   * True for a picture that no other refers to: none of its own sub-layer does, and that is the highest. Parameter sets in it are for those that follow
   * too.
   */
  isDiscardable(accessUnit: readonly Buffer[]): boolean {
    const slices = accessUnit.filter(isSlice);
    const isLast = (nal: Buffer): boolean => isSubLayerNonReference(nal) && temporalId(nal) === this.#highestSubLayer;
    return slices.length > 0 && slices.every(isLast) && !accessUnit.some((nal) => BASE_LAYER_PARAMETERS.has(nalType(nal)));
  }

  #keep(nal: Buffer): void {
    switch (nalType(nal)) {
      case NAL_VPS:
        // vps_video_parameter_set_id: the first four bits.
        this.#vps.keep((nal[NAL_HEADER_BYTES] ?? 0) >> 4, nal);
        return;
      case NAL_SPS: {
        const parameters = parseSequenceParameters(nal);
        if (!this.#sps.keep(parameters?.id, nal)) return;
        this.#interlaced = parameters?.interlaced === true;
        this.#highestSubLayer = parameters?.highestSubLayer;
        return;
      }
      case NAL_PPS:
        if (this.#pps.keep(exponentialGolombAt(nal, NAL_HEADER_BYTES), nal)) this.#noteExtraBits(nal);
    }
  }

  #noteExtraBits(nal: Buffer): void {
    const parameters = parsePictureParameters(nal);
    if (parameters !== undefined) this.#extraSliceBits.set(parameters.id, parameters.extraSliceBits);
  }
}

function isTransportOnly(nal: Buffer): boolean {
  return nalType(nal) === NAL_DELIMITER || nalType(nal) === NAL_FILLER;
}
