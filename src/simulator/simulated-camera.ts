import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock, type Clock } from '../base/clock.ts';
import type { DiscoverableDevice } from './discovery-message.ts';
import type { DiscoveryResponder } from './discovery-responder.ts';
import { Authenticator } from './onvif/authenticator.ts';
import { deviceService, type CameraIdentity } from './onvif/device-service.ts';
import { EventService } from './onvif/event-service.ts';
import type { DigestAlgorithm } from './onvif/http-digest.ts';
import { imagingService } from './onvif/imaging-service.ts';
import type { MetadataSettings } from './onvif/media-configurations.ts';
import { mediaService } from './onvif/media-service.ts';
import { media2Service } from './onvif/media2-service.ts';
import { ptzService } from './onvif/ptz-service.ts';
import { OnvifServer } from './onvif/server.ts';
import type { Endpoint } from './onvif/service.ts';
import { SIMULATED_PROFILES } from './profiles.ts';
import { PtzState } from './ptz-state.ts';
import { Timeline } from './timeline.ts';

export interface SimulatedCameraOptions {
  name: string;
  username: string;
  password: string;
  /** Address to listen on, without authentication of TLS kind: anything but loopback is for a trusted network. Default 127.0.0.1. */
  host?: string;
  /** 0 (the default): any free port. */
  onvifPort?: number;
  rtspPort?: number;
  clock?: Clock;
  /** The camera's wall clock minus `clock`, milliseconds; also settable later. */
  clockOffsetMs?: number;
  /** What HTTP Digest offers, in the order of preference; default SHA-256, then MD5. */
  digestAlgorithms?: readonly DigestAlgorithm[];
  /** Where the camera is to be found by WS-Discovery; whoever made the responder starts and closes it. Absent: not found. */
  discovery?: DiscoveryResponder;
}

export interface SimulatedCameraAddresses {
  onvifUrl: string;
  onvifPort: number;
  /** The main profile. */
  rtspUrl: string;
  rtspPort: number;
}

/** What a test makes go wrong with the ONVIF services. */
export interface OnvifFaults {
  /** Connections are taken, requests are read and never answered. */
  silent: boolean;
  /** Each answer comes this much later, milliseconds. */
  delayMs: number;
}

/** Between the answer to SystemReboot and the reboot, milliseconds. */
const REBOOT_NOTICE_MS = 200;

/** How long a camera that was told to reboot is away, milliseconds. */
const REBOOT_MS = 3_000;

/** One ONVIF camera on ports of its own: the composition of services, media and faults. */
export class SimulatedCamera {
  readonly identity: CameraIdentity;
  readonly timeline: Timeline;
  readonly ptz = new PtzState();
  readonly faults: OnvifFaults = { silent: false, delayMs: 0 };
  /** What the metadata stream carries, as a client set it. */
  readonly metadata: MetadataSettings = { ptzStatus: true, ptzPosition: true, events: true, analytics: true };
  readonly #options: SimulatedCameraOptions;
  readonly #host: string;
  readonly #authenticator: Authenticator;
  readonly #events: EventService;
  readonly #endpoints: readonly Endpoint[];
  readonly #closing = new AbortController();
  #onvif: OnvifServer | undefined;
  #addresses: SimulatedCameraAddresses | undefined;
  #announced: DiscoverableDevice | undefined;
  #restart: Promise<void> = Promise.resolve();

  constructor(options: SimulatedCameraOptions) {
    this.#options = options;
    this.#host = options.host ?? '127.0.0.1';
    this.identity = identityOf(options.name);
    this.timeline = new Timeline(options.clock ?? systemClock, { clockOffsetMs: options.clockOffsetMs ?? 0 });
    this.#authenticator = new Authenticator({
      username: options.username,
      password: options.password,
      realm: 'onvif-webrtc-gateway simulator',
      digestAlgorithms: options.digestAlgorithms ?? ['SHA-256', 'MD5'],
      clock: { now: () => this.timeline.cameraTimeAt(this.timeline.now()) },
    });
    this.#events = new EventService(this.timeline);
    this.#endpoints = this.#composeServices();
  }

  /** The camera's wall clock minus the host's, milliseconds. */
  get clockOffsetMs(): number {
    return this.timeline.clockOffsetMs;
  }

  set clockOffsetMs(offset: number) {
    this.timeline.clockOffsetMs = offset;
  }

  /** Listens and says Hello. */
  async start(): Promise<SimulatedCameraAddresses> {
    const onvifPort = await this.#listen(this.#options.onvifPort ?? 0);
    const rtspPort = this.#options.rtspPort ?? 0;
    const host = this.#host.includes(':') ? `[${this.#host}]` : this.#host;
    this.#addresses = {
      onvifUrl: `http://${host}:${onvifPort}/onvif/device_service`,
      onvifPort,
      rtspUrl: `rtsp://${host}:${rtspPort}/main`,
      rtspPort,
    };
    await this.#announce();
    return this.#addresses;
  }

  /** Says Bye, drops all connections, refuses new ones for `downMs` and comes back on the same ports. */
  async reboot(downMs = REBOOT_MS): Promise<void> {
    this.#restart = this.#restart.then(async () => {
      if (this.#closing.signal.aborted) return;
      await this.#goDown();
      await sleep(downMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      if (this.#closing.signal.aborted) return;
      await this.#listen(this.#addresses?.onvifPort ?? 0);
      await this.#announce();
    });
    await this.#restart;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#restart;
    await this.#goDown();
  }

  async #listen(onvifPort: number): Promise<number> {
    this.#onvif = new OnvifServer({
      host: this.#host,
      port: onvifPort,
      endpoints: this.#endpoints,
      authenticator: this.#authenticator,
      gate: (signal) => this.#gate(signal),
    });
    return await this.#onvif.start();
  }

  async #goDown(): Promise<void> {
    if (this.#announced !== undefined) await this.#options.discovery?.remove(this.#announced);
    this.#announced = undefined;
    this.#events.close();
    await this.#onvif?.close();
    this.#onvif = undefined;
  }

  async #announce(): Promise<void> {
    if (this.#addresses === undefined || this.#options.discovery === undefined) return;
    this.#announced = {
      endpointReference: this.identity.endpointReference,
      scopes: this.identity.scopes,
      xAddrs: [this.#addresses.onvifUrl],
    };
    await this.#options.discovery.add(this.#announced);
  }

  #composeServices(): Endpoint[] {
    const media = {
      profiles: SIMULATED_PROFILES,
      metadata: this.metadata,
      rtspPort: () => this.#addresses?.rtspPort ?? 0,
      onSynchronizationPoint: () => this.timeline.jumpToNextGop(),
    };
    const services = [
      mediaService(media),
      media2Service(media),
      ptzService({ ptz: this.ptz, timeline: this.timeline, profiles: SIMULATED_PROFILES }),
      imagingService(),
      this.#events.service,
    ];
    const device = deviceService({
      identity: this.identity,
      timeline: this.timeline,
      username: this.#options.username,
      address: /^[\d.]+$/.test(this.#host) ? this.#host : '127.0.0.1',
      services,
      onReboot: () => void this.#rebootSoon(),
    });
    return [device, ...services, this.#events.subscriptions];
  }

  /** The client gets its answer first. */
  async #rebootSoon(): Promise<void> {
    await sleep(REBOOT_NOTICE_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    await this.reboot();
  }

  async #gate(signal: AbortSignal): Promise<void> {
    if (this.faults.silent) await new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    if (this.faults.delayMs > 0) await sleep(this.faults.delayMs, undefined, { signal });
  }
}

function identityOf(name: string): CameraIdentity {
  const uuid = randomUUID();
  const model = 'Street Corner';
  return {
    name,
    manufacturer: 'onvif-webrtc-gateway',
    model,
    firmwareVersion: 'simulator',
    serialNumber: `SIM-${uuid.slice(0, 8)}`,
    hardwareId: 'simulator',
    endpointReference: `urn:uuid:${uuid}`,
    // Locally administered (IEEE 802), so that it is nobody's.
    hardwareAddress: ['02', ...(uuid.slice(-10).match(/../g) ?? [])].join(':'),
    scopes: [
      'type/video_encoder',
      'type/audio_encoder',
      'type/ptz',
      'Profile/Streaming',
      'Profile/T',
      `hardware/${encodeURIComponent(model)}`,
      `name/${encodeURIComponent(name)}`,
    ].map((scope) => `onvif://www.onvif.org/${scope}`),
  };
}
