import { expectError, expectObject, expectResult, expectStrings, expectThat } from '../../check.ts';
import { type DeviceCase, requires } from '../context.ts';
import { stunHost } from './ice.ts';

/** Codes of a device that has no room for another viewer. */
const NO_ROOM = [480, 1001];

export const CONNECT_CASES: DeviceCase[] = [
  {
    id: 'connect-answer',
    clause: '5.2.4.2',
    level: 'shall',
    title: 'connect without a profile is answered with a result',
    async run(context) {
      const { answer } = await context.connect();
      expectObject(expectResult(answer, 'connect'), 'the result of connect');
    },
  },
  {
    id: 'connect-capabilities',
    clause: '5.2.4.2',
    level: 'shall',
    title: 'The capabilities in the answer to connect are those of register',
    async run(context) {
      const { answer } = await context.connect(context.profile());
      const result = expectResult(answer, 'connect');
      const registered = (await context.capabilities()).toSorted();
      const { capabilities } = expectObject(result, 'the result of connect');
      const listed = capabilities === undefined ? [] : expectStrings(capabilities, '"capabilities"').toSorted();
      expectThat(listed.join() === registered.join(), `${JSON.stringify(registered)}, as in register`, listed);
    },
  },
  {
    id: 'connect-profile',
    clause: '5.2.4.2',
    level: 'shall',
    title: 'connect with a profile of the device is answered with a result, and an invite follows',
    async run(context) {
      const { profile } = context.settings;
      requires(profile !== undefined, 'no --profile was given, so the kit knows of none');
      await context.open({ profile });
    },
  },
  {
    id: 'connect-unknown-profile',
    clause: '5.2.4.2',
    level: 'should',
    title: 'connect with a profile that the device does not have is answered with an error',
    async run(context) {
      const session = await context.newSession();
      expectError(
        await session.connect({ profile: 'no-such-profile-of-the-conformance-kit' }),
        'connect with an unknown profile',
      );
    },
  },
  {
    id: 'connect-ice-servers',
    clause: '5.2.4.2',
    level: 'shall',
    title: 'ICE servers of connect, with several URLs each and with a password, are used',
    async run(context) {
      // Two servers a list, of which only one is there: a device that wants the shortcut of one string fails, as does one that waits for all.
      const [here, gone] = [await stunHost(context), await stunHost(context)];
      const { stunServer, turnServer } = here;
      const servers = [
        { urls: [...stunServer.urls, ...gone.stunServer.urls] },
        { ...turnServer, urls: [...turnServer.urls, ...gone.turnServer.urls] },
      ];
      gone.close();
      await context.open({}, servers);
      const asked = (): boolean => here.bindings + here.allocations > 0;
      await context.poll('the device to ask one of the servers', asked, context.timing.mediaMs, () => 'no request came');
    },
  },
  {
    id: 'invite-follows-connect',
    clause: '5.2.4.2',
    level: 'shall',
    title: 'invite is issued immediately after the answer to connect, not before it',
    async run(context) {
      const { session, answer } = await context.connect(context.profile());
      expectResult(answer, 'connect');
      const invite = await session.invite();
      const indexOf = (message: unknown): number => session.peer.frames.findIndex((frame) => frame.message === message);
      const isFirst = indexOf(answer.message) < indexOf(invite.message);
      expectThat(isFirst, 'the answer to connect before the invite', 'an invite before the answer');
    },
  },
  {
    id: 'connect-several',
    clause: '5.2.4.2',
    level: 'should',
    title: 'A second session beside the first is served, or refused with 480 or 1001',
    async run(context) {
      await context.open();
      const second = await context.newSession();
      const answer = await second.connect(context.profile());
      if (answer.error === undefined) {
        expectResult(answer, 'connect');
        await second.invite();
      } else expectError(answer, 'a second connect', NO_ROOM);
    },
  },
  {
    id: 'connect-again',
    clause: '5.2.4.2',
    level: 'shall',
    title: 'A new session can be opened after an earlier one was completed and left',
    async run(context) {
      for (const which of ['first', 'second']) {
        context.transcript.note(`the ${which} session`);
        const { session, invite } = await context.open();
        await session.goLive(invite);
        session.end();
      }
    },
  },
  {
    id: 'session-live',
    clause: '5.2.6',
    level: 'shall',
    title: 'With offer, answer and candidates exchanged the peer-to-peer connection stands, and media come',
    async run(context) {
      const { session, invite } = await context.open();
      await session.goLive(invite);
      await session.expectFlow('media over the connection');
    },
  },
];
