import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Camera } from '../../camera/camera.ts';
import type { CameraLocation } from '../../camera/discovery/device-address.ts';
import { parseRtspUrl } from '../../base/rtsp-url.ts';

/** The addresses of a host name; rejects where it has none. */
export type Resolve = (name: string) => Promise<readonly { address: string }[]>;

/** At which addresses the cameras are, those with host names too. */
export class CameraLocations {
  readonly #resolve: Resolve;
  /** By host name. */
  #addresses = new Map<string, readonly string[]>();

  constructor(resolve: Resolve = (name) => lookup(name, { all: true })) {
    this.#resolve = resolve;
  }

  /** Looks the host names up anew; one that does not resolve keeps what it had. Never rejects. */
  async refresh(cameras: Iterable<Camera>): Promise<void> {
    const names = new Set([...cameras].flatMap(hostsOf).filter((host) => isIP(plain(host)) === 0));
    const found = await Promise.all(
      [...names].map(async (name): Promise<[string, readonly string[]]> => {
        const addresses = await this.#resolve(name).catch(() => undefined);
        return [name, addresses?.map(({ address }) => address) ?? this.#addresses.get(name) ?? []];
      }),
    );
    this.#addresses = new Map(found);
  }

  /** Where the camera is, as far as its names resolved. */
  of(camera: Camera): CameraLocation {
    const { place } = camera;
    if (place !== undefined) {
      const { host, port, secure = false } = place;
      return { onvif: { addresses: this.#of(host), port, secure }, rtspAddresses: [] };
    }
    return { onvif: null, rtspAddresses: hostsOf(camera).flatMap((host) => this.#of(host)) };
  }

  #of(host: string): readonly string[] {
    return isIP(plain(host)) === 0 ? (this.#addresses.get(host) ?? []) : [plain(host)];
  }
}

function hostsOf({ place, status }: Camera): string[] {
  if (place !== undefined) return [place.host];
  return [...new Set(status.profiles.flatMap(({ uri }) => parseRtspUrl(uri)?.host ?? []))];
}

function plain(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
