import { createCipheriv, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { EgressTransport } from './transport.ts';

/**
 * Protects and sends the RTP packets of one viewer (RFC 3711, RFC 7714). An implementation keeps no roll-over counters: whoever numbers the packets
 * does, and uses no index of an SSRC twice but for the very same packet (RFC 7714 section 8.1).
 */
export interface SrtpEgress {
  /** Bytes that a packet is longer by. */
  readonly tagLength: number;
  /**
   * False when it was not sent. Neither argument is kept or written to: the header may be used again at once.
   *
   * @param header whole RTP header with its extension; authenticated, not encrypted
   * @param index 48 bits: roll-over counter times 2^16 plus the sequence number in the header
   */
  send(header: Buffer, payload: Buffer, ssrc: number, index: number): boolean;
}

export type SrtpEgressFactory = (transport: EgressTransport) => SrtpEgress;

export const createSrtpEgress: SrtpEgressFactory = (transport) =>
  transport.keys.profile === 'AEAD_AES_128_GCM' ? new GcmEgress(transport) : new CounterModeEgress(transport);

const GCM_TAG_LENGTH = 16;

/** AEAD_AES_128_GCM, RFC 7714. */
class GcmEgress implements SrtpEgress {
  readonly tagLength = GCM_TAG_LENGTH;
  readonly #transport: EgressTransport;
  readonly #key: KeyObject;
  readonly #salt: Buffer;
  readonly #iv: Buffer;

  constructor(transport: EgressTransport) {
    this.#transport = transport;
    this.#key = createSecretKey(transport.keys.key);
    this.#salt = transport.keys.salt;
    this.#iv = Buffer.from(this.#salt);
  }

  send(header: Buffer, payload: Buffer, ssrc: number, index: number): boolean {
    const iv = this.#iv;
    const salt = this.#salt;
    // RFC 7714 section 8.1: 16 zero bits, SSRC, roll-over counter, sequence number; exclusive or with the salt.
    iv.writeUInt32BE((ssrc ^ salt.readUInt32BE(2)) >>> 0, 2);
    iv.writeUInt32BE((rollOverCounter(index) ^ salt.readUInt32BE(6)) >>> 0, 6);
    iv.writeUInt16BE((index & 0xffff) ^ salt.readUInt16BE(10), 10);
    const cipher = createCipheriv('aes-128-gcm', this.#key, iv);
    cipher.setAAD(header);
    const encrypted = cipher.update(payload);
    cipher.final();
    const end = header.length + payload.length;
    const datagram = this.#transport.datagram(end + GCM_TAG_LENGTH);
    datagram.set(header, 0);
    datagram.set(encrypted, header.length);
    datagram.set(cipher.getAuthTag(), end);
    return this.#transport.send(datagram);
  }
}

const HMAC_TAG_LENGTH = 10;

/** AES_CM_128_HMAC_SHA1_80, RFC 3711 sections 4.1.1 and 4.2.1. */
class CounterModeEgress implements SrtpEgress {
  readonly tagLength = HMAC_TAG_LENGTH;
  readonly #transport: EgressTransport;
  readonly #key: KeyObject;
  readonly #authenticationKey: KeyObject;
  readonly #salt: Buffer;
  readonly #iv = Buffer.alloc(16);
  readonly #rollOverCounter = Buffer.alloc(4);

  constructor(transport: EgressTransport) {
    const { key, salt, authenticationKey } = transport.keys;
    this.#transport = transport;
    this.#key = createSecretKey(key);
    this.#authenticationKey = createSecretKey(authenticationKey);
    this.#salt = salt;
    salt.copy(this.#iv);
  }

  send(header: Buffer, payload: Buffer, ssrc: number, index: number): boolean {
    const iv = this.#iv;
    const salt = this.#salt;
    // IV = (salt * 2^16) XOR (SSRC * 2^64) XOR (index * 2^16)
    iv.writeUInt32BE((ssrc ^ salt.readUInt32BE(4)) >>> 0, 4);
    iv.writeUInt32BE((rollOverCounter(index) ^ salt.readUInt32BE(8)) >>> 0, 8);
    iv.writeUInt16BE((index & 0xffff) ^ salt.readUInt16BE(12), 12);
    const encrypted = createCipheriv('aes-128-ctr', this.#key, iv).update(payload);
    this.#rollOverCounter.writeUInt32BE(rollOverCounter(index), 0);
    const tag = createHmac('sha1', this.#authenticationKey)
      .update(header)
      .update(encrypted)
      .update(this.#rollOverCounter)
      .digest();
    const end = header.length + payload.length;
    const datagram = this.#transport.datagram(end + HMAC_TAG_LENGTH);
    datagram.set(header, 0);
    datagram.set(encrypted, header.length);
    tag.copy(datagram, end, 0, HMAC_TAG_LENGTH);
    return this.#transport.send(datagram);
  }
}

/** 32 bits of the index, which is longer than bitwise operators take. */
function rollOverCounter(index: number): number {
  return Math.floor(index / 2 ** 16);
}
