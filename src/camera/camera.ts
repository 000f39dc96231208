import { isDeepStrictEqual } from 'node:util';
import { Backoff } from '../base/backoff.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import { atOnce } from '../base/dial-stagger.ts';
import { reasonOf, type Reason } from '../base/errors.ts';
import { silentLogger, type Logger } from '../base/log.ts';
import { bracketHost, parseRtspUrl } from '../base/rtsp-url.ts';
import type { CameraSource } from '../plane/messages.ts';
import { describeCamera, missingVideo, profilesOfUris, readProfiles, type CameraProfile } from './camera-profiles.ts';
import type { CameraDevice, CameraOptions } from './camera-options.ts';
import { cameraSource, type CameraStatus } from './camera-status.ts';
import { steadyClockOffset } from './clock-offset.ts';
import type { DeviceIdentity } from './device-identity.ts';
import { FailureLog } from './failure-log.ts';
import { KeyframeRequests } from './keyframe-requests.ts';
import { OnvifDevice } from './onvif/adapter.ts';
import { RefusedLogIns, type LogIn } from './refused-log-ins.ts';
import { Replacement, type Stranger } from './replacement.ts';
import { credentialsInUris } from './stream-uri.ts';
import { describePlace, Whereabouts, type CameraPlace } from './whereabouts.ts';

export type { CameraDevice, CameraOptions } from './camera-options.ts';
export type { CameraStatus } from './camera-status.ts';

/** Waits between attempts, milliseconds; those after a refused log-in {@link RefusedLogIns} knows. */
const RETRY_FIRST_MS = 1000;
const RETRY_MAX_MS = 30_000;
/** {@link Camera.refresh} leads to at most one attempt in this time. */
const REFRESH_INTERVAL_MS = 5000;
const CLOCK_CHECK_INTERVAL_MS = 10 * 60_000;
const ADVICE_ADOPTED = 'Check username and password of discovery in the config, or write the camera into the list with its own.';

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
  readonly #refusedLogIns: RefusedLogIns;
  readonly #replacement: Replacement;
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
    this.#refusedLogIns = options.refusedLogIns ?? new RefusedLogIns();
    const isNamed = options.endpointReference !== undefined;
    this.#replacement = new Replacement({ cameraId: options.id, isNamed, clock: this.#clock, logger: this.#logger });
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
      isFound: false,
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

  /** The device that is connected; null while there is none. Its owner is the camera. */
  get device(): CameraDevice | null {
    return this.#device;
  }

  /** Requests for keyframes that the camera refused or did not answer. */
  get keyframeErrors(): number {
    return this.#keyframes.errors;
  }

  /** What the media plane needs to pull the camera; profiles with H.264 come first. */
  source(): CameraSource {
    return cameraSource(this.#options, this.#status, this.#credentials);
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

  /** Another device at its own address that accepts its credentials, and may replace it; null where there is none. */
  get stranger(): Stranger | null {
    return this.#replacement.stranger;
  }

  /** Takes the {@link stranger} for its device from now on. */
  replace(): void {
    const identity = this.#replacement.take(this.#identity);
    if (identity === undefined || this.#closing.signal.aborted) return;
    this.#identity = identity;
    this.#attempting?.abort();
    this.#scheduleAttempt(0);
  }

  /** Asks the camera for a keyframe; when to, the media plane decides. An `rtsp:` camera cannot be asked. */
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
    const logIn = this.#logIn(place);
    const device = await this.#refusedLogIns.attempt(logIn, signal, () =>
      connect({ ...place, ...logIn, ...(tls === undefined ? {} : { tls }), signal }),
    );
    try {
      this.#replacement.assertOwn(this.#identity, device.information, place, this.#whereabouts?.isFound === true);
      const profiles = await readProfiles(device, this.id, this.#options.videoSource);
      signal.throwIfAborted();
      this.#refusedLogIns.accepted(logIn);
      this.#take(device, profiles);
    } catch (error) {
      if (this.#device !== device) device.close();
      throw error;
    }
  }

  #take(device: CameraDevice, profiles: CameraProfile[]): void {
    this.#device?.close();
    this.#device = device;
    const known = {
      information: device.information,
      profiles,
      isFound: this.#whereabouts?.isFound === true,
      clockOffsetMs: steadyClockOffset(this.#status.clockOffsetMs, device.clockOffsetMs),
    };
    const unusable = missingVideo(profiles, this.id);
    if (unusable !== undefined) {
      this.#update(known);
      throw unusable;
    }
    this.#update({ ...known, state: 'online', reason: null });
    this.#announce();
  }

  #retry(error: unknown): void {
    const reason = this.#reasonOf(error);
    const { place } = this;
    const isRefused = place !== undefined && reason.code === 'camera.unauthorized';
    const refusedMs = isRefused ? this.#refusedLogIns.refused(this.#logIn(place), error) : 0;
    this.#whereabouts?.failed();
    if (reason.code !== 'camera.other_device') this.#replacement.gone();
    // Where it is tried next at another address, that one has not refused anything.
    const waitMs = isRefused && place === this.place ? refusedMs : this.#backoff.next();
    if (reason.code === 'internal') this.#logger.error({ camera: this.id, err: error }, `camera ${this.id}: unexpected error`);
    this.#failureLog.failed(reason, waitMs);
    this.#described = null;
    this.#scheduleAttempt(waitMs);
    this.#update({ state: 'failed', reason });
  }

  #logIn({ host, port }: CameraPlace): LogIn {
    return { host, port, username: '', password: '', ...this.#credentials };
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
      this.#update({ clockOffsetMs: steadyClockOffset(this.#status.clockOffsetMs, offset) });
      if (this.#isIdle) this.#scheduleClockCheck();
    } catch {
      // The camera does not answer any more: the attempt finds out why, and heals it.
      if (!this.#closing.signal.aborted && this.#isIdle) await this.#attempt();
    }
  }

  /** Nothing is under way or planned: nobody moved the camera or wished for a refresh meanwhile. */
  get #isIdle(): boolean {
    return this.#next === null && this.#attempting === null;
  }

  #announce(): void {
    this.#failureLog.recovered();
    this.#whereabouts?.reached();
    const described = describeCamera(this.#status);
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
