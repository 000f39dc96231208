import { createSecretKey, type KeyObject } from 'node:crypto';
import type { RTCDtlsTransport } from 'werift';

/** As much of a werift cipher as is used here: what it passes to Node for each packet. */
type Cipher = Record<(typeof KEYS)[number], Buffer | KeyObject | undefined>;

const KEYS = ['srtpSessionKey', 'srtcpSessionKey', 'srtpSessionAuthTag', 'srtcpSessionAuthTag'] as const;

/**
 * Has werift protect and open packets with keys that are prepared once: of key bytes Node makes an OpenSSL key for each packet, which takes ten times as
 * long as the packet itself. Takes effect once.
 *
 * @param transport connected: its keys exist
 */
export function prepareKeys({ srtp, srtcp }: RTCDtlsTransport): void {
  for (const { cipher } of [srtp.localContext, srtp.remoteContext, srtcp.localContext, srtcp.remoteContext]) {
    const keys = cipher as unknown as Cipher;
    for (const name of KEYS) {
      const key = keys[name];
      if (Buffer.isBuffer(key)) keys[name] = createSecretKey(key);
    }
  }
}
