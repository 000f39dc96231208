import { exponentialGolombAt } from '../bit-reader.ts';
import { ParameterSetStore } from '../parameter-set-store.ts';
import { isKeyframe, NAL_DELIMITER, NAL_FILLER, NAL_PPS, NAL_SPS, nalType, splitAtStartCodes, type AccessUnit } from './nal.ts';
import { parseSequenceParameters } from './sequence-parameters.ts';

/** More than any session description has. */
const MAX_DESCRIBED = 32;

/**
 * Keeps the newest SPS and PPS of a stream, from its SDP and in band, and puts them before each IDR picture, so that a decoder
 * can start at any keyframe: many cameras send them only once, or in the SDP only (Axis: webrtc-streamer#1; mediamtx#5861). Those in band
 * count over those of the SDP, and newer ones over older ones, since a camera changes its resolution without a word (RTSPtoWebRTC#28).
 */
export class ParameterSets {
  /** Apart, since an SPS comes before the PPS that refers to it. */
  readonly #sps = new ParameterSetStore();
  readonly #pps = new ParameterSetStore();
  readonly #onChange: (nal: Buffer) => void;
  #interlaced = false;

  /**
   * @param sprop value of the SDP's sprop-parameter-sets (RFC 6184 section 8.1). Absent, empty (Hikvision: gortsplib#88, mediamtx#861,
   * go2rtc#1558), without a PPS or no parameter sets at all (VStarcam), it is passed over: those in band are waited for.
   * @param onChange told of each set that is not as before
   */
  constructor(sprop?: string, onChange: (nal: Buffer) => void = () => undefined) {
    this.#onChange = onChange;
    for (const part of sprop?.split(',').slice(0, MAX_DESCRIBED) ?? []) {
      for (const nal of splitAtStartCodes(Buffer.from(part, 'base64')) ?? []) this.#keep(nal);
    }
  }

  /** The access unit as a browser wants it: parameter sets before an IDR, no delimiters and no filler. */
  apply(accessUnit: AccessUnit): AccessUnit {
    for (const nal of accessUnit) this.#keep(nal);
    const essential = accessUnit.filter((nal) => !isTransportOnly(nal));
    if (!isKeyframe(accessUnit)) return essential;
    const rest = essential.filter((nal) => nalType(nal) !== NAL_SPS && nalType(nal) !== NAL_PPS);
    return [...this.#sps.all, ...this.#pps.all, ...rest];
  }

  /** True once there is an SPS and a PPS: before that no picture can be decoded. */
  get complete(): boolean {
    return !this.#sps.isEmpty && !this.#pps.isEmpty;
  }

  /** The newest SPS allows pictures of two fields (frame_mbs_only_flag 0), which an encoder sets for nothing else. */
  get interlaced(): boolean {
    return this.#interlaced;
  }

  #keep(nal: Buffer): void {
    const type = nalType(nal);
    // seq_parameter_set_id follows profile, constraint flags and level (ITU-T H.264 7.3.2.1.1).
    if (type === NAL_SPS && this.#sps.keep(exponentialGolombAt(nal, 4), nal)) {
      this.#interlaced = parseSequenceParameters(nal)?.framesOnly === false;
      this.#onChange(nal);
    }
    if (type === NAL_PPS && this.#pps.keep(exponentialGolombAt(nal, 1), nal)) this.#onChange(nal);
  }
}

function isTransportOnly(nal: Buffer): boolean {
  const type = nalType(nal);
  return type === NAL_DELIMITER || type === NAL_FILLER;
}
