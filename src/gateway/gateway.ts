import { randomBytes } from 'node:crypto';
import { Access } from '../access/access.ts';
import type { CameraInfo, DeviceStats, FoundDevice, SessionInfo, SignalingStats } from '../base/api.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import { DialStagger } from '../base/dial-stagger.ts';
import type { Logger } from '../base/log.ts';
import type { TranscoderCosts } from '../base/transcoders.ts';
import type { CameraOptions } from '../camera/camera.ts';
import type { HttpTlsConfig, JwtConfig, SignalingConfig, ViewerToken } from '../config/gateway-config.ts';
import { RefusedLogIns } from '../camera/refused-log-ins.ts';
import type { DiscoveryStats } from '../camera/discovery/watch.ts';
import type { GatewayView, Readiness, Snapshot } from '../http/gateway-view.ts';
import { HttpServer, SIGNALING_PATH } from '../http/server.ts';
import { MediaControl } from '../plane/media-control.ts';
import { Pictures } from '../plane/pictures.ts';
import type { CameraCost, MediaSettings, MediaStats, WorkerStats } from '../plane/messages.ts';
import { createServerAccess } from '../signaling/device/server-access.ts';
import { fixedToken } from '../signaling/device/token/token-source.ts';
import { SignalingServer } from '../signaling/server/server.ts';
import { IdentityStore } from './discovery/identity-store.ts';
import { SiteDiscovery, type DiscoverySettings } from './discovery/site-discovery.ts';
import { clientAddress, GatewayCamera, type DeviceSignaling } from './gateway-camera.ts';
import { SiteProgress } from './site-progress.ts';
import { defaultWorkers } from './default-workers.ts';

export interface GatewayOptions {
  listen: { host: string; port: number };
  cameras: readonly GatewayCameraConfig[];
  /** The signaling server of all cameras that name none of their own; absent: the embedded one. */
  signaling?: SignalingConfig;
  /** Of the HTTP server; needed beyond loopback. */
  tls?: HttpTlsConfig;
  /** Tokens of viewers of the embedded server and the page; with none and no `jwt`, whoever reaches the (loopback) address may watch. */
  viewerTokens: readonly ViewerToken[];
  jwt?: JwtConfig;
  /** Sessions at the embedded server end after this long unless the client extends them; absent: they have no end. */
  sessionLifetimeSeconds?: number;
  media: GatewayMediaSettings;
  /** Absent: nothing is searched, followed or adopted. */
  discovery?: DiscoverySettings;
  /** Where what was learned of cameras is kept over restarts; absent: nowhere. */
  stateDirectory?: string;
  clock?: Clock;
  logger: Logger;
}

/** The media plane's settings, and how many threads it has. */
export interface GatewayMediaSettings extends MediaSettings {
  /** Default: {@link defaultWorkers}. 0: none, it runs in the main thread. */
  workers?: number;
}

export interface GatewayCameraConfig {
  camera: CameraOptions;
  signaling?: SignalingConfig;
}

/** The whole gateway, put together: what starts first is what others need, and it ends in the opposite order. */
export class Gateway implements GatewayView {
  readonly #options: GatewayOptions;
  readonly #clock: Clock;
  readonly #media: MediaControl;
  readonly #pictures: Pictures;
  readonly #http: HttpServer;
  /** The cameras' own tokens for the embedded server among them. */
  readonly #access: Access;
  readonly #embedded: SignalingServer | undefined;
  readonly #store: IdentityStore;
  readonly #discovery: SiteDiscovery | undefined;
  readonly #cameras = new Map<string, GatewayCamera>();
  /** Cameras that were taken out and are not closed yet. */
  readonly #leaving = new Set<Promise<void>>();
  /** How cameras reach the embedded server; known once it listens. */
  #embeddedSignaling: DeviceSignaling = { server: '' };
  /** By the section of the config, whose cameras share one token. */
  readonly #accesses = new Map<SignalingConfig, ReturnType<typeof createServerAccess>>();
  /** So that a large site neither starts nor comes back in one moment; the media plane has turns of its own. */
  readonly #turns = {
    camera: new DialStagger({ sameAddressMs: SAME_CAMERA_MS }).turn,
    signaling: new DialStagger().turn,
  };
  readonly #refusedLogIns = new RefusedLogIns();
  /** At most {@link STATS_REFRESH_MS} old. */
  #stats: MediaStats = { streams: [], sessions: [], talks: [], ended: [] };
  #statsTimer: NodeJS.Timeout | undefined;
  readonly #progress = new SiteProgress();
  #closing: Promise<void> | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { workers = defaultWorkers(), ...settings } = options.media;
    this.#media = new MediaControl({
      settings,
      workers,
      clock: this.#clock,
      logger: options.logger,
      onStreamState: (cameraId, profile, state, reason, media) =>
        this.#cameras.get(cameraId)?.onStreamState(profile, state, reason, media),
      onKeyframeWanted: (cameraId, profile) => this.#cameras.get(cameraId)?.camera.requestKeyframe(profile),
      onMetadataListener: (cameraId, sessionId, listens) => this.#cameras.get(cameraId)?.onMetadataListener(sessionId, listens),
    });
    this.#pictures = new Pictures(this.#media);
    this.#store = new IdentityStore(options.discovery && options.stateDirectory, options.logger);
    this.#discovery = options.discovery && this.#siteDiscovery(options.discovery);
    const { viewerTokens, jwt, logger } = options;
    this.#access = new Access({ viewerTokens, jwt, log: logger });
    this.#embedded = options.signaling === undefined ? this.#embeddedServer() : undefined;
    this.#http = new HttpServer({
      listen: options.listen,
      tls: options.tls,
      view: this,
      log: options.logger,
      ...(this.#embedded === undefined ? {} : { signalingUpgrade: (...upgrade) => this.#embedded?.handleUpgrade(...upgrade) }),
      access: this.#access,
    });
  }

  /** Returns the address of the page once it listens; cameras come up by themselves afterwards. */
  async start(): Promise<{ url: string; port: number }> {
    const address = await this.#http.start();
    void this.#access.prepare();
    this.#embeddedSignaling = { server: address.signaling, clientPath: SIGNALING_PATH, retry: EMBEDDED_RETRY };
    this.#store.load();
    for (const { camera, signaling } of this.#options.cameras) {
      const identity = this.#store.identityOf(camera.id, camera.endpointReference);
      this.#add(identity === undefined ? camera : { ...camera, identity }, signaling);
    }
    this.#discovery?.start();
    this.#statsTimer = setInterval(() => void this.#look(), STATS_REFRESH_MS);
    return address;
  }

  /** Unregisters the cameras, ends all sessions and pulls, stops listening; takes less than five seconds. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  cameras(): CameraInfo[] {
    return [...this.#cameras.values()].map((camera) => camera.info(this.#stats));
  }

  sessions(): SessionInfo[] {
    return this.#stats.sessions.map(({ sessionId, cameraId, openedAt, ...session }) => ({
      ...session,
      id: sessionId,
      camera: cameraId,
      openedAt: new Date(openedAt).toISOString(),
    }));
  }

  ready(): Readiness {
    if (this.#closing !== undefined) return { ready: false, reasons: ['The gateway is shutting down.'] };
    const missing = [...this.#cameras.values()].filter(({ registered }) => !registered).length;
    if (missing === 0) return { ready: true, reasons: [] };
    return {
      ready: false,
      reasons: [`${missing} of ${this.#cameras.size} cameras are not registered at their signaling server.`],
    };
  }

  signaling(): string {
    const { signaling } = this.#options;
    return signaling === undefined ? SIGNALING_PATH : clientAddress(signaling);
  }

  mediaStats(): Promise<MediaStats> {
    return this.#media.stats();
  }

  workerStats(): WorkerStats[] {
    return this.#media.workers;
  }

  cameraCosts(): CameraCost[] {
    return this.#media.cameraCosts;
  }

  transcoderCosts(): TranscoderCosts[] {
    return this.#media.transcoderCosts;
  }

  deviceStats(): DeviceStats[] {
    return [...this.#cameras.values()].map((camera) => camera.deviceStats);
  }

  signalingStats(): SignalingStats | undefined {
    return this.#embedded?.stats;
  }

  found(): FoundDevice[] | undefined {
    return this.#discovery?.found;
  }

  snapshot(cameraId: string, profile?: string): Promise<Snapshot> | undefined {
    return this.#cameras.get(cameraId)?.snapshots.take(profile);
  }

  discoveryStats(): DiscoveryStats | undefined {
    return this.#discovery?.stats;
  }

  #embeddedServer(): SignalingServer {
    const { media, sessionLifetimeSeconds, logger } = this.#options;
    return new SignalingServer({
      tokens: this.#access,
      iceServers: media.ice.iceServers,
      ...(sessionLifetimeSeconds === undefined ? {} : { expiryTimeSeconds: sessionLifetimeSeconds }),
      log: logger,
    });
  }

  #siteDiscovery(settings: DiscoverySettings): SiteDiscovery {
    return new SiteDiscovery({
      settings,
      store: this.#store,
      cameras: () => [...this.#cameras.values()].map(({ camera }) => camera),
      add: (camera) => this.#add(camera),
      remove: (id) => this.#remove(id),
      clock: this.#clock,
      logger: this.#options.logger,
    });
  }

  /** Brings a camera up; for one without a signaling server of its own, at that of all. */
  #add(camera: CameraOptions, signaling: SignalingConfig | undefined = this.#options.signaling): void {
    const gatewayCamera = new GatewayCamera({
      camera,
      signaling: signaling === undefined ? this.#embeddedPlace(camera.id) : this.#accessTo(signaling),
      turns: this.#turns,
      refusedLogIns: this.#refusedLogIns,
      media: this.#media,
      pictures: this.#pictures,
      clock: this.#clock,
      logger: this.#options.logger,
      onChange: () => this.#discovery?.cameraChanged(gatewayCamera.camera),
    });
    this.#cameras.set(camera.id, gatewayCamera);
    gatewayCamera.start();
  }

  /** The place of a camera at the embedded server, by a token made for this run. */
  #embeddedPlace(id: string): DeviceSignaling {
    const token = randomBytes(24).toString('base64url');
    this.#access.addDevice(token, id);
    return { ...this.#embeddedSignaling, tokens: fixedToken(token) };
  }

  #accessTo(config: SignalingConfig): DeviceSignaling {
    const access = this.#accesses.get(config) ?? createServerAccess(config, this.#options.logger);
    this.#accesses.set(config, access);
    return access;
  }

  #remove(id: string): void {
    const camera = this.#cameras.get(id);
    if (camera === undefined) return;
    this.#cameras.delete(id);
    this.#access.removeDevice(id);
    const leaving = camera.close().finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }

  async #look(): Promise<void> {
    this.#stats = await this.#media.stats();
    const line = this.#progress.observe(this.cameras(), performance.now());
    if (line !== undefined) this.#options.logger.info(line);
  }

  async #close(): Promise<void> {
    clearInterval(this.#statsTimer);
    this.#pictures.close();
    await Promise.allSettled([
      this.#discovery?.close(),
      ...[...this.#cameras.values()].map((camera) => camera.close()),
      ...this.#leaving,
    ]);
    for (const { tokens } of this.#accesses.values()) tokens.close();
    await this.#store.close();
    await this.#media.close();
    await this.#embedded?.close();
    await this.#http.close();
  }
}

const STATS_REFRESH_MS = 1000;
/** Between connects to one address, milliseconds: the inputs of an NVR, whose ONVIF side is slow. */
const SAME_CAMERA_MS = 250;
/** The embedded server is in this process: nobody is spared by waiting for long. */
const EMBEDDED_RETRY = { firstMs: 100, maxMs: 2000 };
