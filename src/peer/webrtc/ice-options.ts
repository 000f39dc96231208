import { isIP } from 'node:net';
import type { CandidatePair, PeerConfig, RTCPeerConnection } from 'werift';
import type { IceCandidate, IceServer } from '../../base/ice.ts';
import type { IceSettings } from '../../plane/messages.ts';

const LOOPBACK = '127.0.0.1';

/** The part of werift's configuration that says where ICE may listen, send and ask. */
export function iceConfiguration(settings: IceSettings, iceServers: readonly IceServer[]): Partial<PeerConfig> {
  const configuration: Partial<PeerConfig> = {
    iceServers: [...settings.iceServers, ...iceServers].flatMap(({ urls, ...credentials }) =>
      urls.map((url) => ({ urls: url, ...credentials })),
    ),
  };
  if (settings.udpPorts !== undefined) configuration.icePortRange = [settings.udpPorts.first, settings.udpPorts.last];
  if (settings.loopbackOnly) {
    // With both families off werift gathers no address of the machine, and this one instead; the interface address binds it there.
    configuration.iceUseIpv4 = false;
    configuration.iceUseIpv6 = false;
    configuration.iceAdditionalHostAddresses = [LOOPBACK];
    configuration.iceInterfaceAddresses = { udp4: LOOPBACK };
    configuration.iceFilterCandidatePair = (pair: CandidatePair) => pair.localCandidate.host === LOOPBACK;
  }
  return configuration;
}

/**
 * werift asks a public STUN server where it finds none in its list, be the list empty, without STUN or malformed. Only what is in the list is
 * asked: to be called before candidates are gathered.
 */
export function askOnlyListedServers({ iceTransports, config }: RTCPeerConnection): void {
  for (const { connection } of iceTransports) {
    const [host] = connection.stunServer ?? [];
    if (host !== undefined && !config.iceServers.some(({ urls }) => urls.includes(host))) delete connection.stunServer;
  }
}

/** True for a candidate that needs a look-up by multicast DNS: the demo, which stays on loopback, does without. */
export function isMulticastName(candidate: IceCandidate): boolean {
  return addressOf(candidate)?.endsWith('.local') === true;
}

/**
 * What is announced for a local candidate: itself, or, where `advertise` names the addresses of a 1:1 NAT, for a host candidate (UDP) one for
 * each of them that is of its family, in its place. A family of which none is named is not reachable from outside: nothing is announced.
 */
export function announced(candidate: IceCandidate, advertise: readonly string[]): IceCandidate[] {
  const fields = candidate.candidate.split(' ');
  const isUdpHost = candidate.candidate.includes(' typ host') && fields[2]?.toLowerCase() === 'udp';
  if (advertise.length === 0 || !isUdpHost) return [candidate];
  const family = isIP(addressOf(candidate) ?? '');
  return advertise
    .filter((address) => isIP(address) === family)
    .map((address, index) => ({
      ...candidate,
      candidate: fields.map((field, at) => (at === 0 ? `${field}${index}` : at === 4 ? address : field)).join(' '),
    }));
}

/** RFC 8839 section 5.1: foundation, component, transport, priority, address, port. */
function addressOf(candidate: IceCandidate): string | undefined {
  return candidate.candidate.split(' ')[4]?.toLowerCase();
}
