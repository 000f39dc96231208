import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock, type Clock } from '../base/clock.ts';
import type { DigestAlgorithm } from '../camera/rtsp/auth.ts';
import { loadClips, type Clips } from './clips.ts';
import type { DiscoverableDevice } from './discovery-message.ts';
import type { DiscoveryResponder } from './discovery-responder.ts';
import { listenAgain } from './listen-again.ts';
import type { MetadataParts } from './metadata-document.ts';
import { Authenticator } from './onvif/authenticator.ts';
import { deviceService, type CameraIdentity } from './onvif/device-service.ts';
import { EventService } from './onvif/event-service.ts';
import { imagingService } from './onvif/imaging-service.ts';
import { mediaService } from './onvif/media-service.ts';
import { media2Service } from './onvif/media2-service.ts';
import { ptzService } from './onvif/ptz-service.ts';
import { OnvifServer } from './onvif/server.ts';
import type { Endpoint } from './onvif/service.ts';
import { MAIN_PROFILE, profilesOfInputs } from './profiles.ts';
import { PtzState } from './ptz-state.ts';
import { RtspCameraServer } from './rtsp/server.ts';
import type { DocumentSource } from './rtsp/tracks.ts';
import { Timeline } from './timeline.ts';

export interface SimulatedCameraOptions {
  name: string;
  username: string;
  password: string;
  /** Address to listen on; default 127.0.0.1. Anything else lets the network in. */
  host?: string;
  /** 0 (the default): any free port. */
  onvifPort?: number;
  rtspPort?: number;
  clock?: Clock;
  /** PEM; with it ONVIF is served by https, and by http no more. */
  certificate?: { key: string; cert: string };
  /** The camera's wall clock minus `clock`, milliseconds; also settable later. */
  clockOffsetMs?: number;
  /** What HTTP Digest offers, in the order of preference; default SHA-256, then MD5. */
  digestAlgorithms?: readonly DigestAlgorithm[];
  /** Video sources, as an encoder or NVR has several; all show the same. Default 1. */
  inputs?: number;
  /** Of its endpoint reference, and of serial and hardware address where nothing else is said; default a new one. */
  uuid?: string;
  serialNumber?: string;
  /** What it plays; several cameras may share one. Default: its own copy. */
  clips?: Clips;
  /** Whether its profiles have metadata, and what their configuration says of compression; default with a stream, saying nothing. */
  metadata?: 'none' | { compressionType: string };
  /** From one metadata document to the next, milliseconds; default 200. */
  metadataIntervalMs?: number;
  /** What its metadata stream says; default the objects of its picture and where it looks. */
  documents?: DocumentSource;
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

/** What a test makes go wrong with the ONVIF services; those of the media are the RTSP server's. */
export interface OnvifFaults {
  /** Connections are taken and requests never answered. */
  unresponsive: boolean;
  /** Each answer comes this much later, milliseconds. */
  delayMs: number;
}

/** Between the answer to SystemReboot and the reboot, milliseconds. */
const REBOOT_NOTICE_MS = 200;

/** The longest time of a timer. */
const FOREVER_MS = 2 ** 31 - 1;

/** How long a camera that was told to reboot is away, milliseconds. */
const REBOOT_MS = 3_000;

/**
 * One ONVIF camera on ports of its own: the composition of services, media and faults.
 *
 * ```ts
 * const camera = new SimulatedCamera({ name: 'Yard', username: 'viewer', password: 'secret' });
 * const { onvifUrl, rtspUrl } = await camera.start();
 * camera.onvifFaults.delayMs = 500;
 * camera.rtsp.faults.lossShare = 0.01;
 * await camera.reboot(2_000);
 * await camera.close();
 * ```
 */
export class SimulatedCamera {
  readonly identity: CameraIdentity;
  readonly timeline: Timeline;
  readonly ptz = new PtzState();
  readonly onvifFaults: OnvifFaults = { unresponsive: false, delayMs: 0 };
  /** What the metadata stream has; a client may set it. */
  readonly metadata: MetadataParts = { analytics: true, ptzPosition: true, ptzStatus: true };
  readonly #options: SimulatedCameraOptions;
  readonly #host: string;
  readonly #authenticator: Authenticator;
  readonly #events: EventService;
  readonly #endpoints: readonly Endpoint[];
  readonly #closing = new AbortController();
  #onvif: OnvifServer | undefined;
  #rtsp: RtspCameraServer | undefined;
  #addresses: SimulatedCameraAddresses | undefined;
  #announced: DiscoverableDevice | undefined;
  /** The last reboot that was asked for; reboots happen one after the other. */
  #restart: Promise<void> = Promise.resolve();

  constructor(options: SimulatedCameraOptions) {
    this.#options = options;
    this.#host = options.host ?? '127.0.0.1';
    this.identity = identityOf(options);
    this.timeline = new Timeline(options.clock ?? systemClock, { clockOffsetMs: options.clockOffsetMs ?? 0 });
    this.#authenticator = new Authenticator({
      username: options.username,
      password: options.password,
      digestAlgorithms: options.digestAlgorithms ?? ['SHA-256', 'MD5'],
      timeline: this.timeline,
    });
    this.#events = new EventService(this.timeline);
    if (typeof options.metadata === 'object') this.metadata.compressionType = options.metadata.compressionType;
    this.#endpoints = this.#composeServices();
  }

  /** The camera's wall clock minus the host's, milliseconds. */
  get clockOffsetMs(): number {
    return this.timeline.clockOffsetMs;
  }

  set clockOffsetMs(offset: number) {
    this.timeline.clockOffsetMs = offset;
  }

  /** The media's side: its faults, what came over the backchannel. There once {@link start} has resolved. */
  get rtsp(): RtspCameraServer {
    if (this.#rtsp === undefined) throw new Error('The simulated camera has not been started');
    return this.#rtsp;
  }

  /** Answers nothing any more, neither SOAP nor RTSP, or answers again. */
  setUnresponsive(isUnresponsive: boolean): void {
    this.onvifFaults.unresponsive = isUnresponsive;
    this.rtsp.faults.unresponsive = isUnresponsive;
  }

  /** Listens and says Hello. Throws `simulator.port-taken`; then nothing is left open. */
  async start(): Promise<SimulatedCameraAddresses> {
    const {
      username,
      password,
      clips = await loadClips(),
      onvifPort: wantedPort = 0,
      rtspPort: port = 0,
      documents,
      metadataIntervalMs,
    } = this.#options;
    this.#rtsp = new RtspCameraServer({
      clips,
      timeline: this.timeline,
      ptz: this.ptz,
      metadata: this.metadata,
      ...(documents === undefined ? {} : { documents }),
      ...(metadataIntervalMs === undefined ? {} : { metadataIntervalMs }),
      host: this.#host,
      port,
      credentials: { username, password },
      inputs: this.#options.inputs ?? 1,
    });
    if (this.#options.metadata === 'none') this.#rtsp.faults.description = 'no-metadata';
    try {
      const { port: rtspPort } = await this.#rtsp.start();
      const onvifPort = await this.#listen(wantedPort);
      const host = this.#host.includes(':') ? `[${this.#host}]` : this.#host;
      const onvifUrl = `${this.#options.certificate === undefined ? 'http' : 'https'}://${host}:${onvifPort}/onvif/device_service`;
      this.#addresses = { onvifUrl, onvifPort, rtspUrl: `rtsp://${host}:${rtspPort}/${MAIN_PROFILE.token}`, rtspPort };
      await this.#announce();
      return this.#addresses;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Says Bye, drops all connections, refuses new ones for `downMs` and comes back on the same ports, once they are free. */
  async reboot(downMs = REBOOT_MS): Promise<void> {
    const restarted = this.#restart.then(async () => {
      if (this.#closing.signal.aborted) return;
      await Promise.all([this.rtsp.reboot(downMs), this.#rebootOnvif(downMs)]);
      if (!this.#closing.signal.aborted) await this.#announce();
    });
    this.#restart = restarted.catch(() => undefined);
    await restarted;
  }

  /** Idempotent. Says Bye. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#rtsp?.close();
    await this.#restart;
    await this.#goDown();
  }

  async #rebootOnvif(downMs: number): Promise<void> {
    await this.#goDown();
    await sleep(downMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    await listenAgain(() => this.#listen(this.#addresses?.onvifPort ?? 0), this.#closing.signal);
  }

  async #listen(onvifPort: number): Promise<number> {
    const { certificate } = this.#options;
    this.#onvif = new OnvifServer({
      ...(certificate === undefined ? {} : { certificate }),
      host: this.#host,
      port: onvifPort,
      endpoints: this.#endpoints,
      authenticator: this.#authenticator,
      gate: (signal) => this.#gate(signal),
    });
    return this.#onvif.start();
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
    const profiles = profilesOfInputs(this.#options.inputs ?? 1);
    const media = {
      profiles,
      metadata: this.metadata,
      hasMetadata: this.#options.metadata !== 'none',
      rtspPort: () => this.#addresses?.rtspPort ?? 0,
      onSynchronizationPoint: () => this.timeline.jumpToNextGop(),
    };
    const services = [
      mediaService(media),
      media2Service(media),
      ptzService({ ptz: this.ptz, timeline: this.timeline, profiles }),
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
    const { unresponsive, delayMs } = this.onvifFaults;
    const waitMs = unresponsive ? FOREVER_MS : delayMs;
    if (waitMs > 0) await sleep(waitMs, undefined, { signal });
  }
}

function identityOf({ name, uuid = randomUUID(), serialNumber }: SimulatedCameraOptions): CameraIdentity {
  const model = 'Street Corner';
  return {
    name,
    manufacturer: 'onvif-webrtc-gateway',
    model,
    firmwareVersion: 'simulator',
    serialNumber: serialNumber ?? `SIM-${uuid.slice(0, 8)}`,
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
