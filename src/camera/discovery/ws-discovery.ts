import type { Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { delay } from '../../base/delay.ts';
import { GatewayError } from '../../base/errors.ts';
import type { DiscoveredDevice } from './device-list.ts';
import { multicastEndpoints, PORT, type MulticastEndpoint } from './interfaces.ts';
import type { ProbeType } from './message.ts';
import { Search, type DiscoveryResult } from './search.ts';
import { openSocket, type OnDatagram } from './socket.ts';

const PROBE_TYPES: readonly ProbeType[] = ['dn:NetworkVideoTransmitter', 'tds:Device'];

/** UDP loses some; the second of a pair also finds those whose address was not resolved in time for the first. */
const MULTICAST_REPEAT = 3;
const UNICAST_REPEAT = 2;

/** Unicast probes, 10 every 50 ms: 200 a second, about 1 Mbit/s, and fewer unresolved neighbours than Linux keeps (1024). */
const BURST = 10;
const BURST_INTERVAL_MS = 50;

interface SearchOptions {
  /** UDP port that is probed; default 3702. */
  port?: number;
  /** Ends the search early; what was found until then is the result. */
  signal?: AbortSignal;
  /** Called at a device's first answer. */
  onFound?: (device: DiscoveredDevice) => void;
}

export interface DiscoverOptions extends SearchOptions {
  /** Names or local addresses of interfaces; the search goes out of these and of no other. Absent: all that are up. */
  interfaces?: readonly string[];
  /** How long answers are waited for after the first probe, milliseconds. */
  timeoutMs: number;
  /** How often the probes are sent, spread over the first half of the time. Default 3. */
  repeat?: number;
}

/**
 * Searches the links of this machine for ONVIF devices by multicast. A client only: it joins no group and answers nobody.
 * Throws `usage.interface` for an interface that is not there, `discovery.failed` where none can send.
 */
export async function discover(options: DiscoverOptions): Promise<DiscoveryResult> {
  const { timeoutMs, repeat = MULTICAST_REPEAT, port = PORT, signal } = options;
  const search = new Search(options.onFound);
  const senders = await openSenders(multicastEndpoints(options.interfaces), (...received) => search.receive(...received));
  const sendProbes = (): void => {
    for (const type of PROBE_TYPES) {
      const probe = search.probe(type);
      for (const { socket, group } of senders) search.send(socket, probe, port, group);
    }
  };
  const repetitions = Array.from({ length: Math.max(0, repeat - 1) }, (_, index) =>
    setTimeout(sendProbes, ((index + 1) * timeoutMs) / (2 * repeat)),
  );
  try {
    sendProbes();
    await delay(timeoutMs, signal);
  } finally {
    for (const timer of repetitions) clearTimeout(timer);
    for (const { socket } of senders) socket.close();
  }
  return search.result();
}

export interface ProbeAddressesOptions extends SearchOptions {
  /** How long answers are waited for after the last probe, milliseconds. */
  timeoutMs: number;
  /** Called as probes are sent: so many of so many packets. */
  onProgress?: (sent: number, total: number) => void;
}

/**
 * Asks each address for itself, for networks behind a router where multicast does not get; twice for each type of device, 200
 * packets a second. Throws `discovery.failed` where nothing can be sent.
 *
 * @param addresses IPv4 and IPv6 addresses, see `expandTargets`.
 */
export async function probeAddresses(addresses: readonly string[], options: ProbeAddressesOptions): Promise<DiscoveryResult> {
  const { timeoutMs, port = PORT, signal, onFound, onProgress } = options;
  const search = new Search(onFound);
  const onDatagram: OnDatagram = (...received) => search.receive(...received);
  const total = addresses.length * PROBE_TYPES.length * UNICAST_REPEAT;
  const sockets: Socket[] = [];
  try {
    const ipv4 = await openSocket({ type: 'udp4' }, { address: '0.0.0.0', port: 0 }, onDatagram);
    sockets.push(ipv4);
    let ipv6 = ipv4;
    if (addresses.some(isIPv6)) {
      ipv6 = await openSocket({ type: 'udp6', ipv6Only: true }, { address: '::', port: 0 }, onDatagram);
      sockets.push(ipv6);
    }
    let sent = 0;
    for (const type of Array.from({ length: UNICAST_REPEAT }, () => PROBE_TYPES).flat()) {
      const probe = search.probe(type);
      for (const address of addresses) {
        if (signal?.aborted === true) break;
        search.send(isIPv6(address) ? ipv6 : ipv4, probe, port, address);
        sent += 1;
        if (sent % BURST !== 0 && sent !== total) continue;
        onProgress?.(sent, total);
        await delay(BURST_INTERVAL_MS, signal);
      }
    }
    await delay(timeoutMs, signal);
  } finally {
    for (const socket of sockets) socket.close();
  }
  return search.result();
}

interface Sender {
  socket: Socket;
  group: string;
}

/** Sockets on those of the endpoints that can be had: an interface may go down in the meantime. */
async function openSenders(endpoints: readonly MulticastEndpoint[], onDatagram: OnDatagram): Promise<Sender[]> {
  const results = await Promise.allSettled(endpoints.map((endpoint) => openSender(endpoint, onDatagram)));
  const senders = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  if (senders.length > 0) return senders;
  throw new GatewayError('discovery.failed', 'Cameras cannot be searched for: no interface can be used.', {
    advice: 'Check that the network of the cameras is up and that this machine has an address in it.',
    cause: results.find((result) => result.status === 'rejected')?.reason,
  });
}

/** Bound to one local address, so that probes leave by its interface and only unicast answers to it come in. */
async function openSender({ family, interfaceName, address, group }: MulticastEndpoint, onDatagram: OnDatagram): Promise<Sender> {
  const socket = await openSocket({ type: family === 'IPv4' ? 'udp4' : 'udp6' }, { address, port: 0 }, onDatagram);
  try {
    socket.setMulticastInterface(family === 'IPv4' ? address : `::%${interfaceName}`);
  } catch (error) {
    socket.close();
    throw error;
  }
  return { socket, group };
}
