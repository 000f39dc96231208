import { Bits } from '../bits.ts';

/** Most access units in a packet, or in an element of LATM. */
export const MAX_UNITS = 64;
/** Most bytes of an access unit: 6144 bits a channel (ISO/IEC 14496-3 section 4.5.3), and room for what keeps to no limit. */
export const MAX_UNIT_BYTES = 16 * 1024;

/** Lengths of the fields around access units, bits (RFC 3640 sections 3.2.1 and 3.2.2). */
export interface HeaderForm {
  size: number;
  index: number;
  indexDelta: number;
  compositionDelta: number;
  decodingDelta: number;
  randomAccess: number;
  streamState: number;
  /** Of the size of the auxiliary section; 0 where there is none. */
  auxiliarySize: number;
}

export interface UnitHeader {
  /** Bytes. */
  size: number;
  /** Access units from the packet's first to this one. */
  index: number;
}

/** Where fmtp says nothing, what all cameras send: AAC-hbr (RFC 3640 section 3.3.6), or AAC-lbr (section 3.3.5) by its name. */
export function headerForm(fmtp: ReadonlyMap<string, string>): HeaderForm {
  const isLowRate = /lbr/i.test(fmtp.get('mode') ?? '');
  const length = (name: string, unsaid: number): number => {
    const value = Number.parseInt(fmtp.get(name) ?? '', 10);
    return value >= 0 && value <= 32 ? value : unsaid;
  };
  const size = isLowRate ? 6 : 13;
  return {
    // Without a size nobody knows where an access unit ends.
    size: length('sizelength', size) || size,
    index: length('indexlength', isLowRate ? 2 : 3),
    indexDelta: length('indexdeltalength', isLowRate ? 2 : 3),
    compositionDelta: length('ctsdeltalength', 0),
    decodingDelta: length('dtsdeltalength', 0),
    randomAccess: fmtp.get('randomaccessindication') === '1' ? 1 : 0,
    streamState: length('streamstateindication', 0),
    auxiliarySize: length('auxiliarydatasizelength', 0),
  };
}

/** The headers of a payload, at least one, and the data behind them; undefined where it is not so formed. */
export function readHeaderSection(payload: Buffer, form: HeaderForm): { headers: UnitHeader[]; data: Buffer } | undefined {
  const bits = new Bits(payload);
  const end = 16 + bits.unsigned(16);
  const headers: UnitHeader[] = [];
  let index = 0;
  while (bits.position < end && headers.length <= MAX_UNITS) {
    const size = bits.unsigned(form.size);
    // The first is always of index 0 where timestamps are (section 3.2.1.1).
    const delta = bits.unsigned(headers.length === 0 ? form.index : form.indexDelta);
    if (headers.length > 0) index += delta + 1;
    if (form.compositionDelta > 0 && bits.flag()) bits.skip(form.compositionDelta);
    if (form.decodingDelta > 0 && bits.flag()) bits.skip(form.decodingDelta);
    bits.skip(form.randomAccess + form.streamState);
    headers.push({ size, index });
  }
  if (bits.overrun || bits.position > end || headers.length === 0 || headers.length > MAX_UNITS) return undefined;
  toByte(bits);
  if (form.auxiliarySize > 0) {
    bits.skip(bits.unsigned(form.auxiliarySize));
    toByte(bits);
  }
  if (bits.overrun || headers.some(({ size }) => size === 0 || size > MAX_UNIT_BYTES)) return undefined;
  return { headers, data: payload.subarray(bits.position / 8) };
}

function toByte(bits: Bits): void {
  bits.skip((8 - (bits.position % 8)) % 8);
}
