import { expectObject, expectString, expectStrings, expectThat } from '../../check.ts';
import type { DeviceCase } from '../context.ts';

export const INVITE_CASES: DeviceCase[] = [
  {
    id: 'invite-message',
    clause: '5.2.5',
    level: 'shall',
    title: 'invite is a request with session, offer, and subprotocols as an array of strings where there are any',
    async run(context) {
      const { message, id } = await context.offer();
      expectThat(message['jsonrpc'] === '2.0', 'jsonrpc to be "2.0"', message['jsonrpc']);
      expectThat(typeof id === 'string' || typeof id === 'number', 'an id that is a string or a number', id);
      const params = expectObject(message['params'], 'the params of invite');
      expectString(params['session'], '"session"');
      expectString(params['offer'], '"offer"');
      if (params['subprotocols'] !== undefined) expectStrings(params['subprotocols'], '"subprotocols"');
    },
  },
  ...refusals([
    [400, 'Bad Request'],
    [408, 'Request Timeout'],
    [410, 'Gone'],
  ]),
];

/** An answer with an error ends the session, and nothing but the session. */
function refusals(errors: readonly (readonly [code: number, message: string])[]): DeviceCase[] {
  return errors.map(([code, message]) => ({
    id: `invite-error-${code}`,
    clause: '5.2.5',
    level: 'shall',
    title: `${code} (${message}) as the answer to invite ends the session: no candidates afterwards, and the device takes new ones`,
    async run(context) {
      const { session, invite } = await context.open();
      const { peer } = session;
      session.refuse(invite, code, message);
      const { answerMs, settleMs } = context.timing;
      // What was on its way is out of the way when the device has answered something else.
      await peer.request('conformance-sync', {}, { timeoutMs: answerMs, signal: context.signal });
      const isTrickle = (each: Record<string, unknown>): boolean =>
        each['method'] === 'trickle' && (each['params'] as { session?: unknown } | undefined)?.session === session.id;
      await peer.refrains('trickle for the session', isTrickle, { timeoutMs: settleMs, signal: context.signal });
      await context.expectAlive();
    },
  }));
}
