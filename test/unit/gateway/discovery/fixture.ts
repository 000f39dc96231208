import { onTestFinished } from 'vitest';
import { GatewayError } from '../../../../src/base/errors.ts';
import { Camera, type CameraDevice, type CameraOptions } from '../../../../src/camera/camera.ts';
import type { DiscoveredDevice } from '../../../../src/camera/discovery/device-list.ts';
import { PresentDevices } from '../../../../src/camera/discovery/present-devices.ts';
import type { DeviceInformation } from '../../../../src/camera/onvif/device-answers.ts';
import { NetworkView } from '../../../../src/gateway/discovery/network-view.ts';

/* A network of devices that a test puts together; time is the test's. */

export const PASSWORD = 'right';

/** A network: which device is at which address, by ONVIF and by discovery. */
export class FakeNetwork {
  readonly #devices = new PresentDevices();
  readonly #at = new Map<string, { information: DeviceInformation; password: string; endpointReference: string | null }>();
  /** Where it was logged in, in order. */
  readonly logins: string[] = [];

  /** @param endpointReference null: it does not answer discovery */
  plugIn(host: string, endpointReference: string | null, serial: string, more: { model?: string; password?: string } = {}): void {
    const information = { manufacturer: 'Acme', model: more.model ?? 'X100', firmware: '1', hardware: '', serial };
    this.#at.set(host, { information, password: more.password ?? PASSWORD, endpointReference });
  }

  pull(host: string): void {
    this.#at.delete(host);
  }

  /** A Hello, from an address where nobody need be. */
  hello(endpointReference: string, host: string): NetworkView {
    this.#devices.note(described(endpointReference, host), Date.now());
    return this.view();
  }

  /** All that are there answer. */
  search(): NetworkView {
    for (const [host, { endpointReference }] of this.#at) if (endpointReference !== null) this.hello(endpointReference, host);
    this.#devices.endSearch();
    return this.view();
  }

  view(): NetworkView {
    return new NetworkView(this.#devices.all);
  }

  readonly connect = ({ host, password }: { host: string; password: string }): Promise<CameraDevice> => {
    this.logins.push(host);
    const device = this.#at.get(host);
    if (device === undefined) return Promise.reject(new GatewayError('camera.unreachable', `Nobody is at ${host}.`));
    if (device.password !== password) return Promise.reject(new GatewayError('camera.unauthorized', `${host} refuses.`));
    return Promise.resolve(fakeDevice(device.information));
  };
}

function described(endpointReference: string, host: string): DiscoveredDevice {
  const said = {
    xaddrs: [`http://${host}/onvif/device_service`],
    types: [],
    scopes: ['onvif://www.onvif.org/name/Yard'],
    name: 'Yard',
    hardware: 'X100',
    location: null,
  };
  return { endpointReference, addresses: [host], ...said };
}

function fakeDevice(information: DeviceInformation): CameraDevice {
  const video = { codec: 'H264', width: 1, height: 1, framesPerSecond: 1, bitrateKbps: 1, govLength: 1 };
  const profile = {
    token: 'main',
    name: 'main',
    videoSource: null,
    video,
    audio: null,
    metadata: false,
    audioDecoder: false,
    ptz: false,
  };
  return {
    information,
    clockOffsetMs: 0,
    measureClockOffset: () => Promise.resolve(0),
    profiles: () => Promise.resolve([profile]),
    streamUri: () => Promise.resolve('rtsp://camera/main'),
    setSynchronizationPoint: () => Promise.resolve(),
    close: () => undefined,
  } as unknown as CameraDevice;
}

export function cameraAt(network: FakeNetwork, host: string, options: Partial<CameraOptions> = {}): Camera {
  const camera = new Camera({
    id: 'yard',
    name: 'Yard',
    onvif: { host, port: 80 },
    credentials: { username: 'viewer', password: PASSWORD },
    connect: network.connect,
    ...options,
  } as CameraOptions);
  onTestFinished(() => camera.close());
  camera.start();
  return camera;
}
