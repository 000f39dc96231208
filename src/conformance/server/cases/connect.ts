import { expectError, expectInteger, expectObject, expectString, expectStrings, expectThat } from '../../check.ts';
import { CAPABILITIES, expectSame, requires, type ServerCase, strangeToken } from '../context.ts';

export const CONNECT_CASES: ServerCase[] = [
  {
    id: 'connect-session',
    clause: '5.2.4.2',
    level: 'shall',
    title: 'connect is forwarded to the device, and both sides get the same session id',
    async run(context) {
      const { asked, session } = await context.open();
      expectThat(asked['session'] === session, `the session ${session} of the client's answer at the device`, asked['session']);
    },
  },
  {
    id: 'connect-sessions-differ',
    clause: '5.2.4.1',
    level: 'shall',
    title: 'Each connect opens a session with an id of its own',
    async run(context) {
      const device = await context.registered('device');
      const { peer: client } = await context.registered('client');
      const [first, second] = [await context.connect(client, device), await context.connect(client, device)];
      expectThat(first.session !== second.session, 'two ids', `${first.session} twice`);
    },
  },
  {
    id: 'connect-profile',
    clause: '5.2.4.2',
    level: 'shall',
    title: 'The profile of connect reaches the device as it is, and no profile where the client named none',
    async run(context) {
      const device = await context.registered('device');
      const { peer: client } = await context.registered('client');
      const profile = 'Profil "Süd" 2/\u2028';
      const named = await context.connect(client, device, { profile });
      expectSame(named.asked['profile'], profile, 'the profile of connect at the device');
      const unnamed = await context.connect(client, device);
      expectThat(unnamed.asked['profile'] === undefined, 'no profile at the device', unnamed.asked['profile']);
    },
  },
  {
    id: 'connect-capabilities',
    clause: '5.2.4.1',
    level: 'shall',
    title: 'The capabilities of the device reach the client with the answer to connect',
    async run(context) {
      const { told } = await context.open();
      requires(told['capabilities'] !== undefined, 'the server leaves the capabilities out, which are optional');
      const passed = expectStrings(told['capabilities'], 'the "capabilities" in the result of connect');
      expectSame(passed.toSorted(), CAPABILITIES.toSorted(), 'the capabilities');
    },
  },
  {
    id: 'connect-ice-servers',
    clause: '5.2.4.2',
    level: 'shall',
    title: 'Client and device get the same list of ICE servers',
    async run(context) {
      const { asked, told } = await context.open();
      expectSame(asked['iceServers'] ?? [], told['iceServers'] ?? [], 'the ICE servers at the device');
    },
  },
  {
    id: 'connect-ice-urls',
    clause: '5.2.4.2',
    level: 'shall',
    title:
      'The urls of each ICE server are an array of strings with scheme stun, stuns, turn or turns, and those of TURN have a password',
    async run(context) {
      const { asked, told } = await context.open();
      const servers = [asked['iceServers'] ?? [], told['iceServers'] ?? []].flat();
      requires(servers.length > 0, 'the server gives no ICE servers');
      for (const each of servers) {
        const server = expectObject(each, 'an ICE server');
        const urls = expectStrings(server['urls'], 'its "urls"');
        const strange = urls.find((url) => !/^(?:stun|turn)s?:./i.test(url));
        expectThat(strange === undefined && urls.length > 0, 'URLs of STUN and TURN servers', server['urls']);
        if (!urls.some((url) => /^turns?:/i.test(url))) continue;
        expectString(server['username'], 'the "username" of a TURN server');
        expectString(server['credential'], 'the "credential" of a TURN server');
      }
    },
  },
  {
    id: 'connect-expiry',
    clause: '5.2.4.2',
    level: 'shall',
    title: 'A time after which the session ends is an integer above zero, the same for client and device',
    async run(context) {
      const { asked, told } = await context.open();
      requires((asked['expiryTimeSeconds'] ?? told['expiryTimeSeconds']) !== undefined, 'sessions of this server have no end');
      const seconds = expectInteger(told['expiryTimeSeconds'], 'the "expiryTimeSeconds" at the client');
      expectThat(seconds > 0, 'a time above zero', seconds);
      expectSame(asked['expiryTimeSeconds'], seconds, 'the "expiryTimeSeconds" at the device');
    },
  },
  {
    id: 'connect-bad-token',
    clause: '5.2.4.1',
    level: 'shall',
    title: 'connect with a token that is not valid is answered with 401, though that of register was',
    async run(context) {
      requires(context.tokenOf('client') !== undefined, 'no token was given to the kit, so the server seems to want none');
      const device = await context.registered('device');
      const client = await context.registered('client');
      const params = context.connectParams(device, { authorization: strangeToken() });
      await context.expectRefused(client.peer, device, params, 'connect with a bad token', [401]);
    },
  },
  {
    id: 'connect-forbidden',
    clause: '5.2.4.1',
    level: 'shall',
    title: 'connect with a token that does not allow the peer is answered with 403',
    async run(context) {
      const { limitedClientToken: authorization } = context.settings;
      requires(authorization !== undefined, 'no token of a client that may not reach the device was given to the kit');
      const device = await context.registered('device');
      const { peer } = await context.registered('client', { token: authorization });
      const params = context.connectParams(device, { authorization });
      await context.expectRefused(peer, device, params, 'connect to a peer that the token does not allow', [403]);
    },
  },
  {
    id: 'connect-absent-device',
    clause: '5.2.4.1',
    level: 'shall',
    title: 'connect to a device that has left is answered with 480',
    async run(context) {
      const device = await context.registered('device');
      const client = await context.registered('client');
      device.peer.close();
      await device.peer.whenClosed(context.wait());
      const answer = await client.peer.request('connect', context.connectParams(device), context.wait());
      expectError(answer, 'connect to a device that has left', [480]);
    },
  },
  {
    id: 'connect-refused-by-device',
    clause: '5.2.4.1',
    level: 'shall',
    title: 'The 480 of the device reaches the client',
    async run(context) {
      const device = await context.registered('device');
      const { peer: client } = await context.registered('client');
      const id = client.call('connect', context.connectParams(device));
      const request = await context.requestAt(device.peer, 'connect');
      device.peer.respondError(request['id'], 480, 'The camera is switched off');
      expectError(await client.answerTo(id, 'connect', context.wait()), 'connect that the device refuses', [480]);
    },
  },
  {
    id: 'connect-silent-device',
    clause: '5.2.4.1',
    level: 'should',
    title: 'connect to a device that does not answer is answered with 480',
    async run(context) {
      const device = await context.registered('device');
      const { peer: client } = await context.registered('client');
      const id = client.call('connect', context.connectParams(device));
      await context.requestAt(device.peer, 'connect');
      const answer = await client.answerTo(id, 'connect', context.wait(0, context.timing.silenceMs));
      expectError(answer, 'connect to a device that is silent', [480]);
    },
  },
  {
    id: 'connect-answer-first',
    clause: '5.2.4.2',
    level: 'should',
    title: 'The client has the answer to connect before the invite that the device sends right behind its own',
    async run(context) {
      const device = await context.registered('device');
      const { peer: client } = await context.registered('client');
      const id = client.call('connect', context.connectParams(device));
      const request = await context.requestAt(device.peer, 'connect');
      const { session } = expectObject(request['params'], 'the params of connect');
      device.peer.respond(request['id'], { capabilities: CAPABILITIES });
      device.peer.call('invite', { session, offer: 'v=0\r\n' });
      await context.requestAt(client, 'invite');
      const order = client.frames.map(({ message }) => message?.['method'] ?? (message?.['id'] === id ? 'answer' : 'other'));
      expectThat(
        order.indexOf('answer') !== -1 && order.indexOf('answer') < order.indexOf('invite'),
        'the answer to connect, then the invite',
        order,
      );
    },
  },
  {
    id: 'connect-at-once',
    clause: '5.2.4.1',
    level: 'shall',
    title: 'Two clients that connect at the same time, with the same id of their request, each get the session of their own',
    async run(context) {
      const device = await context.registered('device');
      const clients = [(await context.registered('client')).peer, (await context.registered('client')).peer];
      const ids = clients.map((client, index) =>
        client.call('connect', context.connectParams(device, { profile: `kit-${index}` })),
      );
      const requests = await Promise.all(clients.map((_, index) => forwarded(`kit-${index}`)));
      expectThat(requests[0]?.['id'] !== requests[1]?.['id'], 'two requests with ids of their own at the device', requests);
      for (const request of requests.toReversed()) device.peer.respond(request['id'], { capabilities: CAPABILITIES });
      for (const [index, client] of clients.entries()) {
        const { message } = await client.answerTo(ids[index] ?? 0, 'connect', context.wait());
        const told = expectObject(message['result'], 'the result of connect')['session'];
        const asked = expectObject(requests[index]?.['params'], 'the params of connect')['session'];
        expectSame(told, asked, `the session of client ${index + 1}`);
      }

      function forwarded(profile: string): Promise<Record<string, unknown>> {
        return device.peer.receive(
          'a connect',
          (message) =>
            (message['params'] as Record<string, unknown> | undefined)?.['profile'] === profile ? message : undefined,
          context.wait(),
        );
      }
    },
  },
];
