import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Camera, CameraOptions } from '../../camera/camera.ts';
import { isSameDevice } from '../../camera/device-identity.ts';
import { onvifAddressOf } from '../../camera/discovery/device-address.ts';
import type { PresentDevice } from '../../camera/discovery/present-devices.ts';
import { adoptedId } from '../../config/adopted-id.ts';
import { isOwnName } from '../../config/endpoint-reference.ts';
import type { DiscoveryConfig } from '../../config/gateway-config.ts';
import { isAdoptable } from './adopt-filter.ts';
import type { NetworkView } from './network-view.ts';

/** Cameras that are adopted at the same time: what is on the network cannot make us serve without end. */
const MAX_ADOPTED = 256;
/** One that is away for this long is forgotten, milliseconds: one that never let us in, and one that did. */
const FORGET_UNUSED_MS = 10 * 60_000;
const FORGET_MS = 7 * 24 * 3_600_000;

export interface AdoptingOptions {
  settings: Pick<DiscoveryConfig, 'adopt' | 'credentials'>;
  clock: Clock;
  logger: Logger;
  add: (camera: CameraOptions) => void;
  remove: (id: string) => void;
}

/** Turns found devices into cameras, by the filters of the config. One that goes away stays for a week. */
export class Adopting {
  readonly #options: AdoptingOptions;
  /** By id what it called itself, and when it was seen last, milliseconds since 1970. */
  readonly #seen = new Map<string, { endpointReference: string; at: number }>();
  #warned = false;

  constructor(options: AdoptingOptions) {
    this.#options = options;
  }

  isAdopted(camera: Camera): boolean {
    return this.#seen.has(camera.id);
  }

  /** Whether the filters want a device, and there is room. */
  wants({ name, hardware, addresses, answering, xaddrs }: PresentDevice): boolean {
    if (answering.length === 0) return false;
    const { host } = onvifAddressOf({ addresses, xaddrs });
    return isAdoptable({ name, hardware, address: host }, this.#options.settings.adopt);
  }

  /** Adds a camera for a device that is nobody's; `ids` are those of all cameras. False where there is no room. */
  adopt(device: PresentDevice, ids: ReadonlySet<string>): boolean {
    const { settings, clock, logger, add } = this.#options;
    if (this.#seen.size >= MAX_ADOPTED) {
      if (!this.#warned)
        logger.warn(
          `Discovery: ${MAX_ADOPTED} cameras are adopted, more are not. Narrow discovery.adopt, or write cameras into the list.`,
        );
      this.#warned = true;
      return false;
    }
    const { endpointReference, name, hardware, answering, xaddrs } = device;
    const short = adoptedId(endpointReference);
    const id = ids.has(short) ? adoptedId(endpointReference, 32) : short;
    if (ids.has(id)) return false;
    this.#seen.set(id, { endpointReference, at: clock.now() });
    const onvif = onvifAddressOf({ addresses: answering, xaddrs });
    logger.info({ camera: id }, `camera ${id}: adopted ${name ?? hardware ?? 'a camera'} at ${onvif.host}`);
    add({
      id,
      name: name ?? hardware ?? `Camera at ${onvif.host}`,
      onvif,
      ...(settings.credentials === undefined ? {} : { credentials: settings.credentials }),
      identity: {
        endpointReference: isOwnName(endpointReference) ? endpointReference : null,
        manufacturer: '',
        model: '',
        serial: '',
      },
      adopted: true,
    });
    return true;
  }

  /**
   * Lets go of adopted cameras that turn out to be another one, and of those that came to nothing.
   *
   * @param configured The devices that are cameras of the config.
   */
  release(cameras: readonly Camera[], network: NetworkView, configured: ReadonlySet<PresentDevice>): void {
    const now = this.#options.clock.now();
    for (const camera of cameras) {
      const seen = this.#seen.get(camera.id);
      if (seen === undefined) continue;
      const device = network.find(camera.identity?.endpointReference ?? seen.endpointReference);
      const isThere = device !== undefined;
      if (isThere || camera.status.state === 'online') seen.at = now;
      const twin = this.#lostTwin(camera, cameras, network);
      if (twin !== undefined && camera.place !== undefined) {
        const { place } = camera;
        this.#remove(camera.id, `it is camera ${twin.id}`);
        twin.moved(place, 'serial number');
      } else if (isThere && configured.has(device)) {
        this.#remove(camera.id, 'it is a camera of the config');
      } else if (camera.status.information === null && now - seen.at > FORGET_UNUSED_MS) {
        this.#remove(camera.id, 'it went away before it could be used');
      } else if (now - seen.at > FORGET_MS) {
        this.#remove(camera.id, 'it has been away for a week');
      }
    }
  }

  /** A camera that is away and is this one, which calls itself something else since it started anew. */
  #lostTwin({ id, status }: Camera, cameras: readonly Camera[], network: NetworkView): Camera | undefined {
    const { information } = status;
    if (information === null || status.state !== 'online') return undefined;
    return cameras.find(
      (other) =>
        other.id !== id &&
        other.kind === 'onvif' &&
        other.status.state === 'failed' &&
        other.identity !== null &&
        isSameDevice(other.identity, information) &&
        network.answering(other.identity.endpointReference) === undefined,
    );
  }

  #remove(id: string, why: string): void {
    this.#seen.delete(id);
    this.#options.logger.info({ camera: id }, `camera ${id}: no longer adopted: ${why}`);
    this.#options.remove(id);
  }
}
