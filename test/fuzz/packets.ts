/*
 * Several packets as one input: each behind its length in two bytes. Whatever bytes come, some packets are read from them.
 */

export function joinPackets(packets: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    packets.flatMap((packet) => {
      const bytes = packet.subarray(0, 0xffff);
      return [Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes];
    }),
  );
}

/** The last one may be shorter than its length says. */
export function splitPackets(input: Buffer): Buffer[] {
  const packets: Buffer[] = [];
  for (let at = 0; at + 2 <= input.length;) {
    const end = at + 2 + input.readUInt16BE(at);
    packets.push(input.subarray(at + 2, end));
    at = end;
  }
  return packets;
}
