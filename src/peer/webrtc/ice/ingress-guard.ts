import {
  classes,
  isStunMessage,
  Message,
  methods,
  parseMessage,
  StunProtocol,
  type CandidatePair,
  type Connection,
} from 'werift';
import { addressRefusal, type LoopbackUse } from './remote-candidate.ts';
import { internalsOf, type AgentInternals, type LocalProtocol } from './werift-connection.ts';

type Address = readonly [string, number];

/** From where a viewer checks without having named it: a NAT for each of its sockets and of ours. Each costs checks to an address that may be forged. */
const MAX_UNNAMED = 16;
/** Kept until the answer comes; a check is repeated many times. */
const MAX_EARLY_CHECKS = 100;

/**
 * Lets through what comes from the viewer alone. werift answers checks without looking at their MESSAGE-INTEGRITY (RFC 8445 section 7.3 demands it),
 * sends checks back to wherever they came from and however many those are, and hands on datagrams from anywhere.
 *
 * @param protocol after the agent listens to it
 */
export function guardIngress(connection: Connection, protocol: LocalProtocol, loopback: LoopbackUse): void {
  const agent = internalsOf(connection);
  const { onRequestReceived } = protocol;
  const receive = onRequestReceived.execute;
  onRequestReceived.execute = (request, from, bytes) => {
    const [username = ''] = String(request.getAttributeValue('USERNAME')).split(':');
    const password = Object.hasOwn(agent.userHistory, username) ? agent.userHistory[username] : undefined;
    // Before its integrity, which costs much more.
    if (password === undefined || !isAdmitted(agent, from, loopback)) return;
    if (parseMessage(bytes, Buffer.from(password)) === undefined) return;
    if (username !== agent.localUsername) {
      formerChecks.set(connection, { from, atMs: performance.now() });
      return answerFormerGeneration(protocol, request, from, password);
    }
    receive(request, from, bytes);
    agent.earlyChecks.splice(MAX_EARLY_CHECKS);
  };
  if (protocol instanceof StunProtocol) dropStrangers(agent, protocol);
}

/** Whether a check from there is answered, and made back: it is where the viewer named, or one of few others at which a viewer can be. */
function isAdmitted(
  { _remoteCandidates: candidates, earlyChecks }: AgentInternals,
  from: Address,
  loopback: LoopbackUse,
): boolean {
  const known: Address[] = candidates.map(({ host, port }) => [host, port]);
  const early = earlyChecks.map(([, address]) => address);
  if ([...known, ...early].some((address) => isSame(address, from))) return true;
  const unnamed =
    candidates.filter(({ type }) => type === 'prflx').length + new Set(early.map((address) => address.join(' '))).size;
  return unnamed < MAX_UNNAMED && addressRefusal(...from, loopback) === undefined;
}

/** The viewer still confirms the path that an ICE restart is about to replace; werift would take it for a check of the new one. */
function answerFormerGeneration(protocol: LocalProtocol, request: Message, from: Address, password: string): void {
  const response = new Message(methods.BINDING, classes.RESPONSE, request.transactionId);
  response.setAttribute('XOR-MAPPED-ADDRESS', from).addMessageIntegrity(Buffer.from(password)).addFingerprint();
  protocol.sendStun(response, from).catch(() => undefined);
}

/** The last check by credentials that an ICE restart is about to replace, or has replaced; undefined where there was none. */
export function lastFormerCheck(connection: Connection): { from: Address; atMs: number } | undefined {
  return formerChecks.get(connection);
}

const formerChecks = new WeakMap<Connection, { from: Address; atMs: number }>();

/** Datagrams other than STUN that came on a pair over UDP. */
export function datagramsHeard(pair: CandidatePair): number {
  return heard.get(pair) ?? 0;
}

const heard = new WeakMap<CandidatePair, number>();

/** A UDP socket takes from anybody; TCP and relays have asked for whom they hear. */
function dropStrangers(agent: AgentInternals, socket: StunProtocol): void {
  const { transport } = socket;
  const receive = transport.onData;
  let last: CandidatePair | undefined;
  const isKnown = (from: Address): boolean => {
    const isLast = last !== undefined && isSame(last.remoteAddr, from);
    const pair =
      isLast && agent.checkList.some((each) => each === last)
        ? last
        : agent.checkList.find((each) => each.protocol === socket && isSame(each.remoteAddr, from));
    // While ICE restarts the list is a new one, and the viewer still sends by the former path.
    const hearing = pair ?? (isLast ? last : undefined);
    if (hearing === undefined) return agent.earlyChecks.some(([, checked]) => isSame(checked, from));
    last = hearing;
    heard.set(hearing, datagramsHeard(hearing) + 1);
    return true;
  };
  transport.onData = (datagram, from) => {
    if (isStunMessage(datagram) || isKnown(from)) receive(datagram, from);
  };
}

/** Whether two are the same address and port. */
export function isSame([address, port]: Address, [otherAddress, otherPort]: Address): boolean {
  return port === otherPort && address === otherAddress;
}
