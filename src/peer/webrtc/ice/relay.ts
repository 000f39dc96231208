import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { classes, createStunOverTurnClient, Message, methods, type StunOverTurnProtocol, type TurnProtocol } from 'werift';
import { firstSuccess } from './first-success.ts';
import type { TurnServer } from './server-urls.ts';

/** The next transport of a TURN server is tried when the one before has not answered after this. */
const STAGGER_MS = 500;
const CONNECT_TIMEOUT_MS = 5000;
/** A permission ends after 300 s, and binding the channel again is what renews it (RFC 8656 sections 9 and 12); werift does so after 500 s. */
const CHANNEL_REFRESH_SECONDS = 240;
const DELETE_TIMEOUT_MS = 300;

export interface AllocateOptions {
  /** UDP sockets are bound to it. */
  localAddress: string | undefined;
  /** Aborted when nobody needs the relay any more. */
  signal: AbortSignal;
}

/** As much of werift's TURN client as is private there. */
interface TurnInternals {
  channelRefreshTime: number;
}

/** A relay at one TURN server, over the first of its transports that works; undefined where none does. */
export function allocateRelay(
  transports: readonly TurnServer[],
  options: AllocateOptions,
): Promise<StunOverTurnProtocol | undefined> {
  return firstSuccess(
    transports.map((server) => () => allocate(server, options)),
    STAGGER_MS,
    (late) => void late.close(),
  );
}

async function allocate(server: TurnServer, { localAddress, signal }: AllocateOptions): Promise<StunOverTurnProtocol> {
  signal.throwIfAborted();
  const { host, port, transport, username, credential } = server;
  // Over TCP Node tries all addresses of the name; a UDP socket is of one family.
  const address = transport === 'udp' ? await oneAddressOf(host) : host;
  const relay = await createStunOverTurnClient(
    { address: [address, port], username, password: credential },
    {
      transport,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      ...(localAddress === undefined ? {} : { interfaceAddresses: { udp4: localAddress } }),
      ...(transport === 'tls' && isIP(host) === 0 ? { tlsOptions: { servername: host } } : {}),
    },
  );
  (relay.turn as unknown as TurnInternals).channelRefreshTime = CHANNEL_REFRESH_SECONDS;
  releaseAtEnd(relay);
  if (signal.aborted) {
    await relay.close();
    signal.throwIfAborted();
  }
  return relay;
}

async function oneAddressOf(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  const addresses = await lookup(host, { all: true });
  return (addresses.find(({ family }) => family === 4) ?? addresses[0])?.address ?? host;
}

/** The allocation is deleted instead of being left to its 10 minutes: servers limit how many a user may have (RFC 8656 section 7). */
function releaseAtEnd(relay: StunOverTurnProtocol): void {
  const close = relay.close.bind(relay);
  relay.close = async () => {
    await deleteAllocation(relay.turn).catch(() => undefined);
    await close();
  };
}

async function deleteAllocation(turn: TurnProtocol): Promise<void> {
  const request = new Message(methods.REFRESH, classes.REQUEST);
  request.setAttribute('LIFETIME', 0);
  await turn.requestWithRetry(request, turn.server, AbortSignal.timeout(DELETE_TIMEOUT_MS));
}
