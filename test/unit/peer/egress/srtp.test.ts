import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSrtpEgress } from '../../../../src/peer/egress/srtp.ts';
import type { SrtpKeys } from '../../../../src/peer/egress/transport.ts';
import { hex } from '../../media/rtp-bytes.ts';
import { unprotect } from './recording-transport.ts';

const NONE = Buffer.alloc(0);
/** Session keys of RFC 7714 section 16. */
const GCM: SrtpKeys = {
  profile: 'AEAD_AES_128_GCM',
  key: hex('000102030405060708090a0b0c0d0e0f'),
  salt: hex('517569642070726f2071756f'),
  authenticationKey: NONE,
};
/** Session keys of RFC 3711 appendix B.3. */
const HMAC: SrtpKeys = {
  profile: 'AES_CM_128_HMAC_SHA1_80',
  key: hex('c61e7a93744f39ee10734afe3ff7a087'),
  salt: hex('30cbbc08863d8c85d49db34a9ae1'),
  authenticationKey: hex('cebe321f6ff7716b6fd4ab49af256a156d38baa4'),
};
/** With a mid extension: `"0"` under id 1. */
const HEADER_BEHIND_WRAP = hex('900f0001 decafbad cafebabe bede0001 10300000');

describe('SRTP, AEAD_AES_128_GCM', () => {
  it('protects the packet of RFC 7714 section 16.1.1', () => {
    const payload = Buffer.from('Gallia est omnis divisa in partes tres');
    expect(createSrtpEgress(GCM).protect(hex('8040f17b 8041f8d3 5501a0b2'), payload, 0x5501a0b2, 0xf17b)).toEqual(
      hex(`8040f17b 8041f8d3 5501a0b2
           f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf 8833
           899d7f27 beb16a91 52cf765e e4390cce`),
    );
  });

  it('puts a roll-over counter of 32 bits into the nonce (vector made with Python cryptography)', () => {
    const index = 0x8000_0001 * 2 ** 16 + 1;
    expect(createSrtpEgress(GCM).protect(HEADER_BEHIND_WRAP, Buffer.alloc(20, 0xab), 0xcafebabe, index)).toEqual(
      hex(`900f0001 decafbad cafebabe bede0001 10300000
           792a94a1c0c854e1934f15175e80085d8adb59ea 2391983b8e010599f4be79e44e7e26d6`),
    );
  });

  it('keeps no state between packets, and writes to none of its arguments', () => {
    const egress = createSrtpEgress(GCM);
    const header = hex('80600001 00000001 00000001');
    const payload = Buffer.alloc(1150, 9);
    const first = egress.protect(header, payload, 1, 1);
    const copy = Buffer.from(first);
    egress.protect(hex('80600002 00000001 00000001'), Buffer.alloc(1150, 1), 1, 2);
    expect(first).toEqual(copy);
    expect(egress.protect(header, payload, 1, 1)).toEqual(first);
    expect(unprotect(first, GCM).payload).toEqual(payload);
    expect([header, payload]).toEqual([hex('80600001 00000001 00000001'), Buffer.alloc(1150, 9)]);
    expect([...GCM.salt]).toEqual([...hex('517569642070726f2071756f')]);
  });
});

describe('SRTP, AES_CM_128_HMAC_SHA1_80', () => {
  it('has the keystream of RFC 3711 appendix B.2', () => {
    const keys: SrtpKeys = {
      ...HMAC,
      key: hex('2b7e151628aed2a6abf7158809cf4f3c'),
      salt: hex('f0f1f2f3f4f5f6f7f8f9fafbfcfd'),
    };
    const header = hex('80000000 00000000 00000000');
    const datagram = createSrtpEgress(keys).protect(header, Buffer.alloc(48), 0, 0);
    expect(datagram.subarray(12, -10)).toEqual(
      hex('e03ead0935c95e80e166b16dd92b4eb4 d23513162b02d0f72a43a2fe4a5f97ab 41e95b3bb0a2e8dd477901e4fca894c0'),
    );
  });

  it('protects a whole packet as libsrtp does (the vector of its self-test)', () => {
    const header = hex('800f1234 decafbad cafebabe');
    expect(createSrtpEgress(HMAC).protect(header, Buffer.alloc(16, 0xab), 0xcafebabe, 0x1234)).toEqual(
      hex('800f1234 decafbad cafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb'),
    );
  });

  it('goes on over the wrap of sequence numbers, with extension (vector made with Python cryptography)', () => {
    expect(createSrtpEgress(HMAC).protect(HEADER_BEHIND_WRAP, Buffer.alloc(20, 0xab), 0xcafebabe, 0x1_0001)).toEqual(
      hex(`900f0001 decafbad cafebabe bede0001 10300000
           b6f1f0a458a238ac3d2f55ac6566b25c79ec769a 29ab045c95a07f9667cc`),
    );
  });

  it('matches the session keys of RFC 3711 appendix B.3 to the master key that libsrtp uses', () => {
    // The vectors above are of one key: label 0 under the master salt gives the session key (section 4.3.1).
    const iv = Buffer.concat([hex('0ec675ad498afeebb6960b3aabe6'), hex('0000')]);
    const cipher = createCipheriv('aes-128-ctr', hex('e1f97a0d3e018be0d64fa32c06de4139'), iv);
    expect(cipher.update(Buffer.alloc(16))).toEqual(HMAC.key);
  });
});
