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
  /** Memory for the next datagram, to be filled and passed to {@link send}: the same again and again, as long as the system takes them at once. */
  datagram(length: number): Buffer;
  /** Sends what {@link datagram} gave last; false when it was not sent (consent lost, closed). */
  send(datagram: Buffer): boolean;
  /** More follows at once: what is sent may be held until {@link uncork}, which follows within the same turn of the event loop. */
  cork(): void;
  uncork(): void;
  /** Protects and sends a compound RTCP packet, unless much waits for the path already. */
  sendRtcp(compound: Buffer): void;
  /** Bytes that the system has not taken yet. */
  readonly backlog: number;
}
