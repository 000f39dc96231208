import { GatewayError, reasonOf, type Reason } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import type { Camera } from '../camera/camera.ts';
import type { Snapshot } from '../http/gateway-view.ts';
import type { Pictures } from '../plane/pictures.ts';

export interface CameraSnapshotsOptions {
  camera: Pick<Camera, 'id' | 'status' | 'device'>;
  pictures: Pick<Pictures, 'take'>;
}

/** A wall of tiles asks for the same picture many times: one is good for so long, milliseconds; and so is a failure. */
const KEPT_MS = 1000;
/** The camera's own address for pictures is left alone for so long after it failed, and after a refused log-in, which may lock the account; milliseconds. */
const FAILED_MS = 30_000;
const REFUSED_MS = 5 * 60_000;

const TIMEOUTS: ReadonlySet<string> = new Set(['snapshot.no_keyframe', 'camera.timeout', 'rtsp.timeout']);

/**
 * Pictures of one camera: of a stream that is pulled already, else from the address that the camera has for them, else of a stream that is pulled
 * for that.
 */
export class CameraSnapshots {
  readonly #options: CameraSnapshotsOptions;
  /** By profile, undefined for whichever is at hand; under way, or just made. */
  readonly #kept = new Map<string | undefined, Promise<Snapshot>>();
  /** Why the camera's own address is left alone, and until when, by `performance.now()`. */
  #barred: { error: GatewayError; until: number } | undefined;

  constructor(options: CameraSnapshotsOptions) {
    this.#options = options;
  }

  /**
   * @param profile a token; absent: of whichever profile is at hand
   * @throws GatewayError `snapshot.no_profile`, `snapshot.busy`, `snapshot.timeout` or `snapshot.unavailable`
   */
  take(profile?: string): Promise<Snapshot> {
    const kept = this.#kept.get(profile);
    if (kept !== undefined) return kept;
    const snapshot = this.#make(profile);
    // Of profiles that do not exist nothing is kept.
    if (profile !== undefined && !this.#hasProfile(profile)) return snapshot;
    this.#kept.set(profile, snapshot);
    const forget = (): void => void setTimeout(() => this.#kept.delete(profile), KEPT_MS).unref();
    snapshot.then(forget, forget);
    return snapshot;
  }

  async #make(profile: string | undefined): Promise<Snapshot> {
    const { camera, pictures } = this.#options;
    if (profile !== undefined && !this.#hasProfile(profile)) throw this.#noProfile(profile);
    const wanted = profile === undefined ? {} : { profile };
    const causes: Reason[] = [];
    const attempt = async (make: () => Promise<Snapshot | undefined>): Promise<Snapshot | undefined> => {
      try {
        return await make();
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        causes.push(reasonOf(error));
        return undefined;
      }
    };
    const atHand = await attempt(() => pictures.take(camera.id, { ...wanted, pull: false }));
    if (atHand !== undefined) return atHand;
    // What there was at hand failed: to pull it is no better.
    const isPullable = causes.length === 0;
    const ofCamera = await attempt(() => this.#ofCamera(profile));
    if (ofCamera !== undefined) return ofCamera;
    const pulled = isPullable ? await attempt(() => pictures.take(camera.id, { ...wanted, pull: true })) : undefined;
    if (pulled !== undefined) return pulled;
    throw this.#unavailable(causes);
  }

  /** From the address that the camera has for pictures; undefined where it cannot be asked. */
  async #ofCamera(profile: string | undefined): Promise<Snapshot | undefined> {
    const { device, status } = this.#options.camera;
    const token = profile ?? status.profiles[0]?.token;
    if (device?.snapshot === undefined || token === undefined) return undefined;
    if (this.#barred !== undefined && performance.now() < this.#barred.until) throw this.#barred.error;
    try {
      const jpeg = await device.snapshot(token, status.isFound);
      this.#barred = undefined;
      return { jpeg, takenAt: null };
    } catch (error) {
      // Where the camera is just being connected to anew the device is closed, and everything with it.
      if (!(error instanceof GatewayError)) throw new GatewayError('camera.connecting', 'The camera is being connected to.');
      const isRefused = error.code === 'camera.unauthorized';
      this.#barred = { error, until: performance.now() + (isRefused ? REFUSED_MS : FAILED_MS) };
      throw error;
    }
  }

  #hasProfile(profile: string): boolean {
    return this.#options.camera.status.profiles.some(({ token }) => token === profile);
  }

  #noProfile(profile: string): GatewayError {
    const { id, status } = this.#options.camera;
    const tokens = status.profiles.map(({ token }) => printable(token)).join(', ');
    const known = tokens === '' ? 'none is known yet' : `it has ${tokens}`;
    return new GatewayError('snapshot.no_profile', `Camera ${id} has no profile "${printable(profile)}"; ${known}.`);
  }

  #unavailable(causes: readonly Reason[]): GatewayError {
    const { id, status } = this.#options.camera;
    const all = causes.length === 0 && status.reason !== null ? [status.reason] : causes;
    const what = all.length === 0 ? 'Nothing is known of it yet.' : all.map(({ message }) => message).join(' ');
    const advice = all.find((cause) => cause.advice !== undefined)?.advice;
    const has = (isIt: (code: string) => boolean): boolean => all.some(({ code }) => isIt(code));
    const kind = has((code) => code === 'snapshot.busy') ? 'busy' : has((code) => TIMEOUTS.has(code)) ? 'timeout' : 'unavailable';
    return new GatewayError(
      `snapshot.${kind}`,
      `There is no picture of camera ${id}: ${what}`,
      advice === undefined ? {} : { advice },
    );
  }
}
