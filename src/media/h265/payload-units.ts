const AGGREGATION = 48;
const FRAGMENT = 49;
/** Of a NAL unit, and of a payload (RFC 7798 section 4.4). */
const HEADER_BYTES = 2;

/** The NAL units of RTP payloads as the packetizer beside it makes them of one access unit: whole, in order, none missing. */
export function h265Units(payloads: readonly Buffer[]): Buffer[] {
  const units: Buffer[] = [];
  let fragments: Buffer[] = [];
  for (const payload of payloads) {
    const [first = 0, second = 0, fragmentHeader = 0] = payload;
    const type = (first >> 1) & 0x3f;
    if (type === AGGREGATION) {
      for (let at = HEADER_BYTES; at + 2 <= payload.length;) {
        const length = payload.readUInt16BE(at);
        units.push(payload.subarray(at + 2, at + 2 + length));
        at += 2 + length;
      }
    } else if (type === FRAGMENT) {
      if ((fragmentHeader & 0x80) !== 0) fragments = [Buffer.from([(first & 0x81) | ((fragmentHeader & 0x3f) << 1), second])];
      fragments.push(payload.subarray(HEADER_BYTES + 1));
      if ((fragmentHeader & 0x40) !== 0) units.push(Buffer.concat(fragments));
    } else {
      units.push(payload);
    }
  }
  return units;
}
