import { isDeepStrictEqual } from 'node:util';
import { Backoff } from '../base/backoff.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import { atOnce } from '../base/dial-stagger.ts';
import { reasonOf, type Reason } from '../base/errors.ts';
import { silentLogger, type Logger } from '../base/log.ts';
import { bracketHost, parseRtspUrl } from '../base/rtsp-url.ts';
import type { CameraSource } from '../plane/messages.ts';
import { describeCamera, missingH264, profilesOfUris, readProfiles, type CameraProfile } from './camera-profiles.ts';
import type { CameraDevice, CameraOptions } from './camera-options.ts';
import { assertOwnDevice, type DeviceIdentity } from './device-identity.ts';
import { FailureLog } from './failure-log.ts';
import { KeyframeRequests } from './keyframe-requests.ts';
import { OnvifDevice } from './onvif/adapter.ts';
import type { DeviceInformation } from './onvif/device-answers.ts';
import { credentialsInUris } from './stream-uri.ts';
import { describePlace, Whereabouts, type CameraPlace } from './whereabouts.ts';

export type { CameraDevice, CameraOptions } from './camera-options.ts';

/** Waits between attempts, milliseconds. Wrong credentials are tried less often: cameras lock an account that fails too often. */
const RETRY_FIRST_MS = 1000;
const RETRY_MAX_MS = 30_000;
const RETRY_MAX_UNAUTHORIZED_MS = 60_000;
/** {@link Camera.refresh} leads to at most one attempt in this time. */
const REFRESH_INTERVAL_MS = 5000;
const CLOCK_CHECK_INTERVAL_MS = 10 * 60_000;
/** Two measurements of the same clock may differ this much: ONVIF gives whole seconds. */
const CLOCK_RESOLUTION_MS = 1000;

const ADVICE_ADOPTED = 'Check username and password of discovery in the config, or write the camera into the list with its own.';

/** What is known of a camera at one moment; a new object at each change. */
export interface CameraStatus {
  state: 'connecting' | 'online' | 'failed';
  /** Milliseconds since 1970 of the last change of `state`. */
  since: number;
  /** Why it is `failed`, else null. */
  reason: Reason | null;
  /** Null until ONVIF gave it, and always for an `rtsp:` camera. */
  information: DeviceInformation | null;
  /** Those with H.264 first; kept while the camera is away, since the media plane goes on trying to pull them. */
  profiles: CameraProfile[];
  /** The camera's clock minus ours, milliseconds; null where unknown. */
  clockOffsetMs: number | null;
}

/**
 * The control side of one configured camera: keeps it connected by ONVIF, knows its profiles and where they are pulled, and
 * passes on requests for keyframes. Whatever goes wrong is in {@link status} and is tried again until {@link close}.
 */
export class Camera {
  readonly id: string;
  readonly name: string;
  readonly #options: CameraOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  readonly #backoff = new Backoff({ firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS });
  readonly #failureLog: FailureLog;
  readonly #keyframes: KeyframeRequests;
  readonly #credentials: { username: string; password: string } | undefined;
  /** Undefined for an `rtsp:` camera. */
  readonly #whereabouts: Whereabouts | undefined;
  /** The profiles are those of a device at an address that discovery found, and anybody can answer discovery. */
  #digestOnly = false;
  #identity: DeviceIdentity | null;
  #status: CameraStatus;
  #device: CameraDevice | null = null;
  /** The next attempt (at `attemptAt`, by `performance.now()`) or clock check (null); absent while one is under way. */
  #next: { timer: NodeJS.Timeout; attemptAt: number | null } | null = null;
  /** Ends the attempt that is under way. */
  #attempting: AbortController | null = null;
  #lastAttemptAt = Number.NEGATIVE_INFINITY;
  /** What the log last said of the camera being online; null while it is not. */
  #described: string | null = null;

  constructor(options: CameraOptions) {
    this.id = options.id;
    this.name = options.name;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    const { onvif: home, adopted = false } = options;
    this.#whereabouts = home && new Whereabouts({ cameraId: options.id, home, adopted, logger: this.#logger });
    this.#identity = options.identity ?? null;
    this.#credentials = options.credentials ?? credentialsInUris(options.rtsp);
    this.#failureLog = new FailureLog(options.id, this.#logger);
    this.#keyframes = new KeyframeRequests({
      cameraId: options.id,
      logger: this.#logger,
      send: async (token) => this.#device?.setSynchronizationPoint(token),
    });
    this.#status = {
      state: 'connecting',
      since: this.#clock.now(),
      reason: null,
      information: null,
      profiles: [],
      clockOffsetMs: null,
    };
  }

  get kind(): 'onvif' | 'rtsp' {
    return this.#options.onvif === undefined ? 'rtsp' : 'onvif';
  }

  /** Host, and port where it is not the usual one: where the camera is as far as is known. */
  get address(): string {
    const place = this.place;
    if (place !== undefined) return describePlace(place);
    const first = parseRtspUrl(Object.values(this.#options.rtsp ?? {})[0] ?? '');
    return first === undefined ? '' : `${bracketHost(first.host)}${first.port === undefined ? '' : `:${first.port}`}`;
  }

  /** Where its ONVIF device is tried now; undefined for an `rtsp:` camera. */
  get place(): CameraPlace | undefined {
    return this.#whereabouts?.place;
  }

  /** The address that the config says, where the camera is at another one; else null. */
  get configuredAddress(): string | null {
    return this.#whereabouts?.configured ?? null;
  }

  /** By what its device is known again; null while that is not known. */
  get identity(): DeviceIdentity | null {
    return this.#identity;
  }

  /** How it is logged in at the device. */
  get credentials(): { username: string; password: string } | undefined {
    return this.#credentials;
  }

  get status(): CameraStatus {
    return this.#status;
  }

  /** Requests for keyframes that the camera refused or did not answer. */
  get keyframeErrors(): number {
    return this.#keyframes.errors;
  }

  /** What the media plane needs to pull the camera; profiles with H.264 come first. */
  source(): CameraSource {
    const source: CameraSource = {
      id: this.id,
      profiles: this.#status.profiles.map(({ token, uri, video, audio, metadata }) =>
        // Of an `rtsp:` camera nothing is known before it was pulled.
        video === null ? { token, uri } : { token, uri, audio: audio !== null, metadata },
      ),
      clockOffsetMs: this.#status.clockOffsetMs ?? 0,
      ...(this.#options.transport === undefined ? {} : { transport: this.#options.transport }),
      ...(this.#options.tls === undefined ? {} : { tls: this.#options.tls }),
    };
    if (this.#credentials === undefined) return source;
    return { ...source, credentials: { ...this.#credentials, ...(this.#digestOnly ? { digestOnly: true } : {}) } };
  }

  start(): void {
    if (this.#options.tls !== undefined && 'insecure' in this.#options.tls) {
      const message = `camera ${this.id}: tls_insecure: whoever is in between can pose as the camera, no certificate is checked`;
      this.#logger.warn({ camera: this.id }, message);
    }
    if (this.#options.rtsp === undefined) {
      void this.#attempt();
    } else {
      this.#update({ state: 'online', profiles: profilesOfUris(this.#options.rtsp) });
      this.#announce();
    }
  }

  /**
   * To be called whenever the media plane fails to pull a stream: the camera may have restarted with other stream URIs.
   * Connects anew, at most once in five seconds; not where credentials are refused, since each attempt counts there.
   */
  refresh(): void {
    if (this.#next === null || this.kind === 'rtsp' || this.#status.reason?.code === 'camera.unauthorized') return;
    const waitMs = Math.max(0, this.#lastAttemptAt + REFRESH_INTERVAL_MS - performance.now());
    const { attemptAt } = this.#next;
    if (attemptAt === null || performance.now() + waitMs < attemptAt) this.#scheduleAttempt(waitMs);
  }

  /** Notes what the device that is connected calls itself; with what it says of itself, it is known by that from now on. Null: nothing of its own. */
  learn(endpointReference: string | null): void {
    const { manufacturer = '', model = '', serial = '' } = this.#status.information ?? {};
    this.#identity = { endpointReference, manufacturer, model, serial };
  }

  /**
   * The device was found at another address: connects there at once. Where there is none, or another one, it goes on at its
   * own address.
   *
   * @param by what it was found by, for the log: `endpoint reference`
   */
  moved(place: CameraPlace, by: string): void {
    if (this.#whereabouts === undefined || this.#closing.signal.aborted) return;
    this.#whereabouts.moved(place, by);
    this.#attempting?.abort();
    this.#scheduleAttempt(0);
  }

  /** Asks the camera for a keyframe; at most twice a second for each profile. An `rtsp:` camera cannot be asked. */
  requestKeyframe(profileToken: string): void {
    if (this.#device === null || !this.#status.profiles.some(({ token }) => token === profileToken)) return;
    this.#keyframes.request(profileToken);
  }

  close(): void {
    this.#closing.abort();
    this.#cancelNext();
    this.#keyframes.close();
    this.#device?.close();
    this.#device = null;
  }

  async #attempt(): Promise<void> {
    this.#cancelNext();
    const attempting = new AbortController();
    const signal = AbortSignal.any([this.#closing.signal, attempting.signal]);
    this.#attempting = attempting;
    try {
      await this.#connect(signal);
      this.#backoff.reset();
      this.#scheduleClockCheck();
    } catch (error) {
      if (!signal.aborted) this.#retry(error);
    } finally {
      if (this.#attempting === attempting) this.#attempting = null;
      this.#lastAttemptAt = performance.now();
    }
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const { turn = atOnce, tls, connect = (options) => OnvifDevice.connect(options) } = this.#options;
    const { place } = this;
    if (place === undefined) return;
    await turn(this.address, signal);
    signal.throwIfAborted();
    const { username, password } = this.#credentials ?? { username: '', password: '' };
    const device = await connect({ ...place, ...(tls === undefined ? {} : { tls }), username, password, signal });
    try {
      assertOwnDevice(this.#identity, device.information, { cameraId: this.id, address: describePlace(place) });
      const profiles = await readProfiles(device, this.id, this.#options.videoSource);
      signal.throwIfAborted();
      this.#take(device, profiles);
    } catch (error) {
      if (this.#device !== device) device.close();
      throw error;
    }
  }

  #take(device: CameraDevice, profiles: CameraProfile[]): void {
    this.#device?.close();
    this.#device = device;
    this.#digestOnly = this.#whereabouts?.isFound === true;
    const known = { information: device.information, profiles, clockOffsetMs: this.#clockOffset(device.clockOffsetMs) };
    const unusable = missingH264(profiles, this.id);
    if (unusable !== undefined) {
      this.#update(known);
      throw unusable;
    }
    this.#update({ ...known, state: 'online', reason: null });
    this.#announce();
  }

  #retry(error: unknown): void {
    const reason = this.#reasonOf(error);
    const waitMs = this.#backoff.next(reason.code === 'camera.unauthorized' ? RETRY_MAX_UNAUTHORIZED_MS : RETRY_MAX_MS);
    if (reason.code === 'internal') this.#logger.error({ camera: this.id, err: error }, `camera ${this.id}: unexpected error`);
    this.#failureLog.failed(reason, waitMs);
    this.#described = null;
    this.#whereabouts?.failed(reason.code);
    this.#scheduleAttempt(waitMs);
    this.#update({ state: 'failed', reason });
  }

  /** An adopted camera has its credentials elsewhere than others. */
  #reasonOf(error: unknown): Reason {
    const reason = reasonOf(error);
    const isAdopted = this.#options.adopted === true && reason.code === 'camera.unauthorized';
    return isAdopted ? { ...reason, advice: ADVICE_ADOPTED } : reason;
  }

  async #checkClock(): Promise<void> {
    this.#cancelNext();
    try {
      const offset = (await this.#device?.measureClockOffset()) ?? null;
      this.#update({ clockOffsetMs: this.#clockOffset(offset) });
      if (this.#next === null) this.#scheduleClockCheck();
    } catch {
      // The camera does not answer any more: the attempt finds out why, and heals it.
      if (!this.#closing.signal.aborted && this.#next === null) await this.#attempt();
    }
  }

  /** The measured offset, or the known one where the difference says nothing. */
  #clockOffset(measured: number | null): number | null {
    const known = this.#status.clockOffsetMs;
    const same = known !== null && measured !== null && Math.abs(known - measured) <= CLOCK_RESOLUTION_MS;
    return same ? known : measured;
  }

  #announce(): void {
    this.#failureLog.recovered();
    this.#whereabouts?.reached();
    const { information, profiles, clockOffsetMs } = this.#status;
    const described = describeCamera(information, profiles, clockOffsetMs);
    if (described === this.#described) return;
    this.#described = described;
    this.#logger.info({ camera: this.id }, `camera ${this.id} online: ${described}`);
  }

  #scheduleAttempt(waitMs: number): void {
    this.#schedule(waitMs, performance.now() + waitMs, () => void this.#attempt());
  }

  #scheduleClockCheck(): void {
    this.#schedule(CLOCK_CHECK_INTERVAL_MS, null, () => void this.#checkClock());
  }

  #schedule(waitMs: number, attemptAt: number | null, task: () => void): void {
    this.#cancelNext();
    if (!this.#closing.signal.aborted) this.#next = { timer: setTimeout(task, waitMs), attemptAt };
  }

  #cancelNext(): void {
    clearTimeout(this.#next?.timer);
    this.#next = null;
  }

  #update(change: Partial<CameraStatus>): void {
    const next = { ...this.#status, ...change };
    if (next.state !== this.#status.state) next.since = this.#clock.now();
    if (isDeepStrictEqual(next, this.#status)) return;
    this.#status = next;
    if (!this.#closing.signal.aborted) this.#options.onChange?.();
  }
}
