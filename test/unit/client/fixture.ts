import { vi } from 'vitest';
import { connect, type ConnectOptions, type OnvifSession, type SignalingError } from '../../../src/client/index.ts';
import type { SignalingServerOptions } from '../../../src/signaling/server/server.ts';
import { Site } from '../signaling/fixture.ts';
import type { IceCandidate } from '../../../src/base/ice.ts';
import type {
  DataChannel,
  LocalCandidate,
  PeerConnection,
  PeerConnectionConfiguration,
  SessionDescription,
  StatsReport,
} from '../../../src/client/peer-connection.ts';

type Listener = (event: never) => void;

/** A peer connection without a network: it keeps what it was told, and a test lets it do things. */
class FakePeerConnection implements PeerConnection {
  readonly configuration: PeerConnectionConfiguration;
  /** What was called, in order. */
  readonly calls: string[] = [];
  readonly remoteCandidates: IceCandidate[] = [];
  readonly channels: FakeDataChannel[] = [];
  connectionState = 'new';
  localDescription: { sdp: string } | null = null;
  /** Refused as a browser refuses an offer that it cannot parse. */
  refusal: Error | undefined;
  /** Candidates found while the answer is being set, before it can be sent. */
  earlyLocal: LocalCandidate[] = [];
  statistics: Record<string, unknown>[] = [];
  readonly #listeners = new Map<string, Listener[]>();

  constructor(configuration: PeerConnectionConfiguration) {
    this.configuration = configuration;
  }

  setRemoteDescription(description: SessionDescription): Promise<void> {
    this.calls.push(`remote ${description.type} ${description.sdp}`);
    return this.refusal === undefined ? Promise.resolve() : Promise.reject(this.refusal);
  }

  createAnswer(): Promise<SessionDescription> {
    return Promise.resolve({ type: 'answer', sdp: `answer ${this.calls.length}` });
  }

  setLocalDescription(description: SessionDescription): Promise<void> {
    this.calls.push(`local ${description.type}`);
    this.localDescription = { sdp: description.sdp ?? '' };
    for (const candidate of this.earlyLocal) this.emit('icecandidate', { candidate });
    return Promise.resolve();
  }

  addIceCandidate(candidate: IceCandidate): Promise<void> {
    this.calls.push(`candidate ${candidate.candidate}`);
    this.remoteCandidates.push(candidate);
    return candidate.candidate.includes('bad') ? Promise.reject(new Error('bad candidate')) : Promise.resolve();
  }

  createDataChannel(label: string, options: { ordered: boolean; protocol: string }): DataChannel {
    const channel = new FakeDataChannel(label, options);
    this.channels.push(channel);
    return channel;
  }

  getStats(): Promise<StatsReport> {
    return Promise.resolve(new Map(this.statistics.map((entry) => [String(entry['id']), entry])));
  }

  close(): void {
    this.connectionState = 'closed';
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  emit(type: string, event: unknown): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }

  become(connectionState: string): void {
    this.connectionState = connectionState;
    this.emit('connectionstatechange', {});
  }
}

class FakeDataChannel implements DataChannel {
  readonly label: string;
  readonly options: { ordered: boolean; protocol: string };
  binaryType = 'blob';
  closed = false;
  #listener: (event: { data: unknown }) => void = () => {};

  constructor(label: string, options: { ordered: boolean; protocol: string }) {
    this.label = label;
    this.options = options;
  }

  addEventListener(_type: 'message', listener: (event: { data: unknown }) => void): void {
    this.#listener = listener;
  }

  message(data: unknown): void {
    this.#listener({ data });
  }

  close(): void {
    this.closed = true;
  }
}

/** A factory that remembers what it made. */
class FakePeerConnections {
  readonly made: FakePeerConnection[] = [];
  prepare: (connection: FakePeerConnection) => void = () => {};

  readonly create = (configuration: PeerConnectionConfiguration): PeerConnection => {
    const connection = new FakePeerConnection(configuration);
    this.prepare(connection);
    this.made.push(connection);
    return connection;
  };

  async first(): Promise<FakePeerConnection> {
    return vi.waitFor(() => {
      const [connection] = this.made;
      if (connection === undefined) throw new Error('no peer connection yet');
      return connection;
    });
  }
}

/** A site, the sessions of our client at it, and what they made; `listen` begins and `close` ends a test. */
export class Bench {
  site = new Site();
  connections = new FakePeerConnections();
  readonly #sessions: OnvifSession[] = [];

  async listen(options: Partial<SignalingServerOptions> = {}): Promise<Site> {
    this.connections = new FakePeerConnections();
    this.site = await new Site(options).listen();
    return this.site;
  }

  open(options: Partial<ConnectOptions> = {}, server = this.site.url): OnvifSession {
    const session = connect(server, {
      peer: 'front-door',
      token: 'viewer',
      createPeerConnection: this.connections.create,
      ...options,
    });
    this.#sessions.push(session);
    return session;
  }

  /** Waits for the session's end and says why it ended. */
  async ended(session: OnvifSession): Promise<SignalingError | null> {
    await vi.waitFor(() => {
      if (session.state !== 'closed') throw new Error(session.state);
    });
    return session.error;
  }

  async close(): Promise<void> {
    for (const session of this.#sessions.splice(0)) session.close();
    await this.site.close();
  }
}
