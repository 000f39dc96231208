import { KeyObject } from 'node:crypto';
import { SrtcpSession, SrtpSession, type RTCDtlsTransport } from 'werift';
import { describe, expect, it } from 'vitest';
import type { RtcpMessage } from '../../../../src/media/rtp/rtcp.ts';
import { prepareKeys } from '../../../../src/peer/webrtc/prepared-keys.ts';
import { receiveRtcp } from '../../../../src/peer/webrtc/received-rtcp.ts';
import { hex } from '../../media/rtp-bytes.ts';

const PROFILES = [
  ['AEAD_AES_128_GCM', 0x0007, 12],
  ['AES_CM_128_HMAC_SHA1_80', 0x0001, 14],
] as const;
/** PLI of 0x11111111 on 0x22222222 (RFC 4585 section 6.3.1). */
const PICTURE_LOSS = hex('81ce0002 11111111 22222222');

/** What werift has once DTLS is done, for each of two sides. */
function connected(profile: 0x0007 | 0x0001, saltBytes: number): [RTCDtlsTransport, RTCDtlsTransport] {
  const [one, other] = [1, 2].map((value) => ({ key: Buffer.alloc(16, value), salt: Buffer.alloc(saltBytes, value + 8) }));
  const side = (local: typeof one, remote: typeof one): RTCDtlsTransport => {
    if (local === undefined || remote === undefined) throw new Error('two sides');
    const keys = {
      localMasterKey: local.key,
      localMasterSalt: local.salt,
      remoteMasterKey: remote.key,
      remoteMasterSalt: remote.salt,
    };
    return { srtp: new SrtpSession({ keys, profile }), srtcp: new SrtcpSession({ keys, profile }) } as RTCDtlsTransport;
  };
  return [side(one, other), side(other, one)];
}

describe.each(PROFILES)('RTCP from a viewer, %s', (_, profile, saltBytes) => {
  it('is handed on, and werift, which would read it once more, is given nothing', () => {
    const [ours, viewers] = connected(profile, saltBytes);
    const received: RtcpMessage[] = [];
    prepareKeys(ours);
    receiveRtcp(ours, (message) => received.push(message));
    expect(ours.srtcp.decrypt(viewers.srtcp.encrypt(PICTURE_LOSS))).toHaveLength(0);
    expect(received).toEqual([{ type: 'pli', ssrc: 0x1111_1111, mediaSsrc: 0x2222_2222 }]);
  });

  it('is passed over where the viewer did not send it', () => {
    const [ours, viewers] = connected(profile, saltBytes);
    const received: RtcpMessage[] = [];
    receiveRtcp(ours, (message) => received.push(message));
    const forged = viewers.srtcp.encrypt(PICTURE_LOSS);
    forged[9] = (forged[9] ?? 0) ^ 1;
    for (const datagram of [forged, forged.subarray(0, 9), Buffer.alloc(0)]) expect(ours.srtcp.decrypt(datagram)).toHaveLength(0);
    expect(received).toEqual([]);
  });

  it('is opened, and what is sent protected, by keys that Node has prepared', () => {
    const [ours, viewers] = connected(profile, saltBytes);
    prepareKeys(ours);
    for (const { cipher } of [
      ours.srtp.localContext,
      ours.srtp.remoteContext,
      ours.srtcp.localContext,
      ours.srtcp.remoteContext,
    ]) {
      expect(cipher.srtpSessionKey).toBeInstanceOf(KeyObject);
      expect(cipher.srtcpSessionKey).toBeInstanceOf(KeyObject);
    }
    expect(viewers.srtcp.decrypt(ours.srtcp.encrypt(PICTURE_LOSS))).toEqual(PICTURE_LOSS);
    expect(ours.srtcp.decrypt(viewers.srtcp.encrypt(PICTURE_LOSS))).toEqual(PICTURE_LOSS);
  });
});
