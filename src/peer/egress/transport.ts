/** Protection profiles that are negotiated by DTLS (RFC 7714 section 14.2, RFC 5764 section 4.1.2). */
export type SrtpProfile = 'AEAD_AES_128_GCM' | 'AES_CM_128_HMAC_SHA1_80';

/** Session keys of the sending direction, already derived from the master key (RFC 3711 section 4.3). */
export interface SrtpKeys {
  profile: SrtpProfile;
  /** 16 bytes. */
  key: Buffer;
  /** 12 bytes for GCM, 14 for AES-CM. */
  salt: Buffer;
  /** 20 bytes; used by HMAC-SHA1 only. */
  authenticationKey: Buffer;
}

/** Where a viewer's datagrams go once ICE and DTLS are up. */
export interface EgressTransport {
  readonly keys: SrtpKeys;
  /** Sends one protected datagram; false when it was not sent (consent lost, closed). The bytes must not be written to afterwards. */
  send(datagram: Buffer): boolean;
  /** Protects and sends a compound RTCP packet. */
  sendRtcp(compound: Buffer): void;
  /** Bytes that the system has not taken yet. */
  readonly backlog: number;
}
