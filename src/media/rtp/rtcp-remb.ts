/** What a receiver estimates that it can be sent (draft-alvestrand-rmcat-remb-03 section 2.2): of all streams together. */
export interface ReceiverEstimate {
  type: 'receiver-estimate';
  bitsPerSecond: number;
}

const IDENTIFIER = 'REMB';
/** SSRCs, identifier, count of streams with the rate. */
const HEAD_BYTES = 16;

/**
 * Undefined for other messages of applications (RFC 4585 section 6.4); streams that do not fit its bytes make it `malformed`.
 *
 * @param body what follows the first word of the RTCP packet, without padding
 */
export function parseRemb(body: Buffer): ReceiverEstimate | 'malformed' | undefined {
  if (body.length < HEAD_BYTES || body.toString('latin1', 8, 12) !== IDENTIFIER) return undefined;
  if (body.length < HEAD_BYTES + body.readUInt8(12) * 4) return 'malformed';
  // Six bits of exponent, 18 of mantissa.
  const rate = body.readUIntBE(13, 3);
  return {
    type: 'receiver-estimate',
    bitsPerSecond: (rate & 0x3_ffff) * 2 ** (rate >> 18),
  };
}
