/**
 * RTP payloads of one H.265 picture (RFC 7798 sections 4.4.1 to 4.4.3), written by hand from the RFC: the small NAL units in front in one
 * aggregation packet, large ones in fragments.
 */
export function packetizeH265(nals: readonly Buffer[], maxPayload: number): Buffer[] {
  const isSmall = (nal: Buffer): boolean => nal.length < 100 && nal.readUInt8(0) >> 1 >= 32;
  const small = nals.filter(isSmall);
  const aggregate = small.length < 2 ? small : [aggregation(small)];
  return [...aggregate, ...nals.filter((nal) => !isSmall(nal)).flatMap((nal) => fragments(nal, maxPayload))];
}

function aggregation(nals: readonly Buffer[]): Buffer {
  const parts = nals.flatMap((nal) => [Buffer.from([nal.length >> 8, nal.length & 0xff]), nal]);
  return Buffer.concat([Buffer.from([48 << 1, 1]), ...parts]);
}

function fragments(nal: Buffer, maxPayload: number): Buffer[] {
  if (nal.length <= maxPayload) return [nal];
  const type = nal.readUInt8(0) >> 1;
  const payloads: Buffer[] = [];
  for (let at = 2; at < nal.length; at += maxPayload - 3) {
    const isFirst = at === 2;
    const isLast = at + maxPayload - 3 >= nal.length;
    const header = [(nal.readUInt8(0) & 0x81) | (49 << 1), nal.readUInt8(1), (isFirst ? 0x80 : 0) | (isLast ? 0x40 : 0) | type];
    payloads.push(Buffer.concat([Buffer.from(header), nal.subarray(at, at + maxPayload - 3)]));
  }
  return payloads;
}
