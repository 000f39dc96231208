import type { CameraInfo, CameraState, ProfileInfo } from '../base/api.ts';
import type { Clock } from '../base/clock.ts';
import type { DialTurn } from '../base/dial-stagger.ts';
import type { Reason } from '../base/errors.ts';
import { redactUrl, type Logger } from '../base/log.ts';
import { Camera, type CameraOptions } from '../camera/camera.ts';
import type { RefusedLogIns } from '../camera/refused-log-ins.ts';
import { printable } from '../base/printable.ts';
import type { MediaControl } from '../plane/media-control.ts';
import type { MediaStats, StreamMedia, StreamState } from '../plane/messages.ts';
import { SignalingDevice } from '../signaling/device.ts';
import { CameraSessionHost } from './session-host.ts';
import { StaleUris } from './stale-uris.ts';

type CameraProfile = Camera['status']['profiles'][number];

/** Where one camera registers as a device. */
export interface DeviceSignaling {
  /** WebSocket URL. */
  server: string;
  /** Where clients connect, where that is not `server`: a path on the gateway's HTTP server. */
  clientPath?: string;
  token?: string | undefined;
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
  clock: Clock;
  logger: Logger;
  /** Called after the status of {@link GatewayCamera.camera} changed. */
  onChange?: () => void;
}

/** One camera of the gateway: its ONVIF side, its place in the media plane, and its device role at the signaling server. */
export class GatewayCamera {
  readonly camera: Camera;
  readonly #options: GatewayCameraOptions;
  readonly #device: SignalingDevice;
  /** By profile token. */
  readonly #streams = new Map<string, { state: StreamState; reason: Reason | null; media: StreamMedia | undefined }>();
  /** What was said once: a camera that is pulled anew a hundred times a day must not fill the log. */
  readonly #warned = new Set<string>();
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
        media.setCamera(this.camera.source());
        options.onChange?.();
      },
    });
    this.#device = new SignalingDevice({
      server: signaling.server,
      token: () => signaling.token,
      name: this.camera.name,
      host: new CameraSessionHost({
        cameraId: this.camera.id,
        media,
        profiles: () => this.camera.status.profiles.map(({ token }) => token),
        logger: logger.child({ camera: this.camera.id }),
      }),
      ...(turns === undefined ? {} : { turn: turns.signaling }),
      log: logger.child({ camera: this.camera.id }),
      ...(signaling.retry === undefined ? {} : { retry: signaling.retry }),
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
    this.camera.close();
    if (!this.#closed) this.#options.media.removeCamera(this.camera.id);
    this.#closed = true;
    await unregistered;
  }

  /** True once the signaling server has registered the camera. */
  get registered(): boolean {
    return this.#device.state.state === 'registered';
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
      if (this.#warned.has(key)) continue;
      this.#warned.add(key);
      const place = `camera ${this.camera.id}, profile ${printable(profile)}`;
      this.#options.logger.warn({ camera: this.camera.id, reason: warning }, `${place}: ${warning.message}`);
    }
  }

  /** The camera as `/api/cameras` shows it. */
  info({ streams, sessions }: MediaStats): CameraInfo {
    const { status, id, name, kind, address, configuredAddress } = this.camera;
    // ONVIF gives whole seconds only; what comes in says it to the millisecond.
    const measured = streams.find(({ cameraId, clockOffsetMs }) => cameraId === id && clockOffsetMs !== null);
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
      profiles: status.profiles.map((profile) => this.#profileInfo(profile)),
      clockOffsetMs: measured?.clockOffsetMs ?? status.clockOffsetMs,
      viewers: sessions.filter(({ cameraId, state: session }) => cameraId === id && session === 'live').length,
    };
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

  #profileInfo({ token, name, video, audio, metadata }: CameraProfile): ProfileInfo {
    const stream = this.#streams.get(token);
    const pulled = stream?.media;
    const sound = audio?.codec ?? pulled?.audio ?? null;
    return {
      token,
      name,
      video: videoInfo(video, pulled),
      audio: sound === null ? null : { codec: sound },
      metadata: metadata || pulled?.metadata === true,
      stream: { state: stream?.state ?? 'idle', reason: stream?.reason ?? null },
      warnings: pulled?.warnings ?? [],
    };
  }
}

/** What a viewer is told of a signaling server; user info and query are left out, since they may hold the secret of the device. */
export function clientAddress({ server, clientPath }: DeviceSignaling): string {
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
