import { randomBytes } from 'node:crypto';
import type { CameraInfo, FoundDevice, SessionInfo } from '../base/api.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import { DialStagger } from '../base/dial-stagger.ts';
import type { Logger } from '../base/log.ts';
import type { CameraOptions } from '../camera/camera.ts';
import { RefusedLogIns } from '../camera/refused-log-ins.ts';
import type { DiscoveryStats } from '../camera/discovery/watch.ts';
import type { GatewayView, Readiness, SignalingStats } from '../http/gateway-view.ts';
import type { ViewerToken } from '../http/access.ts';
import { HttpServer, SIGNALING_PATH } from '../http/server.ts';
import { MediaControl } from '../plane/media-control.ts';
import type { MediaSettings, MediaStats } from '../plane/messages.ts';
import { SignalingServer } from '../signaling/server.ts';
import { StaticTokens } from '../signaling/tokens.ts';
import { IdentityStore } from './discovery/identity-store.ts';
import { SiteDiscovery, type DiscoverySettings } from './discovery/site-discovery.ts';
import { clientAddress, GatewayCamera, type DeviceSignaling } from './gateway-camera.ts';
import { SiteProgress } from './site-progress.ts';

export interface GatewayOptions {
  listen: { host: string; port: number };
  cameras: readonly GatewayCameraConfig[];
  /** The signaling server of all cameras that name none of their own; absent: the embedded one. */
  signaling?: DeviceSignaling;
  /** Tokens of viewers of the embedded server and the page; with none, whoever reaches the (loopback) address may watch. */
  viewerTokens: readonly ViewerToken[];
  media: MediaSettings;
  /** Absent: nothing is searched, followed or adopted. */
  discovery?: DiscoverySettings;
  /** Where what was learned of cameras is kept over restarts; absent: nowhere. */
  stateDirectory?: string;
  clock?: Clock;
  logger: Logger;
}

export interface GatewayCameraConfig {
  camera: CameraOptions;
  signaling?: DeviceSignaling;
}

/** The whole gateway, put together: what starts first is what others need, and it ends in the opposite order. */
export class Gateway implements GatewayView {
  readonly #options: GatewayOptions;
  readonly #clock: Clock;
  readonly #media: MediaControl;
  readonly #http: HttpServer;
  /** With the cameras' own tokens, which are made for this run. */
  readonly #embedded: { server: SignalingServer; tokens: StaticTokens } | undefined;
  readonly #store: IdentityStore;
  readonly #discovery: SiteDiscovery | undefined;
  readonly #cameras = new Map<string, GatewayCamera>();
  /** Cameras that were taken out and are not closed yet. */
  readonly #leaving = new Set<Promise<void>>();
  /** How cameras reach the embedded server; known once it listens. */
  #embeddedSignaling: DeviceSignaling = { server: '' };
  /** So that a large site neither starts nor comes back in one moment; the media plane has turns of its own. */
  readonly #turns = {
    camera: new DialStagger({ sameAddressMs: SAME_CAMERA_MS }).turn,
    signaling: new DialStagger().turn,
  };
  readonly #refusedLogIns = new RefusedLogIns();
  /** At most {@link STATS_REFRESH_MS} old. */
  #stats: MediaStats = { streams: [], sessions: [], ended: [] };
  #statsTimer: NodeJS.Timeout | undefined;
  readonly #progress = new SiteProgress();
  #closing: Promise<void> | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#media = new MediaControl({
      settings: options.media,
      clock: this.#clock,
      logger: options.logger,
      onStreamState: (cameraId, profile, state, reason, media) =>
        this.#cameras.get(cameraId)?.onStreamState(profile, state, reason, media),
      onKeyframeWanted: (cameraId, profile) => this.#cameras.get(cameraId)?.camera.requestKeyframe(profile),
    });
    this.#store = new IdentityStore(options.discovery && options.stateDirectory, options.logger);
    this.#discovery = options.discovery && this.#siteDiscovery(options.discovery);
    this.#embedded = options.signaling === undefined ? this.#embeddedServer() : undefined;
    this.#http = new HttpServer({
      listen: options.listen,
      view: this,
      log: options.logger,
      ...(this.#embedded === undefined
        ? {}
        : { signalingUpgrade: (...upgrade) => this.#embedded?.server.handleUpgrade(...upgrade) }),
      viewerTokens: options.viewerTokens,
    });
  }

  /** Returns the address of the page once it listens; cameras come up by themselves afterwards. */
  async start(): Promise<{ url: string; port: number }> {
    const address = await this.#http.start();
    this.#media.start();
    const server = embeddedUrl(this.#options.listen.host, address.port);
    this.#embeddedSignaling = { server, clientPath: SIGNALING_PATH, retry: EMBEDDED_RETRY };
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

  signalingStats(): SignalingStats | undefined {
    return this.#embedded?.server.stats;
  }

  found(): FoundDevice[] | undefined {
    return this.#discovery?.found;
  }

  discoveryStats(): DiscoveryStats | undefined {
    return this.#discovery?.stats;
  }

  #embeddedServer(): { server: SignalingServer; tokens: StaticTokens } {
    const { viewerTokens, media, logger } = this.#options;
    const tokens = new StaticTokens({
      clients: viewerTokens.map(({ token, cameras }) => ({ token, ...(cameras === undefined ? {} : { peers: [...cameras] }) })),
      openToClients: viewerTokens.length === 0,
    });
    return { server: new SignalingServer({ tokens, iceServers: media.ice.iceServers, log: logger }), tokens };
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
  #add(camera: CameraOptions, signaling: DeviceSignaling | undefined = this.#options.signaling): void {
    const token = randomBytes(24).toString('base64url');
    if (signaling === undefined) this.#embedded?.tokens.addDevice(token, camera.id);
    const gatewayCamera = new GatewayCamera({
      camera,
      signaling: signaling ?? { ...this.#embeddedSignaling, token },
      turns: this.#turns,
      refusedLogIns: this.#refusedLogIns,
      media: this.#media,
      clock: this.#clock,
      logger: this.#options.logger,
      onChange: () => this.#discovery?.cameraChanged(gatewayCamera.camera),
    });
    this.#cameras.set(camera.id, gatewayCamera);
    gatewayCamera.start();
  }

  #remove(id: string): void {
    const camera = this.#cameras.get(id);
    if (camera === undefined) return;
    this.#cameras.delete(id);
    this.#embedded?.tokens.removeDevice(id);
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
    await Promise.allSettled([
      this.#discovery?.close(),
      ...[...this.#cameras.values()].map((camera) => camera.close()),
      ...this.#leaving,
    ]);
    await this.#store.close();
    await this.#media.close();
    await this.#embedded?.server.close();
    await this.#http.close();
  }
}

const STATS_REFRESH_MS = 1000;
/** Between connects to one address, milliseconds: the inputs of an NVR, whose ONVIF side is slow. */
const SAME_CAMERA_MS = 250;
/** The embedded server is in this process: nobody is spared by waiting for long. */
const EMBEDDED_RETRY = { firstMs: 100, maxMs: 2000 };

/** How the cameras of this process reach the embedded server. */
function embeddedUrl(host: string, port: number): string {
  const anyAddress: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '[::1]' };
  const name = anyAddress[host] ?? (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host);
  return `ws://${name}:${port}${SIGNALING_PATH}`;
}
