import type { CandidatePair, Connection } from 'werift';
import type { IceCredentials } from './restart-offer.ts';
import { internalsOf, type AgentInternals } from './werift-connection.ts';

/** What an ICE restart replaces. */
const REPLACED = [
  'localUsername',
  'localPassword',
  'remoteUsername',
  'remotePassword',
  'remoteIsLite',
  'localCandidates',
  '_remoteCandidates',
  'remoteCandidatesEnd',
  'localCandidatesEnd',
  'localCandidatesStart',
  'state',
  'nominated',
  'nominating',
  'checkList',
  'checkListDone',
  'checkListState',
  'earlyChecks',
  'earlyChecksDone',
] as const satisfies readonly (keyof AgentInternals)[];

/** RFC 7675 section 5.1. */
const CONSENT_INTERVAL_MS = 4000;
const CONSENT_RESPONSE_MS = 3000;

type Saved = Pick<AgentInternals, (typeof REPLACED)[number]>;

/**
 * One restart of a werift agent (RFC 8445 section 9). The path that was in use stays known until another one is found, for sending and for going back:
 * werift forgets it as soon as a restart is thought of.
 */
export class IceRestart {
  readonly #connection: Connection;
  readonly #agent: AgentInternals;
  readonly #saved: Saved;
  readonly #send: Connection['send'];
  #isAnswered = false;
  #askedAt = -Infinity;
  #over = false;

  /** Begins: credentials are new, and nothing is gathered yet. */
  constructor(connection: Connection) {
    this.#connection = connection;
    this.#agent = internalsOf(connection);
    this.#saved = pick(this.#agent);
    this.#send = connection.send;
    // DTLS, and data channels in it: werift sends nothing without a path of its own.
    connection.send = async (datagram) => {
      const { formerPath } = this;
      await formerPath?.protocol.sendData(datagram, formerPath.remoteAddr);
    };
    void connection.restart();
    // werift has it `new`; the connection goes on by the former path.
    this.#agent.state = this.#saved.state;
  }

  get credentials(): IceCredentials {
    return { usernameFragment: this.#agent.localUsername, password: this.#agent.localPassword };
  }

  /** The viewer's answer came, the first one counts. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** By which to send while no other one is found; undefined once it is over. */
  get formerPath(): CandidatePair | undefined {
    return this.#over || this.#agent.state === 'closed' ? undefined : this.#saved.nominated;
  }

  /** While the viewer has not answered it goes on as if there were no restart, by this path. */
  get unansweredPath(): CandidatePair | undefined {
    return this.#isAnswered ? undefined : this.formerPath;
  }

  /** Goes on asking by the former path whether the viewer wants what is sent there, as werift does not any more: every four seconds. */
  confirm(now: number): void {
    const pair = this.unansweredPath;
    if (pair === undefined || now - this.#askedAt < CONSENT_INTERVAL_MS) return;
    this.#askedAt = now;
    const { localUsername, remoteUsername, remotePassword } = this.#saved;
    const { iceControlling } = this.#connection;
    const { protocol, localCandidate, remoteAddr } = pair;
    const request = this.#agent.buildRequest({
      nominate: false,
      localUsername,
      remoteUsername,
      iceControlling,
      localCandidate,
    });
    const options = { retransmissions: 0, responseTimeout: CONSENT_RESPONSE_MS };
    protocol.request(request, remoteAddr, Buffer.from(remotePassword), options).then(
      () => void (pair.responsesReceived += 1),
      () => undefined,
    );
  }

  /**
   * Looks for a path with the viewer's answer.
   *
   * @returns when there is one
   * @throws when the viewer did not restart
   */
  async connect({ usernameFragment, password }: IceCredentials): Promise<void> {
    this.#isAnswered = true;
    if (usernameFragment === this.#saved.remoteUsername) throw new Error('the viewer did not restart ICE');
    this.#connection.setRemoteParams({ iceLite: this.#saved.remoteIsLite, usernameFragment, password });
    await this.#connection.connect();
    this.#finish();
  }

  /** Everything is as before. */
  undo(): void {
    if (this.#over || this.#agent.state === 'closed') return;
    this.#finish();
    Object.assign(this.#agent, this.#saved);
    for (const { localCandidate } of this.#agent.protocols)
      if (localCandidate !== undefined) localCandidate.ufrag = this.#saved.localUsername;
    this.#agent.queryConsent();
  }

  #finish(): void {
    this.#over = true;
    this.#connection.send = this.#send;
  }
}

function pick(agent: AgentInternals): Saved {
  return Object.fromEntries(REPLACED.map((name) => [name, agent[name]])) as unknown as Saved;
}
