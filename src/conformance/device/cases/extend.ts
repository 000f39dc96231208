import { expectInteger, expectObject, expectResult, expectThat } from '../../check.ts';
import { type DeviceCase, type DeviceContext, requires } from '../context.ts';
import type { KitSession } from '../session.ts';

const METHOD_NOT_FOUND = -32_601;

export const EXTEND_CASES: DeviceCase[] = [
  {
    id: 'extend-answer',
    clause: '5.2.7.2',
    level: 'shall',
    title: 'extend is answered with expiryTimeSeconds as an integer (26.06), or the device asks for an extension itself (25.12)',
    async run(context) {
      await requireExtend(context);
      const seconds = context.timing.expirySeconds;
      const { session } = await context.open({ expiryTimeSeconds: seconds });
      const longer = seconds + 60;
      const answer = await extend(session, longer);
      if (answer.error?.code === METHOD_NOT_FOUND) {
        await askedByDevice(session);
        return;
      }
      const { expiryTimeSeconds } = expectObject(expectResult(answer, 'extend'), 'the result of extend');
      const left = expectInteger(expiryTimeSeconds, '"expiryTimeSeconds"');
      expectThat(left > 0 && left <= longer, `seconds left, at most the ${longer} that were granted`, left);
    },
  },
  {
    id: 'extend-holds',
    clause: '5.2.7',
    level: 'shall',
    title: 'A session that was extended lives on after its first end',
    async run(context) {
      await requireExtend(context);
      const seconds = context.timing.expirySeconds;
      context.station.answerExtend = () => seconds + 60;
      context.defer(() => (context.station.answerExtend = () => undefined));
      const { session, invite } = await context.open({ expiryTimeSeconds: seconds });
      await session.goLive(invite);
      await session.expectFlow('media before the extension');
      const { error } = await extend(session, seconds + 60);
      requires(error === undefined || error.code === METHOD_NOT_FOUND, `extend was refused with ${String(error?.code)}`);
      await context.pause(seconds * 1000 + context.timing.settleMs);
      await session.expectStillFlows('media after the first end of an extended session');
    },
  },
  {
    id: 'expiry-enforced',
    clause: '5.2.7',
    level: 'shall',
    title: 'A session that is not extended ends at its expiry',
    async run(context) {
      const { expirySeconds: seconds, answerMs, settleMs } = context.timing;
      const askedAtMs = performance.now();
      const { session, invite } = await context.open({ expiryTimeSeconds: seconds });
      await session.goLive(invite);
      await session.expectFlow('media before the expiry');
      await expectLastThird(session, askedAtMs, seconds * 1000);
      await context.pause(seconds * 1000);
      // Timers and networks are not exact: the session has ended when nothing comes for a while, soon after its time.
      let late = 0;
      const isSilent = async (): Promise<boolean> => {
        const before = await session.packets();
        await context.pause(settleMs);
        late = (await session.packets()) - before;
        return late === 0;
      };
      await context.poll(
        'no media after the expiry of the session',
        isSilent,
        answerMs,
        () => `${late} packets in the last ${settleMs / 1000} s`,
      );
    },
  },
  {
    id: 'expiry-absent',
    clause: '5.2.7',
    level: 'shall',
    title: 'A session without expiryTimeSeconds has no end',
    async run(context) {
      const { session, invite } = await context.open();
      await session.goLive(invite);
      await session.expectFlow('media of a session without an end');
      await context.pause(context.timing.expirySeconds * 1000);
      await session.expectStillFlows('media of a session without an end');
    },
  },
];

/** Media come in the last third of the session's time too, which begins when the device is asked, or a little later. */
async function expectLastThird(session: KitSession, askedAtMs: number, lifetimeMs: number): Promise<void> {
  const { context } = session;
  const leftMs = (): number => askedAtMs + lifetimeMs - performance.now();
  if (leftMs() < lifetimeMs / 3) {
    context.transcript.note('the media came so late that an end before the time cannot be told');
    return;
  }
  await context.pause(leftMs() - lifetimeMs / 3);
  const before = await session.packets();
  await context.pause(Math.max(0, leftMs()));
  const last = (await session.packets()) - before;
  expectThat(last > 0, 'media until the expiry of the session', `no packet in the last ${lifetimeMs / 3000} s before it`);
}

async function requireExtend(context: DeviceContext): Promise<void> {
  requires((await context.capabilities()).includes('extend'), 'the device did not announce the capability extend');
}

function extend(session: KitSession, expiryTimeSeconds: number): ReturnType<KitSession['peer']['request']> {
  const { answerMs } = session.context.timing;
  return session.peer.request(
    'extend',
    { session: session.id, expiryTimeSeconds },
    { timeoutMs: answerMs, signal: session.context.signal },
  );
}

/** 25.12 has the device ask the server, at some time before the end. */
async function askedByDevice(session: KitSession): Promise<void> {
  const { context, peer, id, from } = session;
  await peer.receive(
    'extend to be answered, or to be sent by the device before the session ends',
    ({ method, params }) =>
      method === 'extend' && (params as { session?: unknown } | undefined)?.session === id ? true : undefined,
    { timeoutMs: context.timing.expirySeconds * 1000 + context.timing.settleMs, signal: context.signal, from },
  );
}
