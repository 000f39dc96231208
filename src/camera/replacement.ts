import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { assertOwnDevice, describeDevice, type DeviceIdentity } from './device-identity.ts';
import type { DeviceInformation } from './onvif/device-answers.ts';
import { describePlace, type CameraPlace } from './whereabouts.ts';

/** Another device that is at the address of a camera and accepts its credentials. */
export interface Stranger {
  information: DeviceInformation;
  /** Milliseconds since 1970 when it was first seen there. */
  since: number;
}

export interface ReplacementOptions {
  cameraId: string;
  /** The config says which device the camera is: nobody else is taken for it. */
  isNamed: boolean;
  clock: Clock;
  logger: Logger;
}

const ADVICE_FOUND = 'The gateway goes on looking for the camera.';
const ADVICE_NAMED =
  "Write the camera's present address into the config; if it was replaced, write the endpoint: of the new one there (discover shows it). Then restart the gateway.";
const ADVICE =
  "If it replaces the camera, wait: it is taken for it ten minutes after discovery last heard the former one. If not, write the camera's present address into the config.";

/** Tells the device of a camera from another one at its address, and knows that one, which may have been put there in its place. */
export class Replacement {
  readonly #options: ReplacementOptions;
  #stranger: Stranger | null = null;

  constructor(options: ReplacementOptions) {
    this.#options = options;
  }

  /** Null where there is none, or it cannot be the replacement. */
  get stranger(): Stranger | null {
    return this.#stranger;
  }

  /**
   * Throws `camera.other_device` where the device that answered at `place` is not the camera.
   *
   * @param isFound No config says that the camera is there.
   */
  assertOwn(identity: DeviceIdentity | null, information: DeviceInformation, place: CameraPlace, isFound: boolean): void {
    const { cameraId, isNamed, clock } = this.#options;
    const advice = isFound ? ADVICE_FOUND : isNamed ? ADVICE_NAMED : ADVICE;
    try {
      assertOwnDevice(identity, information, { cameraId, address: describePlace(place), advice });
    } catch (error) {
      const isSame = isDeepStrictEqual(this.#stranger?.information, information);
      if (!isFound && !isNamed && !isSame) this.#stranger = { information, since: clock.now() };
      throw error;
    }
    this.#stranger = null;
  }

  /** An attempt failed otherwise than by {@link assertOwn}. */
  gone(): void {
    this.#stranger = null;
  }

  /** By what the camera is known from now on: the stranger is its device. Undefined where there is none. */
  take(former: DeviceIdentity | null): DeviceIdentity | undefined {
    if (this.#stranger === null) return undefined;
    const { cameraId, logger } = this.#options;
    const { information, since } = this.#stranger;
    this.#stranger = null;
    const was = former === null ? '' : `was ${describeDevice(former)}; `;
    logger.warn(
      { camera: cameraId },
      `camera ${cameraId}: another device is at its address since ${new Date(since).toISOString()}: taken as its replacement (${was}is ${describeDevice(information)})`,
    );
    const { manufacturer, model, serial } = information;
    return { endpointReference: null, manufacturer, model, serial };
  }
}
