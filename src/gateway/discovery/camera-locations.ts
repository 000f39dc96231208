import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Camera } from '../../camera/camera.ts';
import type { CameraLocation } from '../../camera/discovery/device-address.ts';
import { parseRtspUrl } from '../../base/rtsp-url.ts';

/** The addresses of a host name; rejects where it has none. */
export type Resolve = (name: string) => Promise<readonly { address: string }[]>;

/** Look-ups at the same time: more than two wait for each other in Node (libuv), before those with which cameras are connected. */
const MAX_LOOKUPS = 2;

/** At which addresses the cameras are, those with host names too. */
export class CameraLocations {
  readonly #resolve: Resolve;
  /** By host name. */
  readonly #addresses = new Map<string, readonly string[]>();
  #refreshing: Promise<void> | undefined;
  #closed = false;

  constructor(resolve: Resolve = (name) => lookup(name, { all: true })) {
    this.#resolve = resolve;
  }

  /**
   * Looks the host names up anew; one that does not resolve keeps what it had. Where that is under way already, for these cameras or
   * others, it is waited for and nothing more is done: a name server that does not answer takes seconds for each. Never rejects.
   */
  refresh(cameras: Iterable<Camera>): Promise<void> {
    this.#refreshing ??= this.#refresh(cameras).finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** No name is looked up from now on; nothing is waited for. */
  close(): void {
    this.#closed = true;
  }

  async #refresh(cameras: Iterable<Camera>): Promise<void> {
    const names = new Set([...cameras].flatMap(hostsOf).filter((host) => isIP(plain(host)) === 0));
    for (const known of this.#addresses.keys()) if (!names.has(known)) this.#addresses.delete(known);
    const waiting = [...names];
    const lookUp = async (): Promise<void> => {
      for (let name = waiting.shift(); name !== undefined && !this.#closed; name = waiting.shift()) {
        const found = await this.#resolve(name).catch(() => undefined);
        if (found !== undefined)
          this.#addresses.set(
            name,
            found.map(({ address }) => address),
          );
      }
    };
    await Promise.all(Array.from({ length: MAX_LOOKUPS }, lookUp));
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
