const STAP_A = 24;
const FU_A = 28;

/** The NAL units of RTP payloads as the packetizer beside it makes them of one access unit: whole, in order, none missing. */
export function h264Units(payloads: readonly Buffer[]): Buffer[] {
  const units: Buffer[] = [];
  let fragments: Buffer[] = [];
  for (const payload of payloads) {
    const header = payload[0] ?? 0;
    const type = header & 0x1f;
    if (type === STAP_A) {
      for (let at = 1; at + 2 <= payload.length;) {
        const length = payload.readUInt16BE(at);
        units.push(payload.subarray(at + 2, at + 2 + length));
        at += 2 + length;
      }
    } else if (type === FU_A) {
      const fragmentHeader = payload[1] ?? 0;
      if ((fragmentHeader & 0x80) !== 0) fragments = [Buffer.from([(header & 0xe0) | (fragmentHeader & 0x1f)])];
      fragments.push(payload.subarray(2));
      if ((fragmentHeader & 0x40) !== 0) units.push(Buffer.concat(fragments));
    } else {
      units.push(payload);
    }
  }
  return units;
}
