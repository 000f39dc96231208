/*
 * The RTP header extension of ONVIF Streaming ("JPEG over RTP"): what of a picture's JPEG header does not fit RFC 2435, above all the size of
 * one of more than 2040 pixels.
 */

/** Of the first packet of a picture, and of others. */
const FIRST_PACKET = 0xffd8;
const OTHER_PACKET = 0xffff;
const EXTENSION_HEADER_BYTES = 4;
const START_OF_SCAN = 0xda;

/** Marker segments of a JPEG header, each with its marker. */
export interface JpegSegments {
  /** SOF of any kind. */
  frame: Buffer | undefined;
  /** DRI */
  restartInterval: Buffer | undefined;
  /** SOS and what may stand behind it. */
  scan: Buffer | undefined;
  /** All others, in order. */
  others: Buffer[];
}

/** The contents of the extension; undefined where it is of another kind. */
export function jpegExtension(extension: Buffer | undefined): Buffer | undefined {
  if (extension === undefined || extension.length < EXTENSION_HEADER_BYTES) return undefined;
  const kind = extension.readUInt16BE(0);
  return kind === FIRST_PACKET || kind === OTHER_PACKET ? extension.subarray(EXTENSION_HEADER_BYTES) : undefined;
}

/** Undefined when they are not whole. */
export function readSegments(bytes: Buffer): JpegSegments | undefined {
  const segments: JpegSegments = { frame: undefined, restartInterval: undefined, scan: undefined, others: [] };
  let at = 0;
  while (at < bytes.length) {
    if (bytes[at] !== 0xff) return undefined;
    // Any number of these bytes may stand before a marker, and at the end.
    while (bytes[at + 1] === 0xff) at += 1;
    const marker = bytes[at + 1];
    if (marker === undefined) break;
    if (marker === START_OF_SCAN) {
      segments.scan = bytes.subarray(at);
      break;
    }
    const end = at + 4 > bytes.length ? undefined : at + 2 + bytes.readUInt16BE(at + 2);
    if (end === undefined || end > bytes.length || end < at + 4) return undefined;
    const segment = bytes.subarray(at, end);
    if (isStartOfFrame(marker)) segments.frame = segment;
    else if (marker === 0xdd) segments.restartInterval = segment;
    else segments.others.push(segment);
    at = end;
  }
  return segments;
}

/** SOF0 to SOF15, among which are DHT, JPG and DAC (ITU-T T.81 table B.1). */
function isStartOfFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}
