import { describe, expect, it } from 'vitest';
import type { SrtpEgressFactory } from '../../../../src/peer/egress/srtp.ts';
import type { EgressTransport, SrtpKeys } from '../../../../src/peer/egress/transport.ts';
import { hex } from '../../media/rtp-bytes.ts';

/* What every implementation of SrtpEgress must do. */

const NONE = Buffer.alloc(0);
/** Session keys of RFC 7714 section 16. */
const GCM: SrtpKeys = {
  profile: 'AEAD_AES_128_GCM',
  key: hex('000102030405060708090a0b0c0d0e0f'),
  salt: hex('517569642070726f2071756f'),
  authenticationKey: NONE,
};
/** Session keys of RFC 3711 appendix B.3, for the master key that libsrtp's self-test has. */
const HMAC: SrtpKeys = {
  profile: 'AES_CM_128_HMAC_SHA1_80',
  key: hex('c61e7a93744f39ee10734afe3ff7a087'),
  salt: hex('30cbbc08863d8c85d49db34a9ae1'),
  authenticationKey: hex('cebe321f6ff7716b6fd4ab49af256a156d38baa4'),
};
/** Of RFC 3711 appendix B.2; any key authenticates. */
const KEYSTREAM: SrtpKeys = { ...HMAC, key: hex('2b7e151628aed2a6abf7158809cf4f3c'), salt: hex('f0f1f2f3f4f5f6f7f8f9fafbfcfd') };

/** Gives the same dirty memory for all datagrams, as a path over UDP does, and keeps copies of what is sent. */
class SharedMemory implements EgressTransport {
  readonly keys: SrtpKeys;
  readonly backlog = 0;
  readonly sent: Buffer[] = [];
  isClosed = false;
  readonly #memory = Buffer.alloc(4096, 0xee);

  constructor(keys: SrtpKeys) {
    this.keys = keys;
  }

  datagram(length: number): Buffer {
    return this.#memory.subarray(0, length);
  }

  send(datagram: Buffer): boolean {
    if (!this.isClosed) this.sent.push(Buffer.from(datagram));
    return !this.isClosed;
  }

  cork(): void {}

  uncork(): void {}

  sendRtcp(): void {
    throw new Error('no RTCP goes this way');
  }
}

interface Vector {
  name: string;
  keys: SrtpKeys;
  header: string;
  payload: Buffer;
  ssrc: number;
  /** Roll-over counter and sequence number. */
  index: number;
  /** What is sent behind the header. */
  protected: string;
}

const VECTORS: readonly Vector[] = [
  {
    name: 'the packet of RFC 7714 section 16.1.1',
    ...{ keys: GCM, header: '8040f17b 8041f8d3 5501a0b2', ssrc: 0x5501a0b2, index: 0xf17b },
    payload: Buffer.from('Gallia est omnis divisa in partes tres'),
    protected: `f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf 8833
                899d7f27 beb16a91 52cf765e e4390cce`,
  },
  {
    name: 'GCM with a roll-over counter above 2^31, and a header extension (made with Python cryptography)',
    ...{ keys: GCM, header: '900f0001 decafbad cafebabe bede0001 10300000', ssrc: 0xcafebabe, index: 0x8000_0001 * 2 ** 16 + 1 },
    payload: Buffer.alloc(20, 0xab),
    protected: '792a94a1c0c854e1934f15175e80085d8adb59ea 2391983b8e010599f4be79e44e7e26d6',
  },
  {
    name: 'a whole packet of AES-CM as in the self-test of libsrtp, by the keys of RFC 3711 appendix B.3',
    ...{ keys: HMAC, header: '800f1234 decafbad cafebabe', ssrc: 0xcafebabe, index: 0x1234 },
    payload: Buffer.alloc(16, 0xab),
    protected: '4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb',
  },
  {
    name: 'AES-CM behind the wrap of sequence numbers, with a header extension (made with Python cryptography)',
    ...{ keys: HMAC, header: '900f0001 decafbad cafebabe bede0001 10300000', ssrc: 0xcafebabe, index: 0x1_0001 },
    payload: Buffer.alloc(20, 0xab),
    protected: 'b6f1f0a458a238ac3d2f55ac6566b25c79ec769a 29ab045c95a07f9667cc',
  },
];

/** @param create makes one as the product would */
export function describeSrtpEgress(name: string, create: SrtpEgressFactory): void {
  describe(`${name} as SrtpEgress`, () => {
    it.each(VECTORS)('protects $name', ({ keys, header, payload, ssrc, index, protected: rest }) => {
      const transport = new SharedMemory(keys);
      const egress = create(transport);
      expect(egress.send(hex(header), payload, ssrc, index)).toBe(true);
      expect(transport.sent).toEqual([Buffer.concat([hex(header), hex(rest)])]);
      expect(hex(rest).length - payload.length).toBe(egress.tagLength);
    });

    it('has the keystream of RFC 3711 appendix B.2', () => {
      const transport = new SharedMemory(KEYSTREAM);
      create(transport).send(hex('80000000 00000000 00000000'), Buffer.alloc(48), 0, 0);
      expect(transport.sent[0]?.subarray(12, -10)).toEqual(
        hex('e03ead0935c95e80e166b16dd92b4eb4 d23513162b02d0f72a43a2fe4a5f97ab 41e95b3bb0a2e8dd477901e4fca894c0'),
      );
    });

    describe.each([GCM, HMAC])('$profile', (keys) => {
      it('keeps nothing of a packet for the next: neither order nor repetition changes what is sent', () => {
        const transport = new SharedMemory(keys);
        const egress = create(transport);
        const indices = [65_535, 65_536, 1, 65_535, 2 ** 47, 65_536, 1];
        for (const [at, index] of indices.entries()) {
          expect(egress.send(header(index), Buffer.alloc(at % 2 === 0 ? 1150 : 3, 9), 7, index)).toBe(true);
        }
        const alone = indices.map((index, at) => {
          const other = new SharedMemory(keys);
          create(other).send(header(index), Buffer.alloc(at % 2 === 0 ? 1150 : 3, 9), 7, index);
          return other.sent[0];
        });
        expect(transport.sent).toEqual(alone);
        // Two of them stand there twice with the same payload.
        expect(new Set(transport.sent.map((datagram) => datagram.toString('hex'))).size).toBe(5);
      });

      it('takes a header that is used again at once, writes to nothing that it is given, and keeps nothing of it', () => {
        const transport = new SharedMemory(keys);
        const egress = create(transport);
        const [shared, payload] = [header(1), Buffer.alloc(100, 9)];
        const given = [shared, payload, keys.key, keys.salt, keys.authenticationKey];
        const before = given.map((bytes) => Buffer.from(bytes));
        egress.send(shared, payload, 7, 1);
        expect(given).toEqual(before);
        const [first] = transport.sent;
        shared.fill(0);
        payload.fill(0);
        header(1).copy(shared);
        egress.send(shared, Buffer.alloc(100, 9), 7, 1);
        expect(transport.sent[1]).toEqual(first);
      });

      it('says that a packet was not sent where the path does not take it, and sends the next one', () => {
        const transport = new SharedMemory(keys);
        const egress = create(transport);
        transport.isClosed = true;
        expect(egress.send(header(1), Buffer.alloc(10), 7, 1)).toBe(false);
        transport.isClosed = false;
        expect(egress.send(header(2), Buffer.alloc(10), 7, 2)).toBe(true);
        expect(transport.sent.map((datagram) => datagram.readUInt16BE(2))).toEqual([2]);
      });

      it.each([0, 1, 15, 16, 17, 1400])('is longer than a payload of %i bytes by header and tag', (length) => {
        const transport = new SharedMemory(keys);
        const egress = create(transport);
        egress.send(header(1), Buffer.alloc(length), 7, 1);
        expect(transport.sent[0]).toHaveLength(12 + length + egress.tagLength);
      });
    });
  });
}

/** Of SSRC 7. */
function header(index: number): Buffer {
  const bytes = hex('80600000 00000001 00000007');
  bytes.writeUInt16BE(index % 2 ** 16, 2);
  return bytes;
}
