import type { CameraInfo, ProfileInfo } from '../base/api.ts';
import type { Clock } from '../base/clock.ts';
import type { Reason } from '../base/errors.ts';
import { redactUrl, type Logger } from '../base/log.ts';
import { Camera, type CameraOptions } from '../camera/camera.ts';
import type { MediaControl } from '../plane/media-control.ts';
import type { MediaStats, StreamMedia, StreamState } from '../plane/messages.ts';
import { SignalingDevice } from '../signaling/device.ts';
import { CameraSessionHost } from './session-host.ts';

/** Where one camera registers as a device. */
export interface DeviceSignaling {
  /** WebSocket URL. */
  server: string;
  token?: string | undefined;
  /** Waits between attempts to register, milliseconds. */
  retry?: { firstMs: number; maxMs: number };
}

export interface GatewayCameraOptions {
  camera: CameraOptions;
  signaling: DeviceSignaling;
  media: MediaControl;
  clock: Clock;
  logger: Logger;
}

/** One camera of the gateway: its ONVIF side, its place in the media plane, and its device role at the signaling server. */
export class GatewayCamera {
  readonly camera: Camera;
  readonly #options: GatewayCameraOptions;
  readonly #device: SignalingDevice;
  /** By profile token. */
  readonly #streams = new Map<string, { state: StreamState; reason: Reason | null; media: StreamMedia | undefined }>();

  constructor(options: GatewayCameraOptions) {
    this.#options = options;
    const { media, clock, logger, signaling } = options;
    this.camera = new Camera({ ...options.camera, clock, logger, onChange: () => media.setCamera(this.camera.source()) });
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
      log: logger.child({ camera: this.camera.id }),
      ...(signaling.retry === undefined ? {} : { retry: signaling.retry }),
    });
  }

  start(): void {
    this.#options.media.setCamera(this.camera.source());
    this.camera.start();
    this.#device.start();
  }

  /** Ends the sessions, unregisters, lets the camera go. */
  async close(): Promise<void> {
    await this.#device.close();
    this.camera.close();
    this.#options.media.removeCamera(this.camera.id);
  }

  /** True once the signaling server has registered the camera. */
  get registered(): boolean {
    return this.#device.state.state === 'registered';
  }

  /** Takes what the media plane says of a pulled profile. */
  onStreamState(profile: string, state: StreamState, reason: Reason | undefined, media: StreamMedia | undefined): void {
    const known = this.#streams.get(profile);
    this.#streams.set(profile, { state, reason: reason ?? null, media: media ?? known?.media });
    if (state === 'failed') this.camera.refresh();
    if (media !== undefined && media.audio !== null && !media.audioPassed && known?.media?.audio !== media.audio) {
      const { logger } = this.#options;
      logger.warn(
        { camera: this.camera.id },
        `camera ${this.camera.id}: no sound of profile ${profile}: browsers do not play ${media.audio}`,
      );
    }
  }

  /** The camera as `/api/cameras` shows it. */
  info({ streams, sessions }: MediaStats): CameraInfo {
    const { status, id, name, kind, address } = this.camera;
    // ONVIF gives whole seconds only; what comes in says it to the millisecond.
    const measured = streams.find(({ cameraId, clockOffsetMs }) => cameraId === id && clockOffsetMs !== null);
    const { state, peer, reason } = this.#device.state;
    return {
      id,
      name,
      state: status.state,
      since: new Date(status.since).toISOString(),
      reason: status.reason,
      peer,
      signaling: { state, server: redactUrl(this.#options.signaling.server), reason },
      address,
      kind,
      manufacturer: status.information?.manufacturer ?? null,
      model: status.information?.model ?? null,
      firmware: status.information?.firmware ?? null,
      profiles: status.profiles.map((profile) => this.#profileInfo(profile)),
      clockOffsetMs: measured?.clockOffsetMs ?? status.clockOffsetMs,
      viewers: sessions.filter(({ cameraId, state: session }) => cameraId === id && session === 'live').length,
    };
  }

  #profileInfo({ token, name, video, audio, metadata }: Camera['status']['profiles'][number]): ProfileInfo {
    const stream = this.#streams.get(token);
    const pulled = stream?.media;
    const codec = audio?.codec ?? pulled?.audio ?? undefined;
    return {
      token,
      name,
      video:
        video === null
          ? null
          : {
              codec: video.codec,
              width: video.width,
              height: video.height,
              framesPerSecond: video.framesPerSecond,
              bitrateKbps: video.bitrateKbps,
            },
      audio: codec === undefined ? null : { codec },
      metadata: metadata || pulled?.metadata === true,
      stream: { state: stream?.state ?? 'idle', reason: stream?.reason ?? null },
    };
  }
}
