import { lookup } from 'node:dns/promises';
import { isIP, isIPv4 } from 'node:net';
import { GatewayError, reasonOf, type Reason } from '../base/errors.ts';
import type { DiscoveredDevice } from '../camera/discovery/device-list.ts';
import { OnvifDevice } from '../camera/onvif/adapter.ts';
import type { OnvifProfile } from '../camera/onvif/profiles.ts';
import type { Credentials, OnvifAddress } from '../config/addresses.ts';
import type { KnownCamera } from '../config/known-cameras.ts';

/** What `discover --json` prints of each camera; part of what users rely on. Null: not known. */
export interface FoundCamera {
  /** Where its ONVIF device service is: `host`, or `host:port`. */
  address: string;
  name: string | null;
  manufacturer: string | null;
  model: string | null;
  firmware: string | null;
  hardware: string | null;
  serial: string | null;
  location: string | null;
  /** Its inputs; several at an encoder or NVR. */
  videoSources: VideoSource[] | null;
  credentials: 'accepted' | 'refused' | 'unknown';
  /** Why it could not be asked; null where it could, or was not tried. */
  reason: Reason | null;
  /** The id of the camera in the config that is at this address. */
  configured: string | null;
  endpointReference: string;
  /** All addresses that it answered from. */
  addresses: string[];
  xaddrs: string[];
  types: string[];
  scopes: string[];
}

export interface VideoSource {
  token: string | null;
  profiles: { token: string; name: string; codec: string | null; width: number | null; height: number | null }[];
}

/** What a camera said to somebody who logged in. */
export type Answer = Pick<
  FoundCamera,
  'manufacturer' | 'model' | 'firmware' | 'hardware' | 'serial' | 'videoSources' | 'credentials' | 'reason'
>;

/** A camera of the config and the addresses of its hosts. */
export interface ConfiguredCamera {
  id: string;
  onvif: { addresses: string[]; port: number } | null;
  rtspAddresses: string[];
}

const NOT_ASKED: Answer = {
  manufacturer: null,
  model: null,
  firmware: null,
  hardware: null,
  serial: null,
  videoSources: null,
  credentials: 'unknown',
  reason: null,
};

const DEVICE_SERVICE = '/onvif/device_service';
const ASK_TIMEOUT_MS = 5000;

export function describeFound(
  device: DiscoveredDevice,
  answer: Answer = NOT_ASKED,
  configured: readonly ConfiguredCamera[] = [],
): FoundCamera {
  const { host, port } = onvifAddressOf(device);
  const shownHost = host.includes(':') && port !== 80 ? `[${host}]` : host;
  const { endpointReference, addresses, xaddrs, types, scopes, name, location } = device;
  return {
    address: port === 80 ? shownHost : `${shownHost}:${port}`,
    name,
    ...answer,
    hardware: answer.hardware ?? device.hardware,
    location,
    configured: configured.find((camera) => isAt(device, camera))?.id ?? null,
    endpointReference,
    addresses,
    xaddrs,
    types,
    scopes,
  };
}

/**
 * Where the device service is: always at an address that the camera answered from, IPv4 before IPv6. Of what it says of itself
 * only port and path are taken: it may stand behind NAT, and nobody shall send us to a third host.
 */
export function onvifAddressOf({ addresses, xaddrs }: DiscoveredDevice): OnvifAddress {
  const host = addresses.toSorted((a, b) => rankOf(a) - rankOf(b))[0] ?? '';
  const urls = httpUrls(xaddrs);
  const url =
    urls.find((candidate) => hostOf(candidate) === host) ??
    urls.find((candidate) => addresses.includes(hostOf(candidate))) ??
    urls[0];
  if (url === undefined) return { host, port: 80 };
  const path = `${url.pathname}${url.search}`;
  return { host, port: portOf(url), ...(path === DEVICE_SERVICE || path === '/' ? {} : { path }) };
}

/** True where only an address without IPv4 is known; a better one may come with the next answer. */
export function isIpv6Only({ addresses }: DiscoveredDevice): boolean {
  return !addresses.some(isIPv4);
}

/** Logs in and reads what the camera says of itself; what goes wrong is in the answer. */
export async function askCamera(device: DiscoveredDevice, credentials: Credentials, signal: AbortSignal): Promise<Answer> {
  const { host, port, path } = onvifAddressOf(device);
  let answer = NOT_ASKED;
  let connected: OnvifDevice | undefined;
  try {
    const options = { host, port, ...(path === undefined ? {} : { path }), ...credentials, timeoutMs: ASK_TIMEOUT_MS, signal };
    connected = await OnvifDevice.connect(options);
    const { manufacturer, model, firmware, serial, hardware } = connected.information;
    const known = { manufacturer, model, firmware, serial, hardware };
    const texts = Object.fromEntries(Object.entries(known).filter(([, text]) => text !== ''));
    answer = { ...NOT_ASKED, ...texts, credentials: 'accepted' };
    return { ...answer, videoSources: sourcesOf(await connected.profiles()) };
  } catch (error) {
    if (signal.aborted) return answer;
    const refused = error instanceof GatewayError && error.code === 'camera.unauthorized';
    return { ...answer, credentials: refused ? 'refused' : answer.credentials, reason: reasonOf(error) };
  } finally {
    connected?.close();
  }
}

/** The cameras of a config with the addresses of their host names; a name that does not resolve is at none. */
export async function locate(cameras: readonly KnownCamera[]): Promise<ConfiguredCamera[]> {
  return await Promise.all(
    cameras.map(async ({ id, onvif, rtspHosts }) => ({
      id,
      onvif: onvif === undefined ? null : { addresses: await addressesOf(onvif.host), port: onvif.port },
      rtspAddresses: (await Promise.all(rtspHosts.map(addressesOf))).flat(),
    })),
  );
}

async function addressesOf(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}

/** Behind one address of a NAT there may be several cameras, each at its port; RTSP has other ports than ONVIF. */
function isAt(device: DiscoveredDevice, { onvif, rtspAddresses }: ConfiguredCamera): boolean {
  if (rtspAddresses.some((address) => device.addresses.includes(address))) return true;
  if (onvif?.addresses.some((address) => device.addresses.includes(address)) !== true) return false;
  const ports = httpUrls(device.xaddrs).map(portOf);
  return ports.length === 0 || ports.includes(onvif.port);
}

function sourcesOf(profiles: readonly OnvifProfile[]): VideoSource[] {
  const sources = new Map<string | null, VideoSource>();
  for (const { token, name, videoSource, video } of profiles) {
    const source = sources.get(videoSource) ?? { token: videoSource, profiles: [] };
    sources.set(videoSource, source);
    const { codec = null, width = null, height = null } = video ?? {};
    source.profiles.push({ token, name, codec, width, height });
  }
  return [...sources.values()];
}

function rankOf(address: string): number {
  if (isIPv4(address)) return 0;
  return address.includes('%') ? 2 : 1;
}

function httpUrls(xaddrs: readonly string[]): URL[] {
  return xaddrs.flatMap((xaddr) => URL.parse(xaddr) ?? []).filter(({ protocol }) => protocol === 'http:');
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

function portOf(url: URL): number {
  return url.port === '' ? 80 : Number(url.port);
}
