import type { CameraInfo, CameraState, DeviceStats, LadderInfo, ProfileInfo } from '../base/api.ts';
import type { Clock } from '../base/clock.ts';
import type { DialTurn } from '../base/dial-stagger.ts';
import type { Reason } from '../base/errors.ts';
import { redactUrl, type Logger } from '../base/log.ts';
import { Camera, type CameraOptions } from '../camera/camera.ts';
import { canTalk } from '../camera/camera-status.ts';
import { EventFeed } from '../camera/events/event-feed.ts';
import type { RefusedLogIns } from '../camera/refused-log-ins.ts';
import { printable } from '../base/printable.ts';
import type { MediaControl } from '../plane/media-control.ts';
import type { Pictures } from '../plane/pictures.ts';
import type { MediaStats, StreamMedia, StreamState, StreamStats } from '../plane/messages.ts';
import { SignalingDevice } from '../signaling/device/device.ts';
import type { ServerAccess } from '../signaling/device/registration.ts';
import { cameraLadders } from './camera-ladders.ts';
import { CameraSnapshots } from './camera-snapshots.ts';
import { CameraSessionHost } from './session-host.ts';
import { StaleUris } from './stale-uris.ts';

type CameraProfile = Camera['status']['profiles'][number];

/** Where one camera registers as a device. */
export interface DeviceSignaling extends ServerAccess {
  /** Where clients connect, where that is not `server`: a path on the gateway's HTTP server. */
  clientPath?: string;
  /** Waits between attempts to register, milliseconds. */
  retry?: { firstMs: number; maxMs: number };
}

export interface GatewayCameraOptions {
  camera: CameraOptions;
  signaling: DeviceSignaling;
  /** Waited for before each attempt to connect: to the camera by ONVIF, and to the signaling server. */
  turns?: { camera: DialTurn; signaling: DialTurn };
  /** Shared by all cameras; default one of its own. */
  refusedLogIns?: RefusedLogIns;
  media: MediaControl;
  /** Of all cameras. */
  pictures: Pictures;
  clock: Clock;
  logger: Logger;
  /** Called after the status of {@link GatewayCamera.camera} changed. */
  onChange?: () => void;
}

/**
 * A warning that was not there for so long is logged again, milliseconds: a conversion that fails weeks later is news, but a camera that is pulled anew
 * a hundred times a day must not fill the log.
 */
const WARNING_OVER_MS = 3_600_000;

/** One camera of the gateway: its ONVIF side, its place in the media plane, and its device role at the signaling server. */
export class GatewayCamera {
  readonly camera: Camera;
  readonly snapshots: CameraSnapshots;
  readonly #options: GatewayCameraOptions;
  readonly #device: SignalingDevice;
  /** Where the config wants its events. */
  readonly #events: EventFeed | undefined;
  /** By profile token. */
  readonly #streams = new Map<string, { state: StreamState; reason: Reason | null; media: StreamMedia | undefined }>();
  /** Warnings that the log has, and when they were there last, by `performance.now()`. */
  readonly #warned = new Map<string, number>();
  readonly #staleUris = new StaleUris();
  /** Of an `rtsp:` camera, which only its streams tell of: how the last pull went, kept while nobody watches. */
  #pulled: { state: CameraState; reason: Reason | null; since: number } | undefined;
  #closed = false;

  constructor(options: GatewayCameraOptions) {
    this.#options = options;
    const { media, clock, logger, signaling, turns, refusedLogIns } = options;
    this.camera = new Camera({
      ...options.camera,
      ...(turns === undefined ? {} : { turn: turns.camera }),
      ...(refusedLogIns === undefined ? {} : { refusedLogIns }),
      clock,
      logger,
      onChange: () => {
        if (this.#closed) return;
        media.setCamera(this.camera.source());
        options.onChange?.();
      },
    });
    this.snapshots = new CameraSnapshots({ camera: this.camera, pictures: options.pictures });
    this.#events = options.camera.events === true ? this.#eventFeed() : undefined;
    this.#device = new SignalingDevice({
      ...signaling,
      name: this.camera.name,
      host: new CameraSessionHost({
        cameraId: this.camera.id,
        media,
        profiles: () => this.camera.status.profiles.map(({ token }) => token),
        failure: () => this.camera.status.reason,
        logger: logger.child({ camera: this.camera.id }),
      }),
      ...(turns === undefined ? {} : { turn: turns.signaling }),
      log: logger.child({ camera: this.camera.id }),
    });
  }

  start(): void {
    this.#options.media.setCamera(this.camera.source());
    this.camera.start();
    this.#device.start();
  }

  /** Ends the sessions, lets the camera go, unregisters. From this call on, another camera may have the id. */
  async close(): Promise<void> {
    // Says goodbye to the viewers before the media plane is told, which would have another reason for them.
    const unregistered = this.#device.close();
    if (!this.#closed) this.#options.media.removeCamera(this.camera.id);
    this.#closed = true;
    // A camera has few subscriptions: it is told that this one is over.
    if (this.#events !== undefined) await this.#events.close();
    this.camera.close();
    await unregistered;
  }

  /** True once the signaling server has registered the camera. */
  get registered(): boolean {
    return this.#device.state.state === 'registered';
  }

  get deviceStats(): DeviceStats {
    return { camera: this.camera.id, ...this.#device.counts };
  }

  /** Takes what the media plane says of a pulled profile. */
  onStreamState(profile: string, state: StreamState, reason: Reason | undefined, media: StreamMedia | undefined): void {
    const known = this.#streams.get(profile);
    this.#streams.set(profile, { state, reason: reason ?? null, media: media ?? known?.media });
    this.#notePull(state, reason ?? null);
    if (state === 'playing') this.#staleUris.proved();
    if (state === 'failed' && this.#staleUris.suspectedBy(reason?.code)) this.camera.refresh();
    for (const warning of media?.warnings ?? []) {
      const key = `${profile} ${warning.code}`;
      const now = performance.now();
      const isNews = now - (this.#warned.get(key) ?? Number.NEGATIVE_INFINITY) >= WARNING_OVER_MS;
      this.#warned.set(key, now);
      if (!isNews) continue;
      const place = `camera ${this.camera.id}, profile ${printable(profile)}`;
      this.#options.logger.warn({ camera: this.camera.id, reason: warning }, `${place}: ${warning.message}`);
    }
  }

  /** Takes which session listens to documents made of its events. */
  onMetadataListener(sessionId: string, listens: boolean): void {
    if (listens) this.#events?.listen(sessionId);
    else this.#events?.leave(sessionId);
  }

  /** The camera as `/api/cameras` shows it. */
  info({ streams, sessions, talks }: MediaStats): CameraInfo {
    const { status, id, name, kind, address, configuredAddress } = this.camera;
    // ONVIF gives whole seconds only; what comes in says it to the millisecond.
    const measured = streams.find(({ cameraId, clockOffsetMs }) => cameraId === id && clockOffsetMs !== null);
    const talk = talks.find(({ cameraId }) => cameraId === id);
    const { state, peer, reason } = this.#device.state;
    const health = this.#health();
    return {
      id,
      name,
      state: health.state,
      since: new Date(health.since).toISOString(),
      reason: health.reason,
      peer,
      signaling: { state, server: clientAddress(this.#options.signaling), reason },
      address,
      configuredAddress,
      adopted: this.#options.camera.adopted === true,
      kind,
      manufacturer: status.information?.manufacturer ?? null,
      model: status.information?.model ?? null,
      firmware: status.information?.firmware ?? null,
      profiles: status.profiles.map((profile) => this.#profileInfo(profile, streams)),
      clockOffsetMs: measured?.clockOffsetMs ?? status.clockOffsetMs,
      viewers: sessions.filter(({ cameraId, state: session }) => cameraId === id && session === 'live').length,
      ladders: this.#ladders(streams),
      talk: { state: talk?.state ?? 'idle', reason: talk?.reason ?? null, talking: talk !== undefined && talk.session !== null },
      events:
        this.#events === undefined ? null : { state: this.#events.state, reason: this.#events.reason, ...this.#events.counters },
    };
  }

  #eventFeed(): EventFeed {
    const { media, logger } = this.#options;
    return new EventFeed({
      cameraId: this.camera.id,
      service: () => (this.camera.device === null ? undefined : (this.camera.device.events ?? null)),
      onDocument: (document, sessionId) => media.sendDocument(this.camera.id, document, sessionId),
      logger,
    });
  }

  /** What a pull says of the camera; as long as one stream plays the camera is there, whatever befell the others. */
  #notePull(state: StreamState, reason: Reason | null): void {
    const before = this.#health();
    const note = (now: CameraState, failure: Reason | null): void => {
      const since = now === before.state ? before.since : this.#options.clock.now();
      this.#pulled = { state: now, reason: failure, since };
    };
    if ([...this.#streams.values()].some((stream) => stream.state === 'playing')) note('online', null);
    else if (state === 'failed') note('failed', reason);
    // Its first pull: nothing is known of it yet.
    else if (state === 'connecting' && this.#pulled === undefined) note('connecting', null);
    else if (state === 'idle' && before.state === 'connecting') this.#pulled = undefined;
  }

  #health(): { state: CameraState; since: number; reason: Reason | null } {
    const { kind, status } = this.camera;
    if (kind === 'onvif' || this.#pulled === undefined) return status;
    return this.#pulled;
  }

  #ladders(streams: readonly StreamStats[]): LadderInfo[] {
    const profiles = this.camera.status.profiles.map(({ token, video, videoSource }) => {
      return { token, videoSource, video: videoInfo(video, this.#streams.get(token)?.media) };
    });
    return cameraLadders(
      profiles,
      streams.filter(({ cameraId }) => cameraId === this.camera.id),
    );
  }

  #profileInfo(profile: CameraProfile, streams: readonly StreamStats[]): ProfileInfo {
    const { token, name, video, audio, metadata } = profile;
    const stream = this.#streams.get(token);
    const pulled = stream?.media;
    const sound = audio?.codec ?? pulled?.audio ?? null;
    const stats = streams.find(({ cameraId, profile: of }) => cameraId === this.camera.id && of === token);
    return {
      token,
      name,
      video: videoInfo(video, pulled),
      audio: sound === null ? null : { codec: sound },
      metadata: metadata || pulled?.metadata === true || this.#events !== undefined,
      talk: canTalk(this.#options.camera.talk ?? 'auto', profile),
      stream: { state: stream?.state ?? 'idle', reason: stream?.reason ?? null },
      conversions: (stats?.conversions ?? []).map(({ kind, from, to, state, reason, dropped, cpu }) => ({
        kind,
        from,
        to,
        state,
        reason,
        dropped,
        cpu,
      })),
      warnings: pulled?.warnings ?? [],
    };
  }
}

/** What a viewer is told of a signaling server; user info and query are left out, since they may hold the secret of the device. */
export function clientAddress({ server, clientPath }: Pick<DeviceSignaling, 'server' | 'clientPath'>): string {
  if (clientPath !== undefined) return clientPath;
  const url = URL.parse(redactUrl(server));
  return url === null ? '' : url.origin + url.pathname;
}

function videoInfo(configured: CameraProfile['video'], pulled: StreamMedia | undefined): ProfileInfo['video'] {
  if (configured !== null) {
    const { codec, width, height, framesPerSecond, bitrateKbps } = configured;
    return { codec, width, height, framesPerSecond, bitrateKbps };
  }
  const codec = pulled?.video ?? null;
  return codec === null ? null : { codec, width: null, height: null, framesPerSecond: null, bitrateKbps: null };
}
