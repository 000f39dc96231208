import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { IceServer } from '../../../base/ice.ts';
import { Failure } from '../../case.ts';
import { lineOf, parseCandidate, type CandidateLine } from '../candidate.ts';
import type { DeviceCase, DeviceContext } from '../context.ts';
import { readSdp, valuesOf } from '../sdp.ts';
import type { Invite, KitSession } from '../session.ts';
import { parseStun, StunHost, usernameOf } from '../stun-host.ts';

/** RFC 8445 section 5.1.2 with the type preference of TCP host candidates (RFC 6544 section 4.2). */
const TCP_PRIORITY = 1_518_280_447;

export const ICE_CASES: DeviceCase[] = [
  {
    id: 'host-candidate',
    clause: '6.4',
    level: 'shall',
    title: 'The device makes host candidates',
    async run(context) {
      const { session, invite } = await context.open();
      await candidateOf(session, invite, 'a host candidate', ({ type }) => type === 'host');
    },
  },
  {
    id: 'srflx-candidate',
    clause: '6.4',
    level: 'shall',
    title: 'The device makes a server reflexive candidate of what a STUN server answers',
    async run(context) {
      const stun = await useServer(context, context.settings.stun, (host) => host.stunServer);
      const { session, invite } = await context.open({}, [stun]);
      await candidateOf(session, invite, 'a server reflexive candidate', ({ type }) => type === 'srflx');
    },
  },
  {
    id: 'relay-candidate',
    clause: '6.4',
    level: 'shall',
    title: 'The device makes a relay candidate of what a TURN server with a password allocates',
    async run(context) {
      const turn = await useServer(context, context.settings.turn, (host) => host.turnServer);
      const { session, invite } = await context.open({}, [turn]);
      await candidateOf(session, invite, 'a relay candidate', ({ type }) => type === 'relay');
    },
  },
  {
    id: 'turn-password',
    clause: '5.2.4.2',
    level: 'shall',
    title: 'The device proves the password that connect gave for the TURN server (RFC 8489 section 9.2)',
    async run(context) {
      const host = await stunHost(context);
      await context.open({}, [host.turnServer]);
      const heard = (): string => `${host.allocations} Allocate requests, none with the password`;
      await context.poll('an Allocate request with the password', () => host.authenticated > 0, context.timing.mediaMs, heard);
    },
  },
  {
    id: 'active-tcp',
    clause: '6.4',
    level: 'shall',
    title: 'A passive TCP candidate is answered by a TCP connection with ICE checks on it (RFC 6544)',
    async run(context) {
      const address = await localAddress(context);
      const listener = await TcpListener.open(address);
      context.defer(() => listener.close());
      const { session, invite } = await context.open();
      const media = await session.negotiate(invite, { onlyAnswer: true });
      const mid = valuesOf(readSdp(invite.offer).media[0]?.lines ?? [], 'mid')[0] ?? '0';
      const ufrag = /^a=ice-ufrag:(\S+)/m.exec(media.localDescription?.sdp ?? '')?.[1] ?? '';
      session.trickle({
        candidate: `candidate:1 1 tcp ${TCP_PRIORITY} ${address} ${listener.port} typ host tcptype passive`,
        sdpMid: mid,
        sdpMLineIndex: 0,
      });
      const { mediaMs } = context.timing;
      await context.poll(
        'a TCP connection to the passive candidate',
        () => listener.connections > 0,
        mediaMs,
        () => 'none',
      );
      const asked = (): boolean => listener.checks.some((username) => username.startsWith(`${ufrag}:`));
      const heard = (): string => `${listener.connections} connections, checks for ${JSON.stringify(listener.checks)}`;
      await context.poll(`a Binding request for ${ufrag} in a frame of RFC 4571`, asked, mediaMs, heard);
    },
  },
];

/** The first candidate of this kind, be it trickled or in the offer. */
async function candidateOf(
  session: KitSession,
  invite: Invite,
  what: string,
  isWanted: (candidate: CandidateLine) => boolean,
): Promise<void> {
  const inOffer = readSdp(invite.offer).media.flatMap(({ lines }) => valuesOf(lines, 'candidate'));
  const wanted = (line: string): boolean => {
    const candidate = parseCandidate(line);
    return candidate !== undefined && isWanted(candidate);
  };
  if (inOffer.some((value) => wanted(`candidate:${value}`))) return;
  const { mediaMs } = session.context.timing;
  await session.receiveTrickle(what, (candidate) => (wanted(lineOf(candidate) ?? '') ? true : undefined), mediaMs);
}

/** The server that was given to the kit, or else one of the kit's own. */
async function useServer(
  context: DeviceContext,
  given: IceServer | undefined,
  own: (host: StunHost) => IceServer,
): Promise<IceServer> {
  return given ?? own(await stunHost(context));
}

/** A STUN and TURN server of the kit's own at the address by which the device reached the kit. */
export async function stunHost(context: DeviceContext): Promise<StunHost> {
  const host = new StunHost(await localAddress(context));
  await host.listen();
  context.defer(() => host.close());
  return host;
}

async function localAddress(context: DeviceContext): Promise<string> {
  const { visit } = await context.connection();
  if (visit.to === undefined) throw new Failure('an address by which the device reached the kit', 'none');
  return visit.to;
}

/** Takes TCP connections and reads the STUN requests that come in frames of RFC 4571: two bytes of length, then the message. */
class TcpListener {
  connections = 0;
  /** User names of the checks. */
  readonly checks: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor() {
    this.#server = createServer((socket) => this.#take(socket));
  }

  static async open(address: string): Promise<TcpListener> {
    const listener = new TcpListener();
    await new Promise<void>((resolve, reject) => {
      listener.#server.once('error', reject);
      listener.#server.listen(0, address, resolve);
    });
    return listener;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #take(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    let pending = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      pending = Buffer.concat([pending, data]);
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const end = 2 + pending.readUInt16BE(0);
        const message = parseStun(pending.subarray(2, end));
        const username = message === undefined ? undefined : usernameOf(message);
        if (username !== undefined) this.checks.push(username);
        pending = pending.subarray(end);
      }
    });
  }
}
