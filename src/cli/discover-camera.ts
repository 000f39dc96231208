import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { GatewayError, reasonOf, type Reason } from '../base/errors.ts';
import { isAt, onvifAddressOf, type CameraLocation } from '../camera/discovery/device-address.ts';
import type { DiscoveredDevice } from '../camera/discovery/device-list.ts';
import { OnvifDevice } from '../camera/onvif/adapter.ts';
import type { OnvifProfile } from '../camera/onvif/profiles.ts';
import { describePlace } from '../camera/whereabouts.ts';
import { videoSourcesOf } from '../camera/video-sources.ts';
import type { Credentials, OnvifAddress } from '../config/addresses.ts';
import type { KnownCamera } from '../config/known-cameras.ts';

/** What `discover --json` prints of each camera; part of what users rely on. Null: not known. */
export interface FoundCamera {
  /** Where its ONVIF device service is: `host`, `host:port`, and with `https://` before it where it has nothing else. */
  address: string;
  name: string | null;
  manufacturer: string | null;
  model: string | null;
  firmware: string | null;
  hardware: string | null;
  serial: string | null;
  location: string | null;
  /** Its inputs, as the config counts them; several at an encoder or NVR. */
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
export interface ConfiguredCamera extends CameraLocation {
  id: string;
  /** By which it is known also at another address; null where the config does not say it. */
  endpointReference: string | null;
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

const ASK_TIMEOUT_MS = 5000;

export function describeFound(
  device: DiscoveredDevice,
  answer: Answer = NOT_ASKED,
  configured: readonly ConfiguredCamera[] = [],
): FoundCamera {
  const { endpointReference, addresses, xaddrs, types, scopes, name, location } = device;
  return {
    address: describePlace(onvifAddressOf(device)),
    name,
    ...answer,
    hardware: answer.hardware ?? device.hardware,
    location,
    configured: configured.find((camera) => isSame(device, camera))?.id ?? null,
    endpointReference,
    addresses,
    xaddrs,
    types,
    scopes,
  };
}

/** Logs in and reads what the camera says of itself; what goes wrong is in the answer. */
export async function askCamera(device: DiscoveredDevice, credentials: Credentials, signal: AbortSignal): Promise<Answer> {
  let answer = NOT_ASKED;
  let connected: OnvifDevice | undefined;
  try {
    connected = await OnvifDevice.connect({ ...onvifAddressOf(device), ...credentials, timeoutMs: ASK_TIMEOUT_MS, signal });
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
    cameras.map(async ({ id, onvif, rtspHosts, endpointReference }) => ({
      id,
      endpointReference: endpointReference ?? null,
      onvif: onvif === undefined ? null : await locateOnvif(onvif),
      rtspAddresses: (await Promise.all(rtspHosts.map(addressesOf))).flat(),
    })),
  );
}

async function locateOnvif({ host, port, secure }: OnvifAddress): Promise<ConfiguredCamera['onvif']> {
  return { addresses: await addressesOf(host), port, ...(secure === undefined ? {} : { secure }) };
}

async function addressesOf(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}

function isSame(device: DiscoveredDevice, camera: ConfiguredCamera): boolean {
  return camera.endpointReference === device.endpointReference || isAt(device, camera);
}

function sourcesOf(profiles: readonly OnvifProfile[]): VideoSource[] {
  return videoSourcesOf(profiles).map(({ token: source, profiles: shown }) => ({
    token: source,
    profiles: shown.map(({ token, name, video }) => {
      const { codec = null, width = null, height = null } = video ?? {};
      return { token, name, codec, width, height };
    }),
  }));
}
