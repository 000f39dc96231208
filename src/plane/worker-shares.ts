import type { AdvertisedAddress, MediaSettings } from './messages.ts';

/**
 * What each worker is told. The UDP ports are split, so that no two workers try for the same ones; each gets as many as one camera may have viewers,
 * which makes it fewer workers where there are too few ports.
 *
 * @param workers at least 1
 * @returns one for each worker that there can be, at least one
 */
export function workerShares(settings: MediaSettings, workers: number): MediaSettings[] {
  const { udpPorts } = settings.ice;
  if (udpPorts === undefined) return Array.from({ length: workers }, () => settings);
  const { first, last } = udpPorts;
  const ports = last - first + 1;
  const count = Math.max(1, Math.min(workers, Math.floor(ports / portsNeeded(settings))));
  const start = (worker: number): number => first + Math.floor((worker * ports) / count);
  return Array.from({ length: count }, (_, worker) => {
    const from = start(worker);
    const advertise = settings.ice.advertise.map((address) => follow(address, from - first));
    return { ...settings, ice: { ...settings.ice, udpPorts: { first: from, last: start(worker + 1) - 1 }, advertise } };
  });
}

/** What to say where there are fewer workers than wanted. */
export function tooFewPorts(settings: MediaSettings, wanted: number, workers: number): string {
  const needed = portsNeeded(settings);
  return (
    `The media plane has ${workers} of ${wanted} workers: each needs ${needed} of webrtc.udp_ports, as many as one camera may have viewers. ` +
    `For all of them write a range of ${needed * wanted} ports, or lower media.max_sessions_per_camera.`
  );
}

/** UDP ports that a worker must have. */
function portsNeeded({ maxSessions, maxSessionsPerCamera }: MediaSettings): number {
  return Math.min(maxSessions, maxSessionsPerCamera);
}

/** Ports of a NAT follow ours one by one. */
function follow(address: AdvertisedAddress, by: number): AdvertisedAddress {
  return address.firstPort === undefined ? address : { ...address, firstPort: address.firstPort + by };
}
