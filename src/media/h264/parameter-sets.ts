import { isKeyframe, NAL_DELIMITER, NAL_FILLER, NAL_PPS, NAL_SPS, nalType, splitAtStartCodes, type AccessUnit } from './nal.ts';

/** More parameter sets than any camera has; bounds what a stream can make us keep. */
const MAX_SETS = 32;

/**
 * Keeps the newest SPS and PPS of a stream, from its SDP and in band, and puts them before each IDR picture, so that a decoder
 * can start at any keyframe: many cameras send them only once, or in the SDP only (Axis: webrtc-streamer#1; mediamtx#5861). Those in band
 * count over those of the SDP, and newer ones over older ones, since a camera changes its resolution without a word (RTSPtoWebRTC#28).
 */
export class ParameterSets {
  /** By type and id, in order of arrival: an SPS comes before the PPS that refers to it. */
  readonly #sps = new Map<string, Buffer>();
  readonly #pps = new Map<string, Buffer>();

  /**
   * @param sprop value of the SDP's sprop-parameter-sets (RFC 6184 section 8.1). Absent, empty (Hikvision: gortsplib#88, mediamtx#861,
   * go2rtc#1558), without a PPS or no parameter sets at all (VStarcam), it is passed over: those in band are waited for.
   */
  constructor(sprop?: string) {
    for (const part of sprop?.split(',').slice(0, MAX_SETS) ?? []) {
      for (const nal of splitAtStartCodes(Buffer.from(part, 'base64'))) this.#keep(nal);
    }
  }

  /** The access unit as a browser wants it: parameter sets before an IDR, no delimiters and no filler. */
  apply(accessUnit: AccessUnit): AccessUnit {
    for (const nal of accessUnit) this.#keep(nal);
    const essential = accessUnit.filter((nal) => !isTransportOnly(nal));
    if (!isKeyframe(accessUnit)) return essential;
    const rest = essential.filter((nal) => nalType(nal) !== NAL_SPS && nalType(nal) !== NAL_PPS);
    return [...this.#sps.values(), ...this.#pps.values(), ...rest];
  }

  /** True once there is an SPS and a PPS: before that no picture can be decoded. */
  get complete(): boolean {
    return this.#sps.size > 0 && this.#pps.size > 0;
  }

  #keep(nal: Buffer): void {
    const type = nalType(nal);
    if (type === NAL_SPS) keep(this.#sps, spsId(nal), nal);
    if (type === NAL_PPS) keep(this.#pps, exponentialGolomb(nal, 1)?.toString(), nal);
  }
}

function isTransportOnly(nal: Buffer): boolean {
  const type = nalType(nal);
  return type === NAL_DELIMITER || type === NAL_FILLER;
}

function keep(sets: Map<string, Buffer>, id: string | undefined, nal: Buffer): void {
  if (id === undefined || nal.length > 1024) return;
  if (sets.size >= MAX_SETS && !sets.has(id)) return;
  // A copy: the NAL unit is a view of a chunk from the socket, which it would keep alive.
  if (sets.get(id)?.equals(nal) !== true) sets.set(id, Buffer.from(nal));
}

/** seq_parameter_set_id follows profile, constraint flags and level (ITU-T H.264 7.3.2.1.1). */
function spsId(nal: Buffer): string | undefined {
  return exponentialGolomb(nal, 4)?.toString();
}

/** The ue(v) that starts at byte `offset` (ITU-T H.264 9.1); undefined when it is not whole or over 16 bits. */
function exponentialGolomb(bytes: Buffer, offset: number): number | undefined {
  let zeros = 0;
  let bit = offset * 8;
  const bitAt = (index: number): number => ((bytes[index >> 3] ?? 0) >> (7 - (index & 7))) & 1;
  while (bit < bytes.length * 8 && bitAt(bit) === 0) {
    zeros += 1;
    bit += 1;
  }
  if (zeros > 16 || bit + zeros >= bytes.length * 8) return undefined;
  let value = 0;
  for (let index = 0; index <= zeros; index += 1) value = value * 2 + bitAt(bit + index);
  return value - 1;
}
