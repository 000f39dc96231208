import { Failure } from '../../case.ts';
import { expectError, expectResult, expectString, expectObject, expectThat } from '../../check.ts';
import type { RawPeer } from '../../raw-peer.ts';
import { requires, type Role, type ServerCase, type ServerContext, strangeToken } from '../context.ts';

const NO_TOKENS = 'no token was given to the kit, so the server seems to want none';

export const CONNECTION_CASES: ServerCase[] = [
  {
    id: 'subprotocol-accepted',
    clause: '5.1',
    level: 'shall',
    title: 'The handshake with the subprotocol webrtc.onvif.org is answered with that subprotocol',
    async run(context) {
      const peer = await context.connection('client');
      expectThat(peer.socket.protocol === 'webrtc.onvif.org', 'the subprotocol webrtc.onvif.org', peer.socket.protocol);
    },
  },
  {
    id: 'subprotocol-chosen',
    clause: '5.1',
    level: 'shall',
    title: 'Of several subprotocols webrtc.onvif.org is chosen',
    async run(context) {
      const peer = await context.connection('client', { subprotocols: ['mqtt', 'webrtc.onvif.org', 'v12.stomp'] });
      expectThat(peer.socket.protocol === 'webrtc.onvif.org', 'the subprotocol webrtc.onvif.org', peer.socket.protocol);
    },
  },
  {
    id: 'subprotocol-demanded',
    clause: '5.1',
    level: 'should',
    title: 'A peer that does not offer the subprotocol is not served',
    async run(context) {
      let peer: RawPeer;
      try {
        peer = await context.connection('client', { subprotocols: [] });
      } catch (error) {
        if (error instanceof Failure) return;
        throw error;
      }
      const token = context.tokenOf('client');
      const id = peer.call('register', token === undefined ? {} : { authorization: token });
      const served = peer.receive(
        'a result of register',
        (message) => (message['id'] === id ? Object.hasOwn(message, 'result') : undefined),
        context.wait(),
      );
      const isServed = await served.catch((error: unknown) => {
        if (error instanceof Failure) return false;
        throw error;
      });
      expectThat(!isServed, 'the handshake or register to be refused', 'a registration without the subprotocol');
    },
  },
  {
    id: 'token-by-header',
    clause: '5.1',
    level: 'shall',
    title: 'The token in the Authorization header of the handshake is accepted (RFC 6750 section 2.1)',
    run: (context) => acceptsToken(context, 'header'),
  },
  {
    id: 'token-by-query',
    clause: '5.1',
    level: 'shall',
    title: 'The token in the query parameter access_token is accepted (RFC 6750 section 2.3)',
    run: (context) => acceptsToken(context, 'query'),
  },
  {
    id: 'token-by-register',
    clause: '5.2.2',
    level: 'shall',
    title: 'The token in the authorization of register is accepted',
    run: (context) => acceptsToken(context, 'none'),
  },
  {
    id: 'bad-token-in-handshake',
    clause: '5.2.2',
    level: 'shall',
    title: 'A token in the handshake that is not valid is refused, by HTTP 401 or at register by 401',
    async run(context) {
      requires(context.tokenOf('client') !== undefined, NO_TOKENS);
      const peer = await admitted(context.connection('client', { token: strangeToken() }));
      if (peer !== undefined) expectError(await context.register(peer, 'client'), 'register with a bad token', [401]);
    },
  },
  {
    id: 'bad-token-of-client',
    clause: '5.2.2.1',
    level: 'shall',
    title: 'register of a client with a token that is not valid is answered with 401',
    run: (context) => refusesToken(context, 'client'),
  },
  {
    id: 'bad-token-of-device',
    clause: '5.2.2.2',
    level: 'shall',
    title: 'register of a device with a token that is not valid is answered with 401',
    run: (context) => refusesToken(context, 'device'),
  },
];

/** The token is shown in one way only. */
async function acceptsToken(context: ServerContext, by: 'header' | 'query' | 'none'): Promise<void> {
  const token = context.tokenOf('client');
  requires(token !== undefined, NO_TOKENS);
  const peer = await context.connection('client', { by });
  const answer = await context.register(peer, 'client', by === 'none' ? { authorization: token } : {});
  const result = expectObject(expectResult(answer, 'register'), 'the result of register');
  expectString(result['id'], 'the "id" in the result of register');
}

async function refusesToken(context: ServerContext, role: Role): Promise<void> {
  requires(context.tokenOf(role) !== undefined, NO_TOKENS);
  const peer = await admitted(context.connection(role, { by: 'none' }));
  if (peer === undefined) return;
  expectError(await context.register(peer, role, { authorization: strangeToken() }), 'register with a bad token', [401]);
}

/** The connection; undefined where the server refused the handshake for the sake of the token, as it may. */
async function admitted(opening: Promise<RawPeer>): Promise<RawPeer | undefined> {
  try {
    return await opening;
  } catch (error) {
    if (error instanceof Failure && /HTTP 40[13]/.test(error.actual)) return undefined;
    throw error;
  }
}
