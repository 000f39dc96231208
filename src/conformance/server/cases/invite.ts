import { expectError, expectObject, expectResult, expectThat } from '../../check.ts';
import { expectSame, requires, type ServerCase } from '../context.ts';

/** What the kit sends: the server is to carry it, not to read it, but may look whether it is SDP. */
const OFFER = [
  'v=0',
  'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
  's=Süd "Tor" \\ 1',
  't=0 0',
  'a=ice-options:trickle',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'c=IN IP4 0.0.0.0',
  'a=rtpmap:96 H264/90000',
  '',
].join('\r\n');
const ANSWER = OFFER.replace('s=Süd', 's=Nord');
const SUBPROTOCOLS = ['vnd.onvif.metadata+gzip', 'example.other'];

export const INVITE_CASES: ServerCase[] = [
  {
    id: 'invite-forwarded',
    clause: '5.2.5',
    level: 'shall',
    title: 'invite reaches the client as the device sent it: session, offer to the last line end, subprotocols',
    async run(context) {
      const opened = await context.open();
      const { session } = opened;
      opened.device.call('invite', { session, offer: OFFER, subprotocols: SUBPROTOCOLS });
      const { params } = await context.requestAt(opened.client, 'invite');
      const { session: told, offer, subprotocols } = expectObject(params, 'the params of invite');
      expectSame({ session: told, offer, subprotocols }, { session, offer: OFFER, subprotocols: SUBPROTOCOLS }, 'the invite');
    },
  },
  {
    id: 'invite-answered',
    clause: '5.2.5',
    level: 'shall',
    title: 'The answer of the client comes back to the device as the answer to its invite',
    async run(context) {
      const { client, device, session } = await context.open();
      const id = device.call('invite', { session, offer: OFFER, subprotocols: SUBPROTOCOLS });
      const invite = await context.requestAt(client, 'invite');
      client.respond(invite['id'], { answer: ANSWER, subprotocols: SUBPROTOCOLS.slice(0, 1) });
      const result = expectObject(
        expectResult(await device.answerTo(id, 'invite', context.wait()), 'invite'),
        'the result of invite',
      );
      const { answer, subprotocols } = result;
      expectSame({ answer, subprotocols }, { answer: ANSWER, subprotocols: SUBPROTOCOLS.slice(0, 1) }, 'the result of invite');
    },
  },
  {
    id: 'invite-long',
    clause: '5.2.5',
    level: 'shall',
    title: 'An offer of 24,000 characters is carried',
    async run(context) {
      const { client, device, session } = await context.open();
      const offer = `${OFFER}${'a=x-kit:0123456789abcdef\r\n'.repeat(900)}`;
      device.call('invite', { session, offer });
      const { params } = await context.requestAt(client, 'invite');
      const got = expectObject(params, 'the params of invite')['offer'];
      expectThat(
        got === offer,
        `an offer of ${offer.length} characters`,
        typeof got === 'string' ? `${got.length} characters` : got,
      );
    },
  },
  {
    id: 'invite-again',
    clause: '5.2.5',
    level: 'should',
    title: 'A second invite of a session is carried as the first was: an ICE restart needs it (RFC 8829)',
    async run(context) {
      const { client, device, session } = await context.open();
      for (const version of [1, 2]) {
        const from = client.frames.length;
        const id = device.call('invite', { session, offer: OFFER });
        const invite = await context.requestAt(client, 'invite', from);
        client.respond(invite['id'], { answer: `${ANSWER}a=x-kit:${version}\r\n` });
        expectResult(await device.answerTo(id, 'invite', context.wait()), `invite ${version}`);
      }
    },
  },
  {
    id: 'invite-refused',
    clause: '5.2.5',
    level: 'shall',
    title: 'The 400 with which the client refuses an offer comes back to the device',
    async run(context) {
      const { client, device, session } = await context.open();
      const id = device.call('invite', { session, offer: OFFER });
      const invite = await context.requestAt(client, 'invite');
      client.respondError(invite['id'], 400, 'This SDP is none');
      expectError(await device.answerTo(id, 'invite', context.wait()), 'invite that the client refuses', [400]);
    },
  },
  {
    id: 'invite-timeout',
    clause: '5.2.5',
    level: 'shall',
    title: 'invite is answered with 408 when the client does not react',
    async run(context) {
      const { client, device, session } = await context.open();
      const id = device.call('invite', { session, offer: OFFER });
      await context.requestAt(client, 'invite');
      const answer = await device.answerTo(id, 'invite', context.wait(0, context.timing.silenceMs));
      expectError(answer, 'invite to a client that does not react', [408]);
    },
  },
  {
    id: 'invite-client-gone',
    clause: '5.2.5',
    level: 'shall',
    title: 'invite is answered with 410 when the client leaves before it answered',
    async run(context) {
      const { client, device, session } = await context.open();
      const id = device.call('invite', { session, offer: OFFER });
      await context.requestAt(client, 'invite');
      client.drop();
      expectError(await device.answerTo(id, 'invite', context.wait()), 'invite to a client that left', [410]);
    },
  },
  {
    id: 'invite-no-session',
    clause: '5.2.5',
    level: 'shall',
    title: 'invite with a session that does not exist is answered with 400',
    async run(context) {
      const { device } = await context.open();
      const answer = await device.request('invite', { session: 'no-such-session-of-the-kit', offer: OFFER }, context.wait());
      expectError(answer, 'invite with a session that is none', [400]);
    },
  },
  {
    id: 'invite-foreign-session',
    clause: '5.2.5',
    level: 'shall',
    title: "invite with the session of another device is answered with 400, and does not reach that session's client",
    async run(context) {
      const token = context.settings.otherDeviceToken;
      requires(token !== undefined, 'no token of a second device was given to the kit');
      const { client, session } = await context.open();
      const { peer: stranger } = await context.registered('device', { token });
      const from = client.frames.length;
      const answer = stranger.request('invite', { session, offer: OFFER }, context.wait());
      const forwarded = context.requestAt(client, 'invite', from).catch(() => undefined);
      const first = await Promise.race([answer, forwarded]);
      expectThat(first === undefined || !('method' in first), 'invite to be refused', 'it was forwarded to the client');
      expectError(await answer, 'invite with the session of another device', [400]);
    },
  },
];
