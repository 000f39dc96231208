import { CandidatePairState, type CandidatePair, type Connection } from 'werift';
import { isPrivate } from './remote-candidate.ts';
import { internalsOf } from './werift-connection.ts';

/** How long a relay, or TCP, that works waits for a direct path whose checks are still under way: their five requests are out by then. */
const HOLD_MS = 1000;
const UDP_RETRANSMISSIONS = 4;
/** Where a check came from that the viewer did not name may be a forged address: it gets few. A NAT that let the check in lets ours out at once. */
const UNNAMED_CHECK = { retransmissions: 1, responseTimeout: 400 };
const TCP_RESPONSE_TIMEOUT_MS = 3000;

/**
 * Of paths over UDP that are direct the first that works is nominated, as werift does with all; a relay and TCP only when no direct one came within a
 * moment. Otherwise the relay, which answers at once, would win over the hole that is being punched into a NAT. For the controlling side.
 */
export function preferDirectPaths(connection: Connection): void {
  const agent = internalsOf(connection);
  let heldGeneration = -1;
  let timer: NodeJS.Timeout | undefined;
  let expired = false;
  // What werift does with TCP (RFC 8445 section 8.1.1, regular nomination), it now does with relays too.
  agent.isTcpPair = (pair) => rank(pair) > 0;
  agent.checkRequestOptions = (pair) => {
    const onRequestSent = (attempt: number): void => {
      if (attempt > 0) pair.retransmissionsSent += 1;
    };
    if (isTcp(pair)) return { retransmissions: 0, responseTimeout: TCP_RESPONSE_TIMEOUT_MS, onRequestSent };
    if (pair.remoteCandidate.type === 'prflx') return { ...UNNAMED_CHECK, onRequestSent };
    return { retransmissions: UDP_RETRANSMISSIONS, onRequestSent };
  };
  agent.nominateTcpPairIfReady = () => {
    if (!connection.iceControlling || agent.remoteIsLite || agent.nominated !== undefined || agent.nominating) return;
    // The check list is in the order of priority.
    const [best] = agent.checkList
      .filter((pair) => rank(pair) > 0 && pair.state === CandidatePairState.SUCCEEDED)
      .toSorted((a, b) => rank(a) - rank(b));
    if (best === undefined) return;
    if (heldGeneration !== agent.generation) {
      heldGeneration = agent.generation;
      expired = false;
      clearTimeout(timer);
      timer = setTimeout(() => {
        expired = true;
        if (agent.state !== 'closed') agent.nominateTcpPairIfReady();
      }, HOLD_MS);
    }
    if (expired || !agent.checkList.some((pair) => rank(pair) < rank(best) && !isDone(pair))) agent.nominateTcpPair(best);
  };
}

/**
 * Goes over to another path that works, since the viewer checks it and is silent on the one in use: it moved, or a NAT maps it anew.
 *
 * @returns whether there is one
 */
export function takeMovedPath(connection: Connection, isAlive: (pair: CandidatePair) => boolean): boolean {
  const agent = internalsOf(connection);
  const { nominated } = agent;
  const moved = agent.checkList.find(
    (pair) => pair !== nominated && pair.state === CandidatePairState.SUCCEEDED && isAlive(pair),
  );
  if (nominated === undefined || moved === undefined) return false;
  moved.nominated = true;
  agent.nominated = moved;
  agent.queryConsent();
  // For a viewer that waits to be told.
  agent.nominateTcpPair(moved);
  return true;
}

/** Starts the checks over UDP once more that got no answer. */
export function checkFailedAgain(connection: Connection): void {
  for (const pair of connection.checkList) {
    if (pair.state === CandidatePairState.FAILED && !isTcp(pair)) pair.handle = connection.checkStart(pair);
  }
}

/** 0 direct over UDP, 1 direct over TCP, 2 relayed; from where somebody not named yet sends may be the viewer's relay, unless it is close by. */
function rank(pair: CandidatePair): number {
  const { localCandidate, remoteCandidate } = pair;
  if (localCandidate.type === 'relay' || remoteCandidate.type === 'relay') return 2;
  if (remoteCandidate.type === 'prflx' && !isPrivate(remoteCandidate.host)) return 2;
  return isTcp(pair) ? 1 : 0;
}

function isTcp({ localCandidate }: CandidatePair): boolean {
  return localCandidate.transport.toLowerCase() === 'tcp';
}

function isDone({ state }: CandidatePair): boolean {
  return state === CandidatePairState.SUCCEEDED || state === CandidatePairState.FAILED;
}
