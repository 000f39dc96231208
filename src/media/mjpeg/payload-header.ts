/** What stands before the data in a packet of JPEG (RFC 2435 section 3.1). */
export interface JpegPayloadHeader {
  /** 0: the picture is whole; else it is a field of one. */
  typeSpecific: number;
  /** Bytes of data of the picture before this packet. */
  offset: number;
  /** 0: 4:2:2, 1: 4:2:0; without what says that there are restart markers. */
  type: number;
  quality: number;
  /** Pixels; 0 where it does not fit. */
  width: number;
  height: number;
  /** Of restart markers, in blocks; 0 where there are none. */
  restartInterval: number;
  /** In the first packet, where the quality says so: undefined elsewhere, and empty where they are those of before. */
  tables: { bytes: Buffer; precision: number } | undefined;
  data: Buffer;
}

const HEADER_BYTES = 8;
const RESTART_HEADER_BYTES = 4;
const TABLE_HEADER_BYTES = 4;
/** From here to 127 a restart header follows, and the types say the same as those 64 below. */
const FIRST_RESTART_TYPE = 64;
const LAST_TYPE = 127;
/** From here on the tables are in the stream. */
const FIRST_QUALITY_WITH_TABLES = 128;

/** Undefined when it is not whole, or of a type that only its sender knows. */
export function parseJpegPayload(payload: Buffer): JpegPayloadHeader | undefined {
  if (payload.length < HEADER_BYTES) return undefined;
  const type = payload.readUInt8(4);
  const hasRestarts = type >= FIRST_RESTART_TYPE && type <= LAST_TYPE;
  const offset = payload.readUIntBE(1, 3);
  const quality = payload.readUInt8(5);
  if (type > LAST_TYPE || (type & (FIRST_RESTART_TYPE - 1)) > 1) return undefined;
  let at = HEADER_BYTES + (hasRestarts ? RESTART_HEADER_BYTES : 0);
  let tables: JpegPayloadHeader['tables'];
  if (offset === 0 && quality >= FIRST_QUALITY_WITH_TABLES) {
    if (payload.length < at + TABLE_HEADER_BYTES) return undefined;
    const length = payload.readUInt16BE(at + 2);
    const precision = payload.readUInt8(at + 1);
    at += TABLE_HEADER_BYTES;
    tables = { bytes: payload.subarray(at, at + length), precision };
    at += length;
  }
  if (payload.length < at) return undefined;
  return {
    typeSpecific: payload.readUInt8(0),
    offset,
    type: type & (FIRST_RESTART_TYPE - 1),
    quality,
    width: payload.readUInt8(6) * 8,
    height: payload.readUInt8(7) * 8,
    restartInterval: hasRestarts ? payload.readUInt16BE(HEADER_BYTES) : 0,
    tables,
    data: payload.subarray(at),
  };
}
