import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { RemoteInfo } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';
import { GatewayError } from '../../base/errors.ts';
import type { Credentials } from '../../camera/rtsp/auth.ts';
import type { Clips } from '../clips.ts';
import { listenAgain } from '../listen-again.ts';
import type { MetadataParts } from '../metadata-document.ts';
import { numbersOf, ofInput, SIMULATED_PROFILES } from '../profiles.ts';
import type { PtzState } from '../ptz-state.ts';
import type { Timeline } from '../timeline.ts';
import { DigestAuthentication, type DigestOptions } from '../digest-authentication.ts';
import { RtspConnection, type ConnectionContext } from './connection.ts';
import type { ProfileTracks } from './description.ts';
import { noFaults, seededRandom, type RtspFaults } from './faults.ts';
import { Pacer } from './pacer.ts';
import { Talkback } from './talkback.ts';
import { MetadataTrack, SceneDocuments, SoundTrack, VideoTrack, type DocumentSource, type MediaTrack } from './tracks.ts';
import { UdpPair } from './udp-pair.ts';

export interface RtspCameraServerOptions {
  clips: Clips;
  /** Shared with whatever else shows the camera's time or asks for synchronization points. */
  timeline: Timeline;
  /** Its position is in the metadata. The server asks with the timeline's host time. */
  ptz: PtzState;
  /** What the metadata stream has; may be changed at any time. Default everything. */
  metadata?: Readonly<MetadataParts>;
  /** From one document of that to the next, milliseconds. Default 200. */
  metadataIntervalMs?: number;
  /** What the metadata stream says instead. */
  documents?: DocumentSource;
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 0: whatever the system gives. */
  port?: number;
  /** Without them everybody may look. */
  credentials?: Credentials;
  digest?: DigestOptions;
  /** As an encoder or NVR has several; all show the same. Default 1. */
  inputs?: number;
  /** Of the random numbers that faults are made of; default 1. */
  seed?: number;
}

const EVERYTHING: MetadataParts = { analytics: true, ptzPosition: true, ptzStatus: true };
const METADATA_INTERVAL_MS = 200;
const SESSION_CHECK_INTERVAL_MS = 1_000;

/**
 * The RTSP side of a simulated camera: `rtsp://HOST:PORT/main` and `/sub`, over TCP (interleaved) and UDP, for any number of clients.
 *
 * ```ts
 * const timeline = new Timeline(systemClock);
 * const server = new RtspCameraServer({ clips: await loadClips(), timeline, ptz: new PtzState(), credentials });
 * const { port } = await server.start();
 * timeline.jumpToNextGop(); // SetSynchronizationPoint
 * server.faults.lossShare = 0.01;
 * await server.reboot(2_000);
 * await server.close();
 * ```
 *
 * Pictures go to a client from the first IDR after its PLAY on.
 */
export class RtspCameraServer {
  /** What the server does wrong; may be changed at any time. */
  readonly faults: RtspFaults = noFaults();
  /** What clients said on the audio backchannel. */
  readonly talkback = new Talkback();
  readonly #options: RtspCameraServerOptions;
  readonly #host: string;
  readonly #authentication: DigestAuthentication | undefined;
  readonly #tracks: MediaTrack[];
  readonly #profiles = new Map<string, ProfileTracks>();
  readonly #pacer: Pacer;
  readonly #connections = new Set<RtspConnection>();
  #accepted = 0;
  readonly #closing = new AbortController();
  #port: number;
  #listener: Server | undefined;
  #udp: UdpPair | undefined;
  #sessionCheck: NodeJS.Timeout | undefined;

  constructor(options: RtspCameraServerOptions) {
    const { clips, timeline, ptz } = options;
    this.#options = options;
    this.#host = options.host ?? '127.0.0.1';
    this.#port = options.port ?? 0;
    this.#authentication = options.credentials && new DigestAuthentication(options.credentials, options.digest);
    const sound = new SoundTrack(clips.sound, timeline);
    const scene = new SceneDocuments(
      ptz,
      options.metadata ?? EVERYTHING,
      timeline,
      options.metadataIntervalMs ?? METADATA_INTERVAL_MS,
    );
    const metadata = new MetadataTrack(options.documents ?? scene, timeline);
    this.#tracks = [sound, metadata];
    for (const profile of SIMULATED_PROFILES) {
      const video = new VideoTrack(profile, clips.video[profile.token], timeline);
      this.#tracks.push(video);
      for (const input of numbersOf(options.inputs ?? 1)) {
        this.#profiles.set(ofInput(profile.token, input), { video, sound, metadata });
      }
    }
    const randomLoss = seededRandom(options.seed ?? 1);
    const randomError = seededRandom(options.seed ?? 1);
    const isLost = (): boolean => this.faults.lossShare > 0 && randomLoss() < this.faults.lossShare;
    const reportErrorMs = (track: MediaTrack): number =>
      track === sound ? this.faults.soundReportErrorMs * (2 * randomError() - 1) : 0;
    this.#pacer = new Pacer({ timeline, tracks: this.#tracks, isLost, reportErrorMs });
  }

  /** Connections since the start, those that are over too. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Packets that the clients connected now did not get since they had no picture to start with or did not take them. */
  get dropped(): number {
    return [...this.#connections].reduce((sum, { session }) => sum + (session?.dropped ?? 0), 0);
  }

  /** Resolves once clients can connect. Throws `simulator.port-taken`; then nothing is left open. */
  async start(): Promise<{ port: number }> {
    const receive = (kind: 'rtp' | 'rtcp') => (bytes: Buffer, from: RemoteInfo) => this.#receiveDatagram(bytes, from, kind);
    this.#udp = await UdpPair.open(this.#host, receive('rtp'), receive('rtcp'));
    try {
      await this.#listen();
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#sessionCheck = setInterval(() => this.#endExpiredSessions(), SESSION_CHECK_INTERVAL_MS);
    return { port: this.#port };
  }

  /** Idempotent; resolves when the port is free again. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#sessionCheck);
    this.#pacer.close();
    await this.#stopListening();
    this.#udp?.close();
    this.#udp = undefined;
  }

  /**
   * Ends all connections and refuses new ones for `downMs`, then comes back on the same port with new RTP sources.
   * Resolves when it is back, or closed.
   */
  async reboot(downMs: number): Promise<void> {
    await this.#stopListening();
    for (const track of this.#tracks) track.rtp.restart();
    this.#authentication?.expireNonces();
    try {
      await delay(downMs, undefined, { signal: this.#closing.signal });
    } catch {
      return; // Closed meanwhile.
    }
    await listenAgain(() => this.#listen(), this.#closing.signal);
    if (this.#closing.signal.aborted) await this.#stopListening();
  }

  /** Makes every digest nonce stale: each client is challenged again at its next request. */
  expireNonces(): void {
    this.#authentication?.expireNonces();
  }

  async #listen(): Promise<void> {
    const listener = createServer((socket) => this.#accept(socket));
    listener.listen(this.#port, this.#host);
    try {
      await once(listener, 'listening');
    } catch (error) {
      throw new GatewayError('simulator.port-taken', `The simulated camera cannot listen on ${this.#host}:${this.#port}.`, {
        advice: 'Choose another RTSP port, or end the program that holds this one.',
        cause: error,
      });
    }
    this.#port = (listener.address() as AddressInfo).port;
    this.#listener = listener;
  }

  async #stopListening(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    for (const connection of this.#connections) connection.close();
    if (listener === undefined) return;
    listener.close();
    await once(listener, 'close');
  }

  #accept(socket: Socket): void {
    const udp = this.#udp;
    if (udp === undefined) {
      socket.destroy();
      return;
    }
    const { timeline } = this.#options;
    const context: ConnectionContext = {
      authentication: this.#authentication,
      faults: this.faults,
      profiles: this.#profiles,
      pacer: this.#pacer,
      talkback: this.talkback,
      udp,
      udpPorts: udp.ports,
      now: () => timeline.now(),
      onPictureLoss: () => timeline.jumpToNextGop(),
    };
    const connection = new RtspConnection(socket, context);
    this.#connections.add(connection);
    this.#accepted += 1;
    connection.start(() => this.#connections.delete(connection));
  }

  #receiveDatagram(bytes: Buffer, from: RemoteInfo, kind: 'rtp' | 'rtcp'): void {
    for (const { session } of this.#connections) {
      if (session?.receiveDatagram(bytes, from, kind) === true) return;
    }
  }

  #endExpiredSessions(): void {
    for (const connection of this.#connections) {
      if (connection.session?.isExpired === true) connection.close();
    }
  }
}
