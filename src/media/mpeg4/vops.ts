import { Bits } from '../bits.ts';
import { GROUP_OF_VOP, startCodes, VOP } from './headers.ts';

/** A server that gathers pictures sends no more at a time: about a second. */
const MAX_VOPS = 64;
const START_CODE_BYTES = 4;
/** modulo_time_base counts seconds; a picture that is further behind the one before has nothing to do with it. */
const MAX_SECONDS = 10;

/** One picture of several that came as one. */
export interface Vop {
  /** With what stands before it. */
  bytes: Buffer;
  /** How far it is behind the first, seconds; undefined where that cannot be said. */
  afterS: number | undefined;
}

/**
 * The pictures in the bytes of one timestamp: a packet may have several small ones (RFC 6416 section 5.1), as GStreamer sends them. The times of those behind the first
 * are in the pictures themselves: vop_time_increment counts within a second, modulo_time_base the seconds since the picture before.
 *
 * @param resolution ticks a second of vop_time_increment; undefined while it is not known
 */
export function splitVops(bytes: Buffer, resolution: number | undefined): Vop[] {
  const vops: Vop[] = [];
  let from = 0;
  let hasPicture = false;
  let base = 0;
  let first: number | undefined;
  let last = 0;
  let isGroup = false;
  for (const { code, at } of startCodes(bytes)) {
    if (hasPicture) {
      const before = vops.at(-1);
      if (before !== undefined) before.bytes = bytes.subarray(from, at);
      from = at;
      hasPicture = false;
    }
    if (code === GROUP_OF_VOP) isGroup = true;
    if (code !== VOP) continue;
    if (vops.length === MAX_VOPS) break;
    hasPicture = true;
    const time = vopTime(bytes.subarray(at + START_CODE_BYTES), resolution);
    if (time !== undefined) {
      if (first !== undefined) base += time.seconds;
      first ??= time.fraction;
      // Behind the header of a group seconds are counted from its own time.
      if (isGroup && vops.length > 0) while (base + time.fraction <= last) base += 1;
      last = base + time.fraction;
    }
    isGroup = false;
    const afterS = time === undefined || first === undefined ? undefined : base + time.fraction - first;
    vops.push({ bytes: bytes.subarray(from), afterS });
  }
  return vops.length === 0 ? [{ bytes, afterS: undefined }] : vops;
}

/** VideoObjectPlane(), ISO/IEC 14496-2 section 6.2.5, up to its time. */
function vopTime(bytes: Buffer, resolution: number | undefined): { seconds: number; fraction: number } | undefined {
  if (resolution === undefined || resolution === 0) return undefined;
  const bits = new Bits(bytes);
  bits.skip(2);
  let seconds = 0;
  while (bits.flag()) {
    seconds += 1;
    if (seconds > MAX_SECONDS) return undefined;
  }
  bits.skip(1);
  const increment = bits.unsigned(Math.max(1, Math.ceil(Math.log2(resolution))));
  return bits.overrun ? undefined : { seconds, fraction: increment / resolution };
}
