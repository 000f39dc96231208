import { lookup } from 'node:dns/promises';
import type { DiscoveredDevice } from '../camera/discovery/device-list.ts';
import { onvifAddressOf } from '../camera/discovery/device-address.ts';
import { probeAddresses } from '../camera/discovery/ws-discovery.ts';
import { bracketHost } from '../base/rtsp-url.ts';
import { describePlace } from '../camera/whereabouts.ts';
import type { OnvifAddress } from '../config/addresses.ts';
import { speaksRtsp } from './rtsp-port.ts';

const DISCOVERY_TIMEOUT_MS = 1500;
/** Where cameras, and programs that serve RTSP, have it. */
const RTSP_PORTS = [554, 8554];

/** What there is at the host where no ONVIF answered: another ONVIF port by WS-Discovery, or RTSP. Asks nobody but this host. Never rejects. */
export async function hintsAt(address: OnvifAddress, signal: AbortSignal): Promise<string[]> {
  const { host, port } = address;
  const ports = [...new Set([port, ...RTSP_PORTS])];
  const [device, ...rtsp] = await Promise.all([
    discoverAt(host, signal),
    ...ports.map(async (each) => ((await speaksRtsp(host, each, signal)) ? each : undefined)),
  ]);
  const hints: string[] = [];
  const found = device && onvifAddressOf({ ...device, addresses: [host] });
  if (found !== undefined && (found.port !== port || found.secure !== address.secure)) {
    hints.push(`By WS-Discovery its ONVIF is at port ${found.port}: probe ${describePlace({ ...found, host })}`);
  }
  for (const answering of rtsp.filter((each) => each !== undefined)) {
    const place = answering === 554 ? bracketHost(host) : `${bracketHost(host)}:${answering}`;
    hints.push(`Port ${answering} speaks RTSP: where the camera has no ONVIF, probe its stream: probe rtsp://${place}/PATH`);
  }
  return hints;
}

async function discoverAt(host: string, signal: AbortSignal): Promise<DiscoveredDevice | undefined> {
  try {
    const { address } = await lookup(host);
    const { devices } = await probeAddresses([address], { timeoutMs: DISCOVERY_TIMEOUT_MS, signal });
    return devices[0];
  } catch {
    return undefined;
  }
}
