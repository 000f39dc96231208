import { Failure } from '../../case.ts';
import { expectObject, expectThat, show } from '../../check.ts';
import { isEnd, lineOf, parseCandidate } from '../candidate.ts';
import type { DeviceCase } from '../context.ts';
import { isErrorNotification, sessionOf } from '../session.ts';

const MALFORMED_CANDIDATE = 1003;

export const TRICKLE_CASES: DeviceCase[] = [
  {
    id: 'trickle-notification',
    clause: '5.2.6',
    level: 'shall',
    title: 'Candidates come in trickle notifications: no id, with session and an RTCIceCandidateInit',
    async run(context) {
      const { session, invite } = await context.open();
      await session.negotiate(invite);
      await session.receiveTrickle(
        'the first trickle',
        (candidate) => (isEnd(candidate) ? undefined : true),
        context.timing.mediaMs,
      );
      for (const { candidate, message } of session.trickles()) {
        expectThat(!Object.hasOwn(message, 'id'), 'trickle without an id', message);
        expectThat(message['jsonrpc'] === '2.0', 'jsonrpc to be "2.0"', message['jsonrpc']);
        if (!isEnd(candidate)) checkCandidate(candidate);
      }
    },
  },
  {
    id: 'trickle-end',
    clause: '5.2.6',
    level: 'shall',
    title: 'A last trickle with an empty candidate says that all were sent, and none follows',
    async run(context) {
      const { session, invite } = await context.open();
      await session.negotiate(invite);
      const { mediaMs, settleMs } = context.timing;
      await session.receiveTrickle(
        'a trickle with an empty candidate',
        (candidate) => (isEnd(candidate) ? true : undefined),
        mediaMs,
      );
      await context.pause(settleMs);
      const trickles = session.trickles();
      const end = trickles.findIndex(({ candidate }) => isEnd(candidate));
      const late = trickles.slice(end + 1).find(({ candidate }) => !isEnd(candidate));
      expectThat(late === undefined, 'no candidate after the empty one', late?.candidate);
    },
  },
  {
    id: 'trickle-before-answer',
    clause: '5.2.6',
    level: 'shall',
    title: 'Candidates that come before the answer to invite are used',
    async run(context) {
      const { session, invite } = await context.open();
      // The kit is kept from the device's candidates, so that the device has to make its way to the kit's.
      await session.goLive(invite, { candidatesFirst: true });
    },
  },
  {
    id: 'trickle-malformed',
    clause: '5.2.8',
    level: 'shall',
    title: 'A malformed candidate is answered by error notification 1003, and the session can still be completed',
    async run(context) {
      const { session, invite } = await context.open();
      await session.goLive(invite, {
        beforeCandidates: async () => {
          session.trickle(MALFORMED);
          const error = await session.receiveError('error notification 1003', context.timing.answerMs);
          const { code } = expectObject(error['error'] ?? error['params'], 'the error');
          expectThat(code === MALFORMED_CANDIDATE, 'code 1003', code);
        },
      });
    },
  },
  {
    id: 'error-notification',
    clause: '5.2.8',
    level: 'shall',
    title: 'Error notifications of the device have no id, an integer as code, a string as message, and name the session',
    async run(context) {
      const { session, invite } = await context.open();
      await session.negotiate(invite, { beforeCandidates: () => session.trickle(MALFORMED) });
      const error = await session.receiveError('an error notification about the malformed candidate', context.timing.answerMs);
      expectThat(isErrorNotification(error) && !Object.hasOwn(error, 'id'), 'no id in an error notification', error);
      const object = expectObject(error['error'], '"error" of the notification');
      expectThat(Number.isInteger(object['code']), 'an integer as the code', object['code']);
      expectThat(typeof object['message'] === 'string', 'a string as the message', object['message']);
      expectThat(sessionOf(error) === session.id, 'the session to be named', error);
    },
  },
];

const MALFORMED = { candidate: 'candidate:no candidate at all', sdpMid: '0', sdpMLineIndex: 0 };

function checkCandidate(value: unknown): void {
  const candidate = expectObject(value, '"candidate"');
  const line = lineOf(candidate);
  if (line === undefined || parseCandidate(line) === undefined)
    throw new Failure('a candidate line (RFC 8839 section 5.1)', show(candidate));
  const { sdpMid = null, sdpMLineIndex = null } = candidate;
  expectThat(sdpMid === null || typeof sdpMid === 'string', 'sdpMid to be a string', sdpMid);
  expectThat(sdpMLineIndex === null || Number.isInteger(sdpMLineIndex), 'sdpMLineIndex to be an integer', sdpMLineIndex);
  // W3C WebRTC: addIceCandidate rejects a candidate that names neither.
  expectThat(sdpMid !== null || sdpMLineIndex !== null, 'sdpMid or sdpMLineIndex', candidate);
}
