import { RtpHeader, SrtpSession, type RTCDtlsTransport } from 'werift';
import { describe, expect, it } from 'vitest';
import { SrtpReader } from '../../../../../src/peer/webrtc/headless/srtp-reader.ts';

const PAYLOAD = Buffer.from('what the camera saw');

describe.each([
  ['AEAD_AES_128_GCM', 0x0007, 12],
  ['AES_CM_128_HMAC_SHA1_80', 0x0001, 14],
] as const)('a reader of SRTP, %s', (_, profile, saltBytes) => {
  const master = (value: number): { key: Buffer; salt: Buffer } => ({
    key: Buffer.alloc(16, value),
    salt: Buffer.alloc(saltBytes, value + 8),
  });
  const session = (local: ReturnType<typeof master>, remote: ReturnType<typeof master>): SrtpSession => {
    const { key: localMasterKey, salt: localMasterSalt } = local;
    const { key: remoteMasterKey, salt: remoteMasterSalt } = remote;
    return new SrtpSession({ keys: { localMasterKey, localMasterSalt, remoteMasterKey, remoteMasterSalt }, profile });
  };
  const header = (sequenceNumber: number): RtpHeader =>
    new RtpHeader({ payloadType: 102, sequenceNumber, timestamp: 9, ssrc: 0xdead_beef, csrc: [1, 2], csrcLength: 2 });
  const sender = session(master(1), master(2));
  const reader = new SrtpReader({ srtp: session(master(2), master(1)) } as RTCDtlsTransport);

  it('opens what werift protected, also when the sequence numbers began anew', () => {
    for (const [sequenceNumber, index] of [
      [65_535, 65_535],
      [0, 65_536],
    ] as const) {
      const clear = Buffer.concat([header(sequenceNumber).serialize(header(sequenceNumber).serializeSize), PAYLOAD]);
      expect(reader.open(sender.encrypt(PAYLOAD, header(sequenceNumber)), index).equals(clear)).toBe(true);
    }
  });

  it('opens nothing that is changed, cut, or of another index', () => {
    const datagram = sender.encrypt(PAYLOAD, header(1));
    const opens = (bytes: Buffer, index = 65_537): boolean => {
      try {
        return reader.open(bytes, index).length > 0;
      } catch {
        return false;
      }
    };
    expect([opens(datagram), opens(datagram, 1)]).toEqual([true, false]);
    for (let length = 0; length < datagram.length; length += 1)
      expect(opens(datagram.subarray(0, length)), `${length} bytes`).toBe(false);
    for (let at = 0; at < datagram.length; at += 1) {
      const changed = Buffer.from(datagram);
      changed[at] = (changed[at] ?? 0) ^ 0x40;
      expect(opens(changed), `byte ${at}`).toBe(false);
    }
  });
});
