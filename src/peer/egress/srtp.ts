import { createCipheriv, createHmac } from 'node:crypto';
import type { SrtpKeys } from './transport.ts';

/** Protects RTP packets of one viewer. An implementation keeps no roll-over counters: whoever numbers the packets does. */
export interface SrtpEgress {
  /**
   * The protected packet (RFC 3711, RFC 7714) in memory of its own.
   *
   * @param header whole RTP header with its extension; authenticated, not encrypted
   * @param payload not written to
   * @param index 48 bits: roll-over counter times 2^16 plus the sequence number in the header
   */
  protect(header: Buffer, payload: Buffer, ssrc: number, index: number): Buffer;
}

export function createSrtpEgress(keys: SrtpKeys): SrtpEgress {
  return keys.profile === 'AEAD_AES_128_GCM' ? new GcmEgress(keys) : new CounterModeEgress(keys);
}

const GCM_TAG_LENGTH = 16;

/** AEAD_AES_128_GCM, RFC 7714. */
class GcmEgress implements SrtpEgress {
  readonly #key: Buffer;
  readonly #salt: Buffer;
  readonly #iv = Buffer.alloc(12);

  constructor(keys: SrtpKeys) {
    this.#key = keys.key;
    this.#salt = keys.salt;
  }

  protect(header: Buffer, payload: Buffer, ssrc: number, index: number): Buffer {
    const iv = this.#iv;
    // RFC 7714 section 8.1: 16 zero bits, SSRC, roll-over counter, sequence number; exclusive or with the salt.
    iv.writeUInt16BE(0, 0);
    iv.writeUInt32BE(ssrc, 2);
    iv.writeUIntBE(index, 6, 6);
    for (let at = 0; at < 12; at += 1) iv[at] = (iv[at] ?? 0) ^ (this.#salt[at] ?? 0);
    const cipher = createCipheriv('aes-128-gcm', this.#key, iv);
    cipher.setAAD(header);
    const encrypted = cipher.update(payload);
    cipher.final();
    const datagram = Buffer.allocUnsafe(header.length + encrypted.length + GCM_TAG_LENGTH);
    header.copy(datagram, 0);
    encrypted.copy(datagram, header.length);
    cipher.getAuthTag().copy(datagram, header.length + encrypted.length);
    return datagram;
  }
}

const HMAC_TAG_LENGTH = 10;

/** AES_CM_128_HMAC_SHA1_80, RFC 3711 sections 4.1.1 and 4.2.1. */
class CounterModeEgress implements SrtpEgress {
  readonly #keys: SrtpKeys;
  readonly #iv = Buffer.alloc(16);
  readonly #rollOverCounter = Buffer.alloc(4);

  constructor(keys: SrtpKeys) {
    this.#keys = keys;
  }

  protect(header: Buffer, payload: Buffer, ssrc: number, index: number): Buffer {
    const { key, salt, authenticationKey } = this.#keys;
    const iv = this.#iv;
    // IV = (salt * 2^16) XOR (SSRC * 2^64) XOR (index * 2^16)
    iv.fill(0);
    iv.writeUInt32BE(ssrc, 4);
    iv.writeUIntBE(index, 8, 6);
    for (let at = 0; at < 14; at += 1) iv[at] = (iv[at] ?? 0) ^ (salt[at] ?? 0);
    const encrypted = createCipheriv('aes-128-ctr', key, iv).update(payload);
    const datagram = Buffer.allocUnsafe(header.length + encrypted.length + HMAC_TAG_LENGTH);
    header.copy(datagram, 0);
    encrypted.copy(datagram, header.length);
    this.#rollOverCounter.writeUInt32BE(Math.floor(index / 2 ** 16), 0);
    const tag = createHmac('sha1', authenticationKey)
      .update(datagram.subarray(0, header.length + encrypted.length))
      .update(this.#rollOverCounter)
      .digest();
    tag.copy(datagram, header.length + encrypted.length, 0, HMAC_TAG_LENGTH);
    return datagram;
  }
}
