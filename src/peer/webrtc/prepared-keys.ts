import { createSecretKey, type KeyObject } from 'node:crypto';
import type { RTCDtlsTransport } from 'werift';

/** As much of a werift cipher as is used here: what it passes to Node for each packet. */
type Cipher = Partial<Record<string, Buffer | KeyObject>>;

const MEDIA_KEYS = ['srtpSessionKey', 'srtcpSessionKey', 'srtpSessionAuthTag', 'srtcpSessionAuthTag'];
/** Of DTLS, by which data channels go. */
const RECORD_KEYS = ['clientWriteKey', 'serverWriteKey'];

/**
 * Has werift protect and open packets with keys that are prepared once: of key bytes Node makes an OpenSSL key for each packet, which takes ten times as
 * long as the packet itself. Takes effect once.
 *
 * @param transport connected: its keys exist
 */
export function prepareKeys({ srtp, srtcp, dtls }: RTCDtlsTransport): void {
  for (const { cipher } of [srtp.localContext, srtp.remoteContext, srtcp.localContext, srtcp.remoteContext])
    prepare(cipher as unknown as Cipher, MEDIA_KEYS);
  const records = dtls?.cipher.cipher;
  if (records !== undefined) prepare(records as unknown as Cipher, RECORD_KEYS);
}

function prepare(cipher: Cipher, names: readonly string[]): void {
  for (const name of names) {
    const key = cipher[name];
    if (Buffer.isBuffer(key)) cipher[name] = createSecretKey(key);
  }
}
