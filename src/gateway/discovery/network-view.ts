import { isAt, type CameraLocation } from '../../camera/discovery/device-address.ts';
import type { PresentDevice } from '../../camera/discovery/present-devices.ts';

/** The devices that discovery sees at one moment, for looking up. */
export class NetworkView {
  readonly devices: readonly PresentDevice[];
  readonly #byReference: ReadonlyMap<string, PresentDevice>;
  /** By the addresses at which they answer now. */
  readonly #byAddress = new Map<string, PresentDevice[]>();

  constructor(devices: readonly PresentDevice[]) {
    this.devices = devices;
    this.#byReference = new Map(devices.map((device) => [device.endpointReference, device]));
    for (const device of devices) {
      for (const address of device.answering) this.#byAddress.set(address, [...(this.#byAddress.get(address) ?? []), device]);
    }
  }

  find(endpointReference: string | null | undefined): PresentDevice | undefined {
    return this.#byReference.get(endpointReference ?? '');
  }

  /** The same, unless it has missed the last search. */
  answering(endpointReference: string | null | undefined): PresentDevice | undefined {
    const device = this.find(endpointReference);
    return device === undefined || device.answering.length === 0 ? undefined : device;
  }

  /** The device that answers where a camera is. */
  at(location: CameraLocation): PresentDevice | undefined {
    const addresses = [...(location.onvif?.addresses ?? []), ...location.rtspAddresses];
    const near = addresses.flatMap((address) => this.#byAddress.get(address) ?? []);
    return near.find((device) => isAt({ addresses: device.answering, xaddrs: device.xaddrs }, location));
  }
}
