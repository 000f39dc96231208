import { StunOverTurnProtocol, StunProtocol, type CandidatePair } from 'werift';
import type { PathKind } from '../../../plane/messages.ts';
import { datagramsHeard } from './ingress-guard.ts';
import type { PathSigns } from './path-watch.ts';

/** How a pair of candidates leads to the viewer. */
export function selectedPath(pair: CandidatePair | undefined): PathKind | undefined {
  if (pair === undefined) return undefined;
  const { localCandidate, remoteCandidate } = pair;
  return { local: kindOf(localCandidate.type), remote: kindOf(remoteCandidate.type), transport: transportOf(pair) };
}

export function signsOf(pair: CandidatePair): PathSigns {
  const { id, protocol, packetsReceived, requestsReceived, responsesReceived } = pair;
  // A UDP socket hears the viewer from wherever it sends, and werift counts that for the path in use.
  const datagrams = protocol instanceof StunProtocol ? datagramsHeard(pair) : packetsReceived;
  return { id, heard: datagrams + requestsReceived + responsesReceived, confirmed: responsesReceived };
}

/** Between us and the viewer; through a relay between us and the TURN server. */
function transportOf({ protocol, localCandidate }: CandidatePair): PathKind['transport'] {
  if (protocol instanceof StunOverTurnProtocol) return (protocol.turn.transport as { type: PathKind['transport'] }).type;
  return localCandidate.transport.toLowerCase() === 'tcp' ? 'tcp' : 'udp';
}

function kindOf(type: string): PathKind['local'] {
  return type === 'host' || type === 'srflx' || type === 'relay' ? type : 'prflx';
}
