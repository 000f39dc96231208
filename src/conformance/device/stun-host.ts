import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { isIPv4 } from 'node:net';
import type { IceServer } from '../../base/ice.ts';

/*
 * STUN (RFC 8489) and TURN (RFC 8656) over UDP, as much as shows whether a device asks, authenticates and makes candidates of the answers.
 * It relays nothing.
 */

const COOKIE = 0x2112a442;
const HEADER_BYTES = 20;
const METHOD = { binding: 0x0001, allocate: 0x0003, refresh: 0x0004, createPermission: 0x0008, channelBind: 0x0009 } as const;
const SUCCESS = 0x0100;
const ERROR = 0x0110;
const ATTRIBUTE = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  lifetime: 0x000d,
  realm: 0x0014,
  nonce: 0x0015,
  xorRelayedAddress: 0x0016,
  xorMappedAddress: 0x0020,
} as const;
const INTEGRITY_BYTES = 24;
const LIFETIME_SECONDS = 600;

const REALM = 'conformance';
const USERNAME = 'kit';
const PASSWORD = 'kit-password';

/** Of documentation (RFC 5737), so that no candidate made of them leads anywhere, and none is the same as a host candidate. */
export const MAPPED_ADDRESS = '203.0.113.1';
export const RELAYED_ADDRESS = '203.0.113.2';

export class StunHost {
  /** Requests that came, by what they ask. */
  bindings = 0;
  allocations = 0;
  /** Allocations with the password proved. */
  authenticated = 0;
  readonly #address: string;
  #closed = false;
  readonly #socket: Socket;
  readonly #key = createHash('md5').update(`${USERNAME}:${REALM}:${PASSWORD}`).digest();

  /** @param address of this machine, by which the device reaches it */
  constructor(address: string) {
    this.#address = address;
    this.#socket = createSocket(isIPv4(address) ? 'udp4' : 'udp6');
    this.#socket.on('message', (message, from) => this.#take(message, from.address, from.port));
    this.#socket.on('error', () => undefined);
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.once('error', reject);
      this.#socket.bind(0, this.#address, resolve);
    });
    return this;
  }

  /** As connect carries them; `urls` are arrays (5.2.4.2). */
  get stunServer(): IceServer {
    return { urls: [`stun:${this.#hostPort}`] };
  }

  get turnServer(): IceServer {
    return { urls: [`turn:${this.#hostPort}?transport=udp`], username: USERNAME, credential: PASSWORD };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }

  get #hostPort(): string {
    return `${isIPv4(this.#address) ? this.#address : `[${this.#address}]`}:${this.#socket.address().port}`;
  }

  #take(message: Buffer, address: string, port: number): void {
    const request = parseStun(message);
    if (request === undefined) return;
    const { type } = request;
    const answer = (kind: number, attributes: Buffer[], key?: Buffer): void =>
      this.#socket.send(encode(type | kind, request.transaction, attributes, key), port, address, () => undefined);
    if (type === METHOD.binding) {
      this.bindings += 1;
      answer(SUCCESS, [xorAddress(ATTRIBUTE.xorMappedAddress, MAPPED_ADDRESS, port)]);
      return;
    }
    if (!Object.values<number>(METHOD).includes(type)) return;
    if (type === METHOD.allocate) this.allocations += 1;
    if (!this.#isAuthentic(message, request)) {
      const code = Buffer.concat([Buffer.from([0, 0, 4, 1]), Buffer.from('Unauthorized')]);
      answer(ERROR, [
        tlv(ATTRIBUTE.errorCode, code),
        tlv(ATTRIBUTE.realm, Buffer.from(REALM)),
        tlv(ATTRIBUTE.nonce, Buffer.from('kit-nonce')),
      ]);
      return;
    }
    const lifetime = Buffer.alloc(4);
    lifetime.writeUInt32BE(LIFETIME_SECONDS);
    if (type !== METHOD.allocate) {
      answer(SUCCESS, type === METHOD.refresh ? [tlv(ATTRIBUTE.lifetime, lifetime)] : [], this.#key);
      return;
    }
    this.authenticated += 1;
    const addresses = [
      xorAddress(ATTRIBUTE.xorRelayedAddress, RELAYED_ADDRESS, port),
      xorAddress(ATTRIBUTE.xorMappedAddress, MAPPED_ADDRESS, port),
    ];
    answer(SUCCESS, [...addresses, tlv(ATTRIBUTE.lifetime, lifetime)], this.#key);
  }

  #isAuthentic(message: Buffer, { attributes, integrityAt }: StunMessage): boolean {
    const given = attributes.get(ATTRIBUTE.messageIntegrity);
    if (given?.length !== 20 || integrityAt === undefined || attributes.get(ATTRIBUTE.username)?.toString() !== USERNAME)
      return false;
    return timingSafeEqual(given, integrityOf(message.subarray(0, integrityAt), this.#key));
  }
}

export interface StunMessage {
  type: number;
  transaction: Buffer;
  attributes: Map<number, Buffer>;
  /** Where the attribute of the integrity begins. */
  integrityAt: number | undefined;
}

/** Undefined for what is no STUN message. */
export function parseStun(message: Buffer): StunMessage | undefined {
  if (message.length < HEADER_BYTES || message.readUInt32BE(4) !== COOKIE) return undefined;
  if (message.readUInt16BE(2) + HEADER_BYTES !== message.length) return undefined;
  const attributes = new Map<number, Buffer>();
  let integrityAt: number | undefined;
  for (let at = HEADER_BYTES; at + 4 <= message.length;) {
    const name = message.readUInt16BE(at);
    const length = message.readUInt16BE(at + 2);
    if (name === ATTRIBUTE.messageIntegrity) integrityAt = at;
    attributes.set(name, message.subarray(at + 4, at + 4 + length));
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return { type: message.readUInt16BE(0), transaction: message.subarray(8, HEADER_BYTES), attributes, integrityAt };
}

/** The user name of an ICE check (RFC 8445 section 7.2.2): the receiver's fragment, a colon, the sender's. */
export function usernameOf(message: StunMessage): string | undefined {
  return message.attributes.get(ATTRIBUTE.username)?.toString();
}

function encode(type: number, transaction: Buffer, attributes: Buffer[], key: Buffer | undefined): Buffer {
  const body = Buffer.concat(attributes);
  const header = Buffer.alloc(8);
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(body.length, 2);
  header.writeUInt32BE(COOKIE, 4);
  const message = Buffer.concat([header, transaction, body]);
  if (key === undefined) return message;
  const signed = Buffer.concat([message, tlv(ATTRIBUTE.messageIntegrity, integrityOf(message, key))]);
  signed.writeUInt16BE(signed.length - HEADER_BYTES, 2);
  return signed;
}

/** RFC 8489 section 14.5: the length in the header counts the integrity itself. */
function integrityOf(message: Buffer, key: Buffer): Buffer {
  const counted = Buffer.from(message);
  counted.writeUInt16BE(message.length - HEADER_BYTES + INTEGRITY_BYTES, 2);
  return createHmac('sha1', key).update(counted).digest();
}

function tlv(name: number, value: Buffer): Buffer {
  const padded = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  padded.writeUInt16BE(name, 0);
  padded.writeUInt16BE(value.length, 2);
  value.copy(padded, 4);
  return padded;
}

function xorAddress(name: number, ipv4: string, port: number): Buffer {
  const value = Buffer.alloc(8);
  value.writeUInt8(1, 1);
  value.writeUInt16BE(port ^ (COOKIE >>> 16), 2);
  const address = Buffer.from(ipv4.split('.').map(Number)).readUInt32BE();
  value.writeUInt32BE((address ^ COOKIE) >>> 0, 4);
  return tlv(name, value);
}
