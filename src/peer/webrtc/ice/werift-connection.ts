import type {
  Candidate,
  CandidatePair,
  Connection,
  Message,
  StunOverTurnProtocol,
  StunProtocol,
  TcpActiveProtocol,
} from 'werift';

/*
 * What is private to werift's ICE agent and used here: gathering, nomination and restart are the product's own. Nothing outside this folder
 * knows of it, and werift-connection.test.ts fails for each member that an upgrade takes away or moves.
 */

/** A local transport of the agent: a UDP socket, an active TCP candidate, or a relay. */
export type LocalProtocol = StunProtocol | TcpActiveProtocol | StunOverTurnProtocol;

export interface CheckOptions {
  retransmissions: number;
  responseTimeout?: number;
  onRequestSent: (attempt: number) => void;
}

export interface CheckRequest {
  nominate: boolean;
  localUsername: string;
  remoteUsername: string;
  iceControlling: boolean;
  localCandidate: Candidate;
}

export interface AgentInternals {
  protocols: LocalProtocol[];
  localCandidatesStart: boolean;
  localCandidatesEnd: boolean;
  remoteCandidatesEnd: boolean;
  localUsername: string;
  localPassword: string;
  remoteUsername: string;
  remotePassword: string;
  remoteIsLite: boolean;
  localCandidates: Candidate[];
  _remoteCandidates: Candidate[];
  checkList: CandidatePair[];
  checkListDone: boolean;
  checkListState: unknown;
  earlyChecks: [message: unknown, from: readonly [string, number], protocol: LocalProtocol][];
  earlyChecksDone: boolean;
  nominated?: CandidatePair | undefined;
  nominating: boolean;
  generation: number;
  state: string;
  readonly userHistory: Record<string, string>;
  gatherCandidates: () => Promise<void>;
  ensureProtocol(protocol: LocalProtocol): void;
  pairLocalProtocol(protocol: LocalProtocol): void;
  appendLocalCandidate(candidate: Candidate): void;
  isTcpPair: (pair: CandidatePair) => boolean;
  checkRequestOptions: (pair: CandidatePair) => CheckOptions;
  nominateTcpPairIfReady: () => void;
  nominateTcpPair(pair: CandidatePair): void;
  buildRequest(request: CheckRequest): Message;
  queryConsent(): void;
  restart(): Promise<void>;
}

export function internalsOf(connection: Connection): AgentInternals {
  return connection as unknown as AgentInternals;
}
