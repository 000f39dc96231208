import { randomUUID } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { delay } from '../../base/delay.ts';
import { GatewayError } from '../../base/errors.ts';
import { printable } from '../printable.ts';
import { buildProbe, parseProbeMatches, type ProbeMatch, type ProbeType } from './probe-message.ts';

/** WS-Discovery's multicast group and port for IPv4 (WS-Discovery section 2.4). */
const GROUP = '239.255.255.250';
const PORT = 3702;

const PROBE_TYPES: readonly ProbeType[] = ['dn:NetworkVideoTransmitter', 'tds:Device'];

/** Devices kept of one search; a forger of answers gets no more memory than this. */
const MAX_DEVICES = 4096;

export interface DiscoverOptions {
  /** Local IPv4 addresses; the search goes out of the interface that has each, and of no other. */
  interfaces: readonly string[];
  /** How long answers are waited for after the first probe, milliseconds. */
  timeoutMs: number;
  /** How often the probes are sent, spread over the first half of the time: UDP loses some. Default 3. */
  repeat?: number;
  /** UDP port that is probed; default 3702. */
  port?: number;
  /** Ends the search early; what was found until then is the result. */
  signal?: AbortSignal;
  /** Called at a device's first answer. */
  onFound?: (device: DiscoveredDevice) => void;
}

/** One device by its endpoint reference; lists are the union of all its answers. */
export interface DiscoveredDevice extends ProbeMatch {
  /** From the scopes `onvif://www.onvif.org/name/...` and so on; null where there is none. */
  name: string | null;
  hardware: string | null;
  location: string | null;
  /** The address that the (first) answer came from. */
  from: string;
}

export interface DiscoveryResult {
  devices: DiscoveredDevice[];
  /** Datagrams that were no answer to our probes. */
  ignored: number;
}

/**
 * Searches for ONVIF devices by WS-Discovery. A client only: it joins no group and answers nobody. Throws
 * `discovery.failed` where not one of the interfaces can send.
 */
export async function discover(options: DiscoverOptions): Promise<DiscoveryResult> {
  const { timeoutMs, repeat = 3, port = PORT, signal, onFound } = options;
  const messageIds = new Set<string>();
  const devices = new Map<string, DiscoveredDevice>();
  let ignored = 0;
  const onDatagram = (datagram: Buffer, remote: RemoteInfo): void => {
    const answer = parseProbeMatches(datagram);
    if (answer === undefined || !messageIds.has(answer.relatesTo)) {
      ignored += 1;
      return;
    }
    for (const match of answer.matches) {
      const found = merge(devices, match, remote.address);
      if (found !== undefined) onFound?.(found);
    }
  };

  const sockets = await openSockets(options.interfaces, onDatagram);
  const sendProbes = (): void => {
    for (const type of PROBE_TYPES) {
      // A fresh id for each: devices leave out what they have seen.
      const messageId = `urn:uuid:${randomUUID()}`;
      messageIds.add(messageId);
      const probe = buildProbe(type, messageId);
      // An interface that just went down loses its probe; the others go on.
      for (const socket of sockets) socket.send(probe, port, GROUP, () => undefined);
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
    for (const socket of sockets) socket.close();
  }
  return { devices: [...devices.values()], ignored };
}

async function openSockets(
  addresses: readonly string[],
  onDatagram: (datagram: Buffer, remote: RemoteInfo) => void,
): Promise<Socket[]> {
  const results = await Promise.allSettled(addresses.map((address) => openSocket(address, onDatagram)));
  const sockets = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  if (sockets.length > 0) return sockets;
  throw new GatewayError('discovery.failed', `Cameras cannot be searched for from ${addresses.join(', ') || 'no address'}.`, {
    advice: 'Name a local IPv4 address of the network that the cameras are in.',
    cause: results.find((result) => result.status === 'rejected')?.reason,
  });
}

/** A socket bound to one local address, so that probes leave by it and only unicast answers to it come in. */
async function openSocket(address: string, onDatagram: (datagram: Buffer, remote: RemoteInfo) => void): Promise<Socket> {
  const socket = createSocket('udp4');
  const bound = Promise.withResolvers<void>();
  socket.once('error', bound.reject);
  socket.bind({ address, port: 0, exclusive: true }, bound.resolve);
  try {
    await bound.promise;
    socket.setMulticastInterface(address);
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.off('error', bound.reject);
  // What goes wrong later (ICMP errors, interface down) is one lost answer.
  socket.on('error', () => undefined);
  socket.on('message', onDatagram);
  return socket;
}

/** Adds a match; returns the device where it was not known. */
function merge(devices: Map<string, DiscoveredDevice>, match: ProbeMatch, from: string): DiscoveredDevice | undefined {
  const known = devices.get(match.endpointReference);
  if (known === undefined && devices.size >= MAX_DEVICES) return undefined;
  const merged: ProbeMatch = {
    endpointReference: match.endpointReference,
    xaddrs: union(known?.xaddrs, match.xaddrs),
    types: union(known?.types, match.types),
    scopes: union(known?.scopes, match.scopes),
  };
  const device: DiscoveredDevice = { ...merged, ...namesOf(merged.scopes), from: known?.from ?? from };
  devices.set(match.endpointReference, device);
  return known === undefined ? device : undefined;
}

/** Most entries of a merged list; one answer alone is bounded already. */
const MAX_UNION = 128;

function union(known: readonly string[] | undefined, added: readonly string[]): string[] {
  return [...new Set([...(known ?? []), ...added])].slice(0, MAX_UNION);
}

function namesOf(scopes: readonly string[]): Pick<DiscoveredDevice, 'name' | 'hardware' | 'location'> {
  return { name: scopeValue(scopes, 'name'), hardware: scopeValue(scopes, 'hardware'), location: scopeValue(scopes, 'location') };
}

/** `onvif://www.onvif.org/name/Front%20door` -> `Front door` (ONVIF Core 7.3.3.2). */
function scopeValue(scopes: readonly string[], category: string): string | null {
  const prefix = `onvif://www.onvif.org/${category}/`;
  const scope = scopes.find((candidate) => candidate.toLowerCase().startsWith(prefix) && candidate.length > prefix.length);
  if (scope === undefined) return null;
  const value = scope.slice(prefix.length);
  try {
    return printable(decodeURIComponent(value));
  } catch {
    return printable(value);
  }
}
