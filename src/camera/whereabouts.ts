import type { Logger } from '../base/log.ts';
import { bracketHost } from '../base/rtsp-url.ts';

/** Where an ONVIF device is reached. */
export interface CameraPlace {
  host: string;
  port: number;
  /** By https. */
  secure?: boolean;
  /** Of the device service, where it is not the usual one. */
  path?: string;
}

export interface WhereaboutsOptions {
  cameraId: string;
  /** Its own address. */
  home: CameraPlace;
  /** No config says its own address: it is the one where it was last online. */
  adopted: boolean;
  logger: Logger;
}

/** Where a camera is: at its own address, or at another one where its device was found. */
export class Whereabouts {
  readonly #options: WhereaboutsOptions;
  #home: CameraPlace;
  #found: { place: CameraPlace; by: string } | null = null;
  /** What the log last said of it. */
  #announced: string | null = null;

  constructor(options: WhereaboutsOptions) {
    this.#options = options;
    this.#home = options.home;
  }

  /** Where the device is tried. */
  get place(): CameraPlace {
    return this.#found?.place ?? this.#home;
  }

  /** Whether no config says where it is. */
  get isFound(): boolean {
    return this.#found !== null || this.#options.adopted;
  }

  /** The configured address, where the camera is at another one. */
  get configured(): string | null {
    return this.#found === null || this.#options.adopted ? null : describePlace(this.#home);
  }

  /** The device was found elsewhere; `by` says by what, for the log. */
  moved(place: CameraPlace, by: string): void {
    // Discovery knows of http; a camera that the config reaches by https is not followed to less.
    this.#found = { place: this.#home.secure === true ? { ...this.#home, host: place.host } : place, by };
  }

  /**
   * An attempt at {@link place} failed. For whatever reason that was at another address than its own, somebody may pose as the camera there
   * and hold it: it goes on at its own. A camera that is there is found there again.
   */
  failed(): void {
    this.#found = null;
  }

  /** The device answers at {@link place}. */
  reached(): void {
    const { cameraId, adopted, logger } = this.#options;
    if (this.#found === null) return;
    const { place, by } = this.#found;
    const before = `${adopted ? 'before' : 'configured'}: ${describePlace(this.#home)}`;
    const text = `camera ${cameraId}: found again at ${describePlace(place)} (${before}), by its ${by}`;
    if (adopted) {
      this.#home = place;
      this.#found = null;
    }
    if (text === this.#announced) return;
    this.#announced = text;
    logger.warn({ camera: cameraId }, adopted ? text : `${text}; change the address in the config`);
  }
}

/** Host, and port where it is not the usual one. */
export function describePlace({ host, port, secure = false }: CameraPlace): string {
  const address = port === (secure ? 443 : 80) ? bracketHost(host) : `${bracketHost(host)}:${port}`;
  return secure ? `https://${address}` : address;
}
