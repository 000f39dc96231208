import type { CandidatePair, Connection, RTCPeerConnection } from 'werift';
import { GatewayError } from '../../../base/errors.ts';
import type { IceCandidate, IceServer } from '../../../base/ice.ts';
import type { IceSettings, PathKind } from '../../../plane/messages.ts';
import { MulticastNames } from '../mdns/multicast-names.ts';
import { announced } from './advertised.ts';
import { CandidateGathering } from './gathering.ts';
import { isSame, lastFormerCheck } from './ingress-guard.ts';
import { isLoopback, localAddresses } from './local-addresses.ts';
import { checkFailedAgain, preferDirectPaths, takeMovedPath } from './nomination.ts';
import { PathWatch } from './path-watch.ts';
import { RemoteCandidates } from './remote-candidates.ts';
import { readCredentials, restartOffer, takeCandidates } from './restart-offer.ts';
import { IceRestart } from './restart.ts';
import { selectedPath, signsOf } from './selected-path.ts';
import { usableServers } from './server-urls.ts';

export interface DeviceIceOptions {
  settings: IceSettings;
  /** All that are asked, in their order. */
  iceServers: readonly IceServer[];
  onCandidate: (candidate: IceCandidate) => void;
  /** The path to the viewer failed: it is invited again, with the offer of an ICE restart. */
  onRestartOffer: (offer: string) => void;
  /** The viewer is reached by another path than before, or again by one that was in doubt. */
  onPathFound: () => void;
  onEnded: (error: GatewayError) => void;
}

const CHECK_INTERVAL_MS = 1000;
/** A viewer that does not take a restart is offered another after this time: its way to the signaling server, or ours, may have been gone just then. */
const ASK_AGAIN_MS = 5000;
/** A viewer that is silent so long here, and checks another path meanwhile, is there. */
const MOVED_AFTER_MS = 2000;
/** How long an offer of a restart stands while the viewer goes on by the path that was taken for dead. */
const ANSWER_MS = 10_000;
/** And while it checks from elsewhere. */
const MOVED_ANSWER_MS = 3000;
/** When paths that did not work are tried once more, after the answer and each time that it was done. */
const AGAIN_AFTER_MS = [2000, 3000, 5000, 8000];

/** ICE of one viewer, on the device's side: gathers, takes what the viewer names, watches the path, and looks for another when it fails. */
export class DeviceIce {
  /** Those that are left out, each with the reason. */
  readonly unusableServers: readonly string[];
  readonly #options: DeviceIceOptions;
  readonly #peer: RTCPeerConnection;
  readonly #connection: Connection;
  readonly #gathering: CandidateGathering;
  readonly #remote: RemoteCandidates;
  #offer = '';
  #answer = '';
  #restarts = 0;
  #restart: IceRestart | undefined;
  /** When the viewer was invited to a restart, as long as it has neither taken nor refused that. */
  #invitedAt: number | undefined;
  /** The answer to the restart's offer was applied, or will not come; the viewer's candidates wait for it. */
  #restartAnswered = Promise.withResolvers<void>();
  /** When the viewer did not take the last restart, where the path has not been well since. */
  #refusedAt: number | undefined;
  #watch: PathWatch | undefined;
  /** Checks of the viewer that each path had a moment ago. */
  readonly #checked = new WeakMap<CandidatePair, number>();
  #timer: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param peer before it gathers, with its transport */
  constructor(peer: RTCPeerConnection, options: DeviceIceOptions) {
    const [transport] = peer.iceTransports;
    if (transport === undefined) throw new Error('the connection has no transport');
    this.#options = options;
    this.#peer = peer;
    this.#connection = transport.connection as Connection;
    const { settings } = options;
    const addresses = (): ReturnType<typeof localAddresses> => localAddresses(settings);
    const loopback = settings.loopbackOnly ? 'only' : addresses().some(isLoopback) ? 'too' : 'never';
    const names = loopback === 'only' ? undefined : new MulticastNames(addresses);
    const servers = usableServers(options.iceServers);
    this.unusableServers = servers.skipped;
    this.#gathering = new CandidateGathering(this.#connection, {
      addresses,
      udpPorts: settings.udpPorts,
      servers,
      loopback,
      onGathered: () => this.#gatheredAll(),
    });
    this.#remote = new RemoteCandidates(this.#connection, { loopback, resolve: names && ((name) => names.resolve(name)) });
    this.#gathering.start();
    preferDirectPaths(this.#connection);
    this.#restartAnswered.resolve();
  }

  /** How the viewer is reached; undefined where it is not. */
  get path(): PathKind | undefined {
    return selectedPath(this.#connection.nominated ?? this.formerPath);
  }

  /** Another path is being looked for, or was not found: consent alone says how long the one in use is good for (RFC 7675). */
  get isPathInDoubt(): boolean {
    return this.#restart !== undefined || this.#refusedAt !== undefined;
  }

  /** By which to send while another path is being looked for. */
  get formerPath(): CandidatePair | undefined {
    return this.#restart?.formerPath;
  }

  /** Begins with the offer as the viewer gets it. */
  start(offer: string): void {
    this.#offer = offer;
    this.#peer.onIceCandidate.subscribe((candidate) => {
      if (candidate !== undefined) this.#announce(candidate.toJSON().candidate);
    });
    this.#peer.iceConnectionStateChange.subscribe((state) => {
      if (state === 'failed') this.#onFailed();
    });
  }

  /** @returns the answer without its candidates, which follow by {@link answered} */
  prepareAnswer(answer: string): string {
    this.#answer = answer;
    return takeCandidates(answer).sdp;
  }

  /** The answer was applied. */
  answered(): void {
    this.#tryAgain();
    this.#addCandidatesOf(this.#answer);
  }

  /** The connection stands: from now on the path is watched. */
  connected(): void {
    this.#watch = new PathWatch(performance.now());
    this.#timer = setInterval(() => this.#check(), CHECK_INTERVAL_MS);
  }

  /**
   * Takes a candidate of the viewer.
   *
   * @throws Error when it is malformed
   */
  async addCandidate(candidate: IceCandidate): Promise<void> {
    // werift gives up at once when the last candidate has come and none could be paired, though the viewer's own checks may be on their way and tell
    // us its address; without the end mark it waits for them, as long as the session may take to come about.
    if (candidate.candidate === '') return;
    await this.#restartAnswered.promise;
    await this.#remote.add(candidate);
  }

  /** Takes the viewer's answer to the offer of a restart. */
  async acceptRestart(answer: string): Promise<void> {
    const restart = this.#restart;
    this.#invitedAt = undefined;
    if (restart === undefined || restart.isAnswered) return;
    try {
      const credentials = readCredentials(answer);
      if (credentials === undefined) throw new Error('the answer has no ICE credentials');
      const connecting = restart.connect(credentials);
      this.#restartAnswered.resolve();
      this.#tryAgain();
      this.#addCandidatesOf(answer);
      await connecting;
      if (this.#restart !== restart) return;
      this.#restart = undefined;
      this.#found();
    } catch {
      if (this.#restart === restart) this.refuseRestart();
    }
  }

  /** The viewer does not take the offer of a restart: all goes on as before, as long as the path allows. */
  refuseRestart(): void {
    this.#invitedAt = undefined;
    if (this.#restart === undefined) return;
    this.#undoRestart();
    this.#refusedAt = performance.now();
    if (this.#connection.state === 'failed') this.#end('session.lost', LOST);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#again);
    this.#restartAnswered.resolve();
  }

  #undoRestart(): void {
    this.#restart?.undo();
    this.#restart = undefined;
    this.#restartAnswered.resolve();
  }

  /** The path is well: a viewer that does not hear of the restart, since its way to the signaling server is gone, does not lose it for that. */
  #onWell(now: number): void {
    const isLate = this.#invitedAt !== undefined && now - this.#invitedAt >= ANSWER_MS;
    if (isLate && this.#restart?.unansweredPath !== undefined && this.#connection.state !== 'failed') this.#undoRestart();
    else if (this.#refusedAt === undefined) return;
    this.#found();
  }

  #found(): void {
    this.#refusedAt = undefined;
    this.#options.onPathFound();
  }

  /** Not waited for: to look up a name takes seconds where nobody answers. What cannot be used is left out. */
  #addCandidatesOf(answer: string): void {
    for (const candidate of takeCandidates(answer).candidates) this.#remote.add({ candidate }).catch(() => undefined);
  }

  /** All sections go over the transport of the first (RFC 8843). */
  #announce(candidate: string): void {
    for (const each of announced({ candidate, sdpMid: '0', sdpMLineIndex: 0 }, this.#options.settings))
      this.#options.onCandidate(each);
  }

  #gatheredAll(): void {
    const { addresses, sockets, relays } = this.#gathering.gathered;
    this.#options.onCandidate({ candidate: '', sdpMid: '0', sdpMLineIndex: 0 });
    if (sockets > 0 || relays > 0 || this.#watch !== undefined) return;
    if (addresses === 0) this.#end('session.no_network', NO_ADDRESS);
    else this.#end('session.no_port', NO_PORT);
  }

  /** A NAT may open later than werift's 1.5 s for each check: the other side's relay is far, or its candidate came first. */
  #tryAgain(round = 0): void {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => {
      if (this.#connection.nominated !== undefined || this.#closed) return;
      checkFailedAgain(this.#connection);
      if (round + 1 < AGAIN_AFTER_MS.length) this.#tryAgain(round + 1);
    }, AGAIN_AFTER_MS[round]);
  }

  #check(): void {
    const now = performance.now();
    this.#restart?.confirm(now);
    const path = this.#restart === undefined ? this.#connection.nominated : this.#restart.unansweredPath;
    const state = this.#watch?.check(path && signsOf(path), now);
    const isSilent = path !== undefined && (this.#watch?.silentMs(now) ?? 0) >= MOVED_AFTER_MS;
    if (isSilent && this.#hasMovedUnanswered(path, now)) this.#undoRestart();
    if (this.#followViewer(isSilent && this.#restart === undefined)) this.#found();
    else if (state === 'lost') this.#end('session.lost', LOST);
    else if (state === 'well') this.#onWell(now);
    else if (this.#refusedAt === undefined || now - this.#refusedAt >= ASK_AGAIN_MS) this.#beginRestart();
  }

  /** @returns whether another path was taken */
  #followViewer(isSilent: boolean): boolean {
    const isAlive = (pair: CandidatePair): boolean => pair.requestsReceived > (this.#checked.get(pair) ?? 0);
    const hasMoved = isSilent && takeMovedPath(this.#connection, isAlive);
    for (const pair of this.#connection.checkList) this.#checked.set(pair, pair.requestsReceived);
    return hasMoved;
  }

  /** It checks from elsewhere as if there were no restart: it does not know of that, since its way to the signaling server went with its address. */
  #hasMovedUnanswered({ remoteAddr }: CandidatePair, now: number): boolean {
    const last = lastFormerCheck(this.#connection);
    if (last === undefined || this.#restart === undefined || this.#invitedAt === undefined) return false;
    return !isSame(last.from, remoteAddr) && last.atMs > this.#invitedAt && now - this.#invitedAt >= MOVED_ANSWER_MS;
  }

  /** Consent ran out, or a TCP connection was closed. */
  #onFailed(): void {
    if (this.#watch === undefined) this.#end('session.ice', 'No network path to the viewer was found.');
    else if (this.#watch.check(undefined, performance.now()) === 'lost' || this.#refusedAt !== undefined)
      this.#end('session.lost', LOST);
    else this.#beginRestart();
  }

  /** One at a time, and not before the invitation to the last one has come to its end: its answer would be taken for the next one's. */
  #beginRestart(): void {
    if (this.#restart !== undefined || this.#invitedAt !== undefined) return;
    this.#invitedAt = performance.now();
    this.#refusedAt = undefined;
    const restart = new IceRestart(this.#connection);
    this.#restart = restart;
    this.#restarts += 1;
    this.#restartAnswered = Promise.withResolvers();
    this.#remote.restart();
    this.#options.onRestartOffer(restartOffer(this.#offer, this.#answer, restart.credentials, this.#restarts));
    this.#gathering.gather(restart.formerPath?.protocol);
  }

  #end(code: string, message: string): void {
    if (!this.#closed) this.#options.onEnded(new GatewayError(code, message));
  }
}

const LOST = 'The viewer does not answer any more.';
const NO_PORT = 'The gateway found no free UDP port for another viewer; webrtc.udp_ports may be too few.';
const NO_ADDRESS = 'This machine has no network address at which a viewer could be reached; see webrtc.interfaces.';
