/** What H.264 (RFC 6184) and H.265 (RFC 7798) do each in its own way. */
export interface NalPacketization {
  /** Of an aggregation's own header. */
  headerBytes: number;
  /** A shorter NAL unit is left out. */
  leastBytes: number;
  /** @param length of the payload */
  aggregate: (nals: Buffer[], length: number) => Buffer;
  /** Adds the fragments of one that is larger than `maxPayload`. */
  fragment: (nal: Buffer, maxPayload: number, payloads: Buffer[]) => void;
}

/** Small NAL units that follow each other share a payload as far as it holds them, large ones are cut. */
export function packetizeNals(
  accessUnit: readonly Buffer[],
  maxPayload: number,
  { headerBytes, leastBytes, aggregate, fragment }: NalPacketization,
): Buffer[] {
  const payloads: Buffer[] = [];
  let group: Buffer[] = [];
  let groupLength = headerBytes;
  const closeGroup = (): void => {
    if (group.length > 0) payloads.push(aggregate(group, groupLength));
    group = [];
    groupLength = headerBytes;
  };
  for (const nal of accessUnit) {
    if (nal.length < leastBytes) continue;
    if (groupLength + 2 + nal.length > maxPayload) closeGroup();
    if (nal.length > maxPayload) {
      fragment(nal, maxPayload, payloads);
    } else {
      group.push(nal);
      groupLength += 2 + nal.length;
    }
  }
  closeGroup();
  return payloads;
}

/**
 * Parts of nearly equal size, so that no tiny one is left at the end, each behind room for its header. They are kept for seconds, so they share memory of their own: a piece
 * of Node's pool would keep all that was allocated beside it.
 *
 * @param maxPart most bytes of one without its header
 */
export function cutInParts(body: Buffer, maxPart: number, headerBytes: number): Buffer[] {
  const size = Math.ceil(body.length / Math.ceil(body.length / maxPart));
  const count = Math.ceil(body.length / size);
  const memory = Buffer.allocUnsafeSlow(body.length + count * headerBytes);
  return Array.from({ length: count }, (_, at) => {
    const start = at * (headerBytes + size);
    body.copy(memory, start + headerBytes, at * size, (at + 1) * size);
    return memory.subarray(start, start + headerBytes + size);
  });
}
