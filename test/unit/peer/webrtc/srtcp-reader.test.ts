import { SrtcpSession, type RTCDtlsTransport } from 'werift';
import { describe, expect, it } from 'vitest';
import { encodeReceiverReport } from '../../../../src/media/rtp/rtcp.ts';
import { SrtcpReader } from '../../../../src/peer/webrtc/srtcp-reader.ts';
import { hex } from '../../media/rtp-bytes.ts';

/** As werift has derived it; of GCM with two bytes more than it has. */
interface Context {
  profile: number;
  srtcpSessionKey: Buffer;
  srtcpSessionSalt: Buffer;
  srtcpSessionAuthTag: Buffer;
}

function readerOf(remoteContext: Partial<Context>): SrtcpReader {
  return new SrtcpReader({ srtcp: { remoteContext } } as unknown as RTCDtlsTransport);
}

describe('AEAD_AES_128_GCM, RFC 7714 section 17', () => {
  const reader = (): SrtcpReader =>
    readerOf({
      profile: 0x0007,
      srtcpSessionKey: hex('000102030405060708090a0b0c0d0e0f'),
      srtcpSessionSalt: hex('517569642070726f2071756f ffff'),
      srtcpSessionAuthTag: Buffer.alloc(20),
    });
  const clear = hex(
    '81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef deadbeef',
  );

  it('opens a packet that is encrypted (17.1)', () => {
    const encrypted = hex(
      '81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4',
    );
    expect(reader().open(encrypted)).toEqual(clear);
  });

  it('opens one that is only authenticated (17.3)', () => {
    const tagged = hex(
      '81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef deadbeef 841dd968 3dd78ec9 2ae58790 125f62b3 000005d4',
    );
    expect(reader().open(tagged)).toEqual(clear);
  });
});

describe.each([
  ['AEAD_AES_128_GCM', 0x0007, 12],
  ['AES_CM_128_HMAC_SHA1_80', 0x0001, 14],
] as const)('what werift protects, %s', (_, profile, saltBytes) => {
  const [key, salt] = [Buffer.alloc(16, 1), Buffer.from('salt of a viewer').subarray(0, saltBytes)];
  const keys = { localMasterKey: key, localMasterSalt: salt, remoteMasterKey: key, remoteMasterSalt: salt };
  const sessionOf = (): SrtcpSession => new SrtcpSession({ keys, profile });
  const reportOf = (ssrc: number, blocks: number): Buffer => {
    const none = { fractionLost: 0, cumulativeLost: 0, jitter: 0, lastSenderReport: 0, delaySinceLastSenderReport: 0 };
    const report = { ...none, ssrc: 7, extendedHighestSequence: 8 };
    return encodeReceiverReport(
      ssrc,
      Array.from({ length: blocks }, () => report),
      'viewer',
    );
  };

  it('is opened packet by packet, of any source and length, and in any order', () => {
    const [session, reader] = [sessionOf(), readerOf(sessionOf().remoteContext)];
    const packets = Array.from({ length: 20 }, (_each, index) => reportOf(0xffff_ff00 + (index % 3), index));
    const datagrams = packets.map((packet) => session.encrypt(packet));
    for (const [index, datagram] of [...datagrams.entries()].toReversed()) expect(reader.open(datagram)).toEqual(packets[index]);
  });

  it('is opened up to the highest index', () => {
    const [session, reader] = [sessionOf(), readerOf(sessionOf().remoteContext)];
    const packet = reportOf(0x8000_0001, 1);
    for (const index of [2 ** 16, 2 ** 30 + 1, 2 ** 31 - 1])
      expect(reader.open(session.localContext.cipher.encryptRTCP(packet, index))).toEqual(packet);
  });

  it('is opened once, and not where it is late by more than what is remembered', () => {
    const [session, reader] = [sessionOf(), readerOf(sessionOf().remoteContext)];
    const packet = reportOf(5, 1);
    const at = (index: number, of = packet): Buffer | undefined =>
      reader.open(Buffer.from(session.localContext.cipher.encryptRTCP(of, index)));
    expect([at(1000), at(1000)]).toEqual([packet, undefined]);
    expect([at(873), at(873), at(872)]).toEqual([packet, undefined, undefined]);
    // The same place in the window, and what was there is too old by now.
    expect([at(1128), at(1000), at(1001)]).toEqual([packet, undefined, packet]);
    // Another source counts by itself; of many only the newest are remembered.
    const others = Array.from({ length: 16 }, (_each, source) => reportOf(100 + source, 1));
    for (const other of others) expect([at(1128, other), at(1128, other)]).toEqual([other, undefined]);
    expect(at(1128)).toEqual(packet);
  });

  it('is nothing where a bit of it is another one, or it is too short, and is left as it is', () => {
    const [session, reader] = [sessionOf(), readerOf(sessionOf().remoteContext)];
    const datagram = session.encrypt(reportOf(5, 1));
    for (let at = 0; at < datagram.length; at += 1) {
      const forged = Buffer.from(datagram);
      forged[at] = (forged[at] ?? 0) ^ 0x80;
      const before = Buffer.from(forged);
      expect(reader.open(forged)).toBeUndefined();
      expect(forged).toEqual(before);
      expect(reader.open(Buffer.from(datagram.subarray(0, at)))).toBeUndefined();
    }
    expect(reader.open(datagram)).toBeDefined();
  });
});
