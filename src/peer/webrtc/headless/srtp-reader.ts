import { createDecipheriv, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { RTCDtlsTransport } from 'werift';
import { RTP_HEADER_LENGTH } from '../../../media/rtp/packet.ts';

/** RFC 7714 section 14.2. */
const AEAD_AES_128_GCM = 0x0007;
const GCM_TAG_LENGTH = 16;
const HMAC_TAG_LENGTH = 10;
const EXTENSION_BIT = 0x10;

/**
 * Opens single packets of one viewer, by keys that are prepared once. werift's own looks for the wrap of the sequence numbers within a hundred packets, which
 * whoever opens a share of them misses: here the index of the packet comes from whoever counts.
 */
export class SrtpReader {
  readonly #key: KeyObject;
  readonly #salt: Buffer;
  readonly #authenticationKey: KeyObject;
  readonly #isGcm: boolean;

  /** @param transport connected: its keys exist */
  constructor(transport: RTCDtlsTransport) {
    const { srtpSessionKey, srtpSessionSalt, srtpSessionAuthTag, profile } = transport.srtp.remoteContext;
    this.#isGcm = profile === AEAD_AES_128_GCM;
    this.#key = createSecretKey(srtpSessionKey);
    this.#authenticationKey = createSecretKey(srtpSessionAuthTag);
    // werift derives two bytes more of salt than GCM has.
    this.#salt = this.#isGcm ? srtpSessionSalt.subarray(0, 12) : srtpSessionSalt;
  }

  /**
   * The packet in clear.
   *
   * @param index roll-over counter times 2^16 plus the sequence number
   * @throws Error when it is none by these keys
   */
  open(datagram: Buffer, index: number): Buffer {
    const header = datagram.subarray(0, headerLength(datagram));
    return Buffer.concat([
      header,
      this.#isGcm ? this.#openGcm(datagram, header, index) : this.#openCounterMode(datagram, header, index),
    ]);
  }

  /** RFC 7714 sections 8.1 and 9.1. */
  #openGcm(datagram: Buffer, header: Buffer, index: number): Buffer {
    const iv = Buffer.alloc(12);
    iv.writeUInt32BE(header.readUInt32BE(8), 2);
    iv.writeUIntBE(index, 6, 6);
    const cipher = createDecipheriv('aes-128-gcm', this.#key, exclusiveOr(iv, this.#salt), { authTagLength: GCM_TAG_LENGTH });
    cipher.setAAD(header);
    const end = datagram.length - GCM_TAG_LENGTH;
    cipher.setAuthTag(datagram.subarray(end));
    const payload = cipher.update(datagram.subarray(header.length, end));
    cipher.final();
    return payload;
  }

  /** RFC 3711 sections 4.1.1 and 4.2. */
  #openCounterMode(datagram: Buffer, header: Buffer, index: number): Buffer {
    const end = datagram.length - HMAC_TAG_LENGTH;
    const rollOverCounter = Buffer.alloc(4);
    rollOverCounter.writeUInt32BE(Math.floor(index / 2 ** 16));
    const tag = createHmac('sha1', this.#authenticationKey).update(datagram.subarray(0, end)).update(rollOverCounter).digest();
    if (!timingSafeEqual(tag.subarray(0, HMAC_TAG_LENGTH), datagram.subarray(end))) throw new Error('the tag is another one');
    const iv = Buffer.alloc(16);
    iv.writeUInt32BE(header.readUInt32BE(8), 4);
    iv.writeUIntBE(index, 8, 6);
    return createDecipheriv('aes-128-ctr', this.#key, exclusiveOr(iv, this.#salt)).update(datagram.subarray(header.length, end));
  }
}

function headerLength(datagram: Buffer): number {
  const first = datagram.readUInt8(0);
  const fixed = RTP_HEADER_LENGTH + (first & 0x0f) * 4;
  return (first & EXTENSION_BIT) === 0 ? fixed : fixed + 4 + datagram.readUInt16BE(fixed + 2) * 4;
}

/** In place, of as many bytes as the salt has. */
function exclusiveOr(bytes: Buffer, salt: Buffer): Buffer {
  for (let at = 0; at < salt.length; at += 1) bytes[at] = (bytes[at] ?? 0) ^ (salt[at] ?? 0);
  return bytes;
}
