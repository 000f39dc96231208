import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Candidate, classes, Connection, Message, methods, parseMessage, StunProtocol } from 'werift';
import { guardIngress } from '../../../../../src/peer/webrtc/ice/ingress-guard.ts';
import { internalsOf } from '../../../../../src/peer/webrtc/ice/werift-connection.ts';
import { joined, makePeer, OFFERED, WAIT } from '../loopback-viewer.ts';

/* Anybody who can reach the port may send to it. */

async function stranger(): Promise<{ socket: Socket; heard: Buffer[] }> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  const heard: Buffer[] = [];
  socket.on('message', (datagram) => heard.push(datagram));
  return { socket, heard };
}

/** The port of a peer that waits for its viewer, and the credentials of its offer. */
async function waitingPeer(): Promise<{ port: number; ufrag: string; password: string }> {
  const { peer, told } = makePeer();
  const offer = await peer.offer(OFFERED);
  await vi.waitUntil(() => told.candidates.at(-1)?.candidate === '', WAIT);
  const host = told.candidates.find(({ candidate }) => candidate.includes(' udp '))?.candidate ?? '';
  const value = (name: string): string => new RegExp(`^a=${name}:(\\S+)`, 'm').exec(offer)?.[1] ?? '';
  return { port: Number(host.split(' ')[5]), ufrag: value('ice-ufrag'), password: value('ice-pwd') };
}

function check(username: string, password: string | undefined): Buffer {
  const request = new Message(methods.BINDING, classes.REQUEST);
  request.setAttribute('USERNAME', username).setAttribute('PRIORITY', 1).setAttribute('ICE-CONTROLLED', 1n);
  if (password !== undefined) request.addMessageIntegrity(Buffer.from(password));
  return request.addFingerprint().bytes;
}

describe('a peer', () => {
  it('answers the checks of who knows the password of its offer, and of nobody else', async () => {
    const { port, ufrag, password } = await waitingPeer();
    const { socket, heard } = await stranger();
    const forged = [
      check(`${ufrag}:x`, undefined),
      check(`${ufrag}:x`, 'another password'),
      check('constructor:x', password),
      check('', password),
    ];
    for (const request of forged) socket.send(request, port, '127.0.0.1');
    const honest = check(`${ufrag}:x`, password);
    socket.send(honest, port, '127.0.0.1');
    await vi.waitUntil(() => heard.length > 0, WAIT);
    expect(heard.map((datagram) => parseMessage(datagram)?.transactionIdHex)).toEqual([parseMessage(honest)?.transactionIdHex]);
  });

  it('hears datagrams of its viewer alone', async () => {
    const { viewer, told } = await joined();
    const { iceTransport, srtcp } = viewer.transport;
    const port = iceTransport.connection.nominated?.remoteAddr[1] ?? 0;
    const { socket } = await stranger();
    // PLI (RFC 4585 section 6.3.1) of source 1, protected as only the viewer can, from elsewhere; then one of source 2 by its own way.
    const pli = (source: number): Buffer => Buffer.from(`81ce0002${source.toString(16).padStart(8, '0')}00000005`, 'hex');
    await new Promise((sent) => socket.send(srtcp.encrypt(pli(1)), port, '127.0.0.1', sent));
    await viewer.sendRtcp(pli(2));
    const sources = (): number[] => told.rtcp.flatMap((message) => (message.type === 'pli' ? [message.ssrc] : []));
    await vi.waitUntil(() => sources().includes(2), WAIT);
    expect(sources()).toEqual([2]);
  });
});

/** A guarded agent on a socket that is none, and to where it answers and checks. */
function guarded(): {
  connection: Connection;
  receive: (from: readonly [string, number]) => void;
  answered: string[];
  checked: string[];
} {
  const connection = new Connection(true, {});
  const agent = internalsOf(connection);
  const [answered, checked]: [string[], string[]] = [[], []];
  const socket = new StunProtocol();
  Object.assign(socket, {
    transport: { onData: () => undefined },
    localCandidate: new Candidate('f', 1, 'udp', 1, '192.0.2.1', 5000, 'host'),
    sendStun: (_: Message, to: readonly [string, number]) => Promise.resolve(void answered.push(to.join(' '))),
    request: (_: Message, to: readonly [string, number]) => new Promise(() => checked.push(to.join(' '))),
  });
  agent.ensureProtocol(socket);
  guardIngress(connection, socket, 'never');
  const receive = (from: readonly [string, number]): void => {
    const bytes = check(`${agent.localUsername}:x`, agent.localPassword);
    const request = parseMessage(bytes);
    if (request !== undefined) socket.onRequestReceived.execute(request, [...from], bytes);
  };
  return { connection, receive, answered, checked };
}

describe('checks from addresses that the viewer has not named', () => {
  it.each([
    ['before its answer', false],
    ['after it', true],
  ])('are answered, and made back, at sixteen of them, %s', (_, isAnswered) => {
    const { connection, receive, answered, checked } = guarded();
    internalsOf(connection).earlyChecksDone = isAnswered;
    for (let port = 2000; port < 3000; port += 1) receive(['203.0.113.9', port]);
    expect(answered).toHaveLength(16);
    expect(checked).toHaveLength(isAnswered ? 16 : 0);
    receive(['203.0.113.9', 2000]);
    expect(answered).toHaveLength(17);
  });

  it.each([
    ['the link', '169.254.169.254', 2000],
    ['this machine', '127.0.0.1', 2000],
    ['a service', '203.0.113.9', 53],
  ])('are not answered at an address of %s', (_, address, port) => {
    const { receive, answered } = guarded();
    receive([address, port]);
    receive(['203.0.113.9', 2000]);
    expect(answered).toEqual(['203.0.113.9 2000']);
  });

  it('do not count where it names them', async () => {
    const { connection, receive, answered } = guarded();
    internalsOf(connection).earlyChecksDone = true;
    for (let port = 2000; port < 2064; port += 1)
      await connection.addRemoteCandidate(new Candidate('g', 1, 'udp', 1, '203.0.113.9', port, 'host'));
    for (let port = 2000; port < 2065; port += 1) receive(['203.0.113.9', port]);
    expect(answered).toHaveLength(65);
  });

  it('are kept in a bounded list until the answer comes, however often they are repeated', () => {
    const { connection, receive, answered } = guarded();
    for (let round = 0; round < 300; round += 1) receive(['203.0.113.9', 2000]);
    expect(answered).toHaveLength(300);
    expect(internalsOf(connection).earlyChecks).toHaveLength(100);
  });
});
