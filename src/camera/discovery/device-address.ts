import { isIPv4 } from 'node:net';
import type { OnvifAddress } from '../../config/addresses.ts';
import type { DiscoveredDevice } from './device-list.ts';

type Located = Pick<DiscoveredDevice, 'addresses' | 'xaddrs'>;

const DEVICE_SERVICE = '/onvif/device_service';

/**
 * Where the device service is: always at an address that the camera answered from, IPv4 before IPv6. Of what it says of itself
 * only port and path are taken: it may stand behind NAT, and nobody shall send us to a third host. By https where it has nothing else.
 */
export function onvifAddressOf({ addresses, xaddrs }: Located): OnvifAddress {
  const host = addresses.toSorted((a, b) => rankOf(a) - rankOf(b))[0] ?? '';
  const all = urlsOf(xaddrs);
  const http = all.filter(({ protocol }) => protocol === 'http:');
  const urls = http.length === 0 ? all : http;
  const url =
    urls.find((candidate) => hostOf(candidate) === host) ??
    urls.find((candidate) => addresses.includes(hostOf(candidate))) ??
    urls[0];
  if (url === undefined) return { host, port: 80 };
  const path = `${url.pathname}${url.search}`;
  return {
    host,
    port: portOf(url),
    ...(url.protocol === 'https:' ? { secure: true } : {}),
    ...(path === DEVICE_SERVICE || path === '/' ? {} : { path }),
  };
}

/** True where only an address without IPv4 is known; a better one may come with the next answer. */
export function isIpv6Only({ addresses }: Located): boolean {
  return !addresses.some(isIPv4);
}

/** Where the cameras of a config are, their host names resolved. */
export interface CameraLocation {
  /** `secure`: by https, of which discovery mostly says nothing, so that the port tells nothing either. */
  onvif: { addresses: readonly string[]; port: number; secure?: boolean } | null;
  rtspAddresses: readonly string[];
}

/** Whether a device is where a camera is. Behind one address of a NAT there may be several cameras, each at its port; RTSP has other ports than ONVIF. */
export function isAt(device: Located, { onvif, rtspAddresses }: CameraLocation): boolean {
  if (rtspAddresses.some((address) => device.addresses.includes(address))) return true;
  if (onvif?.addresses.some((address) => device.addresses.includes(address)) !== true) return false;
  const ports = urlsOf(device.xaddrs).map(portOf);
  return ports.length === 0 || onvif.secure === true || ports.includes(onvif.port);
}

function rankOf(address: string): number {
  if (isIPv4(address)) return 0;
  return address.includes('%') ? 2 : 1;
}

function urlsOf(xaddrs: readonly string[]): URL[] {
  return xaddrs.flatMap((xaddr) => URL.parse(xaddr) ?? []).filter(({ protocol }) => /^https?:$/.test(protocol));
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}
