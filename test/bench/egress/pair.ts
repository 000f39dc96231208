import { setTimeout as delay } from 'node:timers/promises';
import { RTCPeerConnection, RTCRtpCodecParameters, type PeerConfig, type RTCDtlsTransport } from 'werift';
import type { SrtpProfile } from '../../../src/peer/egress/transport.ts';

/* One side of a connection on werift as it is, on loopback: who sends and who receives are connected by the same. */

export const PAYLOAD_TYPE = 102;
const PROFILE_IDS: Readonly<Record<SrtpProfile, number>> = { AEAD_AES_128_GCM: 0x0007, AES_CM_128_HMAC_SHA1_80: 0x0001 };
const CONNECT_MS = 30_000;

export function makeConnection(): RTCPeerConnection {
  const video = new RTCRtpCodecParameters({ mimeType: 'video/H264', clockRate: 90_000, payloadType: PAYLOAD_TYPE });
  const config: Partial<PeerConfig> = {
    iceServers: [],
    // With both families off werift gathers no address of the machine, and this one instead; the interface address binds it there.
    iceUseIpv4: false,
    iceUseIpv6: false,
    iceAdditionalHostAddresses: ['127.0.0.1'],
    iceInterfaceAddresses: { udp4: '127.0.0.1' },
    codecs: { video: [video], audio: [] },
    bundlePolicy: 'max-bundle',
  };
  return new RTCPeerConnection(config);
}

/** To be done as soon as there is a description, before it gathers. */
export function prepare(connection: RTCPeerConnection, profile: SrtpProfile): void {
  const transport = transportOf(connection);
  // Where none is given werift asks Google's STUN server.
  delete transport.iceTransport.connection.stunServer;
  const { srtpProfiles } = transport as unknown as { srtpProfiles: number[] };
  srtpProfiles.splice(0, srtpProfiles.length, PROFILE_IDS[profile]);
}

export function transportOf({ dtlsTransports: [transport] }: RTCPeerConnection): RTCDtlsTransport {
  if (transport === undefined) throw new Error('there is no transport yet');
  return transport;
}

export async function connected(connection: RTCPeerConnection): Promise<void> {
  const endAt = performance.now() + CONNECT_MS;
  while (transportOf(connection).state !== 'connected') {
    if (performance.now() > endAt) throw new Error(`a viewer was not connected within ${CONNECT_MS / 1000} s`);
    await delay(10);
  }
}
