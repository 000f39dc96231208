import { createDecipheriv, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { RTCDtlsTransport } from 'werift';

/** RFC 7714 section 14.2. */
const AEAD_AES_128_GCM = 0x0007;
const GCM_TAG_LENGTH = 16;
const GCM_OPTIONS = { authTagLength: GCM_TAG_LENGTH };
const HMAC_TAG_LENGTH = 10;
/** Of a compound packet: its first word, and the SSRC of who sends it, which are not encrypted. */
const HEADER_LENGTH = 8;
/** Whether the packet is encrypted, and 31 bits of its index. */
const INDEX_LENGTH = 4;
const ENCRYPTED = 2 ** 31;
/** Packets that may come late by so many; what is older is taken for one that came before (RFC 3711 section 3.3.2). */
const WINDOW = 128;
/** Of a viewer as many may report; of others than the newest it is no longer known what came. */
const MAX_SOURCES = 16;

/**
 * Opens the SRTCP of one viewer (RFC 3711 section 3.4, RFC 7714 section 9), in place and by keys that are prepared once: werift makes a dozen objects and buffers for each packet,
 * and reads the header bit by bit.
 */
export class SrtcpReader {
  readonly #key: KeyObject;
  readonly #authenticationKey: KeyObject;
  readonly #salt: Buffer;
  readonly #iv: Buffer;
  readonly #isGcm: boolean;
  /** Header and index. */
  readonly #authenticated = Buffer.alloc(HEADER_LENGTH + INDEX_LENGTH);
  /** By SSRC: each counts its packets by itself. */
  readonly #windows = new Map<number, ReplayWindow>();

  /** @param transport connected: its keys exist */
  constructor({ srtcp }: Pick<RTCDtlsTransport, 'srtcp'>) {
    const { srtcpSessionKey, srtcpSessionSalt, srtcpSessionAuthTag, profile } = srtcp.remoteContext;
    this.#isGcm = profile === AEAD_AES_128_GCM;
    this.#key = createSecretKey(srtcpSessionKey);
    this.#authenticationKey = createSecretKey(srtcpSessionAuthTag);
    // werift derives two bytes more of salt than GCM has.
    this.#salt = srtcpSessionSalt.subarray(0, this.#isGcm ? 12 : 14);
    this.#iv = Buffer.alloc(this.#isGcm ? 12 : 16);
    this.#salt.copy(this.#iv);
  }

  /**
   * The compound packet in clear, in the memory of the datagram.
   *
   * @returns undefined where it is none by these keys, or came before
   */
  open(datagram: Buffer): Buffer | undefined {
    const indexEnd = datagram.length - (this.#isGcm ? 0 : HMAC_TAG_LENGTH);
    if (indexEnd < HEADER_LENGTH + INDEX_LENGTH + (this.#isGcm ? GCM_TAG_LENGTH : 0)) return undefined;
    const index = datagram.readUInt32BE(indexEnd - INDEX_LENGTH) % ENCRYPTED;
    const ssrc = datagram.readUInt32BE(4);
    const window = this.#windows.get(ssrc);
    if (window?.has(index) === true) return undefined;
    const compound = this.#isGcm ? this.#openGcm(datagram) : this.#openCounterMode(datagram);
    if (compound !== undefined) (window ?? this.#beginWindow(ssrc)).add(index);
    return compound;
  }

  #beginWindow(ssrc: number): ReplayWindow {
    const [oldest] = this.#windows.keys();
    if (oldest !== undefined && this.#windows.size >= MAX_SOURCES) this.#windows.delete(oldest);
    const window = new ReplayWindow();
    this.#windows.set(ssrc, window);
    return window;
  }

  /** RFC 7714 sections 9.1 to 9.3: the tag stands before the index. */
  #openGcm(datagram: Buffer): Buffer | undefined {
    const indexAt = datagram.length - INDEX_LENGTH;
    const end = indexAt - GCM_TAG_LENGTH;
    const word = datagram.readUInt32BE(indexAt);
    const isEncrypted = word >= ENCRYPTED;
    const [iv, salt] = [this.#iv, this.#salt];
    iv.writeUInt32BE((datagram.readUInt32BE(4) ^ salt.readUInt32BE(2)) >>> 0, 2);
    iv.writeUInt32BE(((word % ENCRYPTED) ^ salt.readUInt32BE(8)) >>> 0, 8);
    const decipher = createDecipheriv('aes-128-gcm', this.#key, iv, GCM_OPTIONS);
    decipher.setAAD(isEncrypted ? this.#headerAndIndex(datagram, word) : authenticatedAlone(datagram, end, indexAt));
    decipher.setAuthTag(datagram.subarray(end, indexAt));
    const clear = isEncrypted ? decipher.update(datagram.subarray(HEADER_LENGTH, end)) : undefined;
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    if (clear !== undefined) datagram.set(clear, HEADER_LENGTH);
    return datagram.subarray(0, end);
  }

  /** RFC 3711 sections 3.4 and 4.1.1: the tag is the last. */
  #openCounterMode(datagram: Buffer): Buffer | undefined {
    const tagAt = datagram.length - HMAC_TAG_LENGTH;
    const end = tagAt - INDEX_LENGTH;
    const tag = createHmac('sha1', this.#authenticationKey).update(datagram.subarray(0, tagAt)).digest();
    if (!timingSafeEqual(tag.subarray(0, HMAC_TAG_LENGTH), datagram.subarray(tagAt))) return undefined;
    const word = datagram.readUInt32BE(end);
    if (word < ENCRYPTED) return datagram.subarray(0, end);
    const [iv, salt] = [this.#iv, this.#salt];
    // IV = (salt * 2^16) XOR (SSRC * 2^64) XOR (index * 2^16)
    iv.writeUInt32BE((datagram.readUInt32BE(4) ^ salt.readUInt32BE(4)) >>> 0, 4);
    iv.writeUInt32BE(((word % ENCRYPTED) ^ salt.readUInt32BE(10)) >>> 0, 10);
    datagram.set(createDecipheriv('aes-128-ctr', this.#key, iv).update(datagram.subarray(HEADER_LENGTH, end)), HEADER_LENGTH);
    return datagram.subarray(0, end);
  }

  #headerAndIndex(datagram: Buffer, word: number): Buffer {
    datagram.copy(this.#authenticated, 0, 0, HEADER_LENGTH);
    this.#authenticated.writeUInt32BE(word, HEADER_LENGTH);
    return this.#authenticated;
  }
}

/** Which packets of a source came, as far as they may still come. */
class ReplayWindow {
  readonly #indexes = new Float64Array(WINDOW).fill(-1);
  #newest = -1;

  /** Also what is too old to be known of. */
  has(index: number): boolean {
    return index <= this.#newest - WINDOW || this.#indexes[index % WINDOW] === index;
  }

  add(index: number): void {
    this.#indexes[index % WINDOW] = index;
    this.#newest = Math.max(this.#newest, index);
  }
}

/** Of a packet that is not encrypted all but the tag, RFC 7714 section 9.3. */
function authenticatedAlone(datagram: Buffer, end: number, indexAt: number): Buffer {
  return Buffer.concat([datagram.subarray(0, end), datagram.subarray(indexAt)]);
}
