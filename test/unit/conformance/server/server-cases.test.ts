import { describe, expect, it } from 'vitest';
import { selectCases } from '../../../../src/conformance/case.ts';
import { isKnownClause } from '../../../../src/conformance/clauses.ts';
import { type CaseResult, runCases } from '../../../../src/conformance/runner.ts';
import { SERVER_CASES } from '../../../../src/conformance/server/cases/index.ts';
import { ServerContext } from '../../../../src/conformance/server/context.ts';
import { Transcript } from '../../../../src/conformance/transcript.ts';
import { FakeServer, TOKENS } from './fake-server.ts';

/** Generous where an answer comes, since the machine may be busy; short where nothing comes. */
const PATIENT = { answerMs: 20_000, settleMs: 20, silenceMs: 20_000, expirySeconds: 3, expiryGraceMs: 10_000 };
/** Where a fault shows as something that does not come. */
const IMPATIENT = { answerMs: 400, settleMs: 20, silenceMs: 600, expirySeconds: 3, expiryGraceMs: 500 };

/** On a machine that is busy with all the other tests. */
const LIMIT_MS = 120_000;

async function run(
  only: string[],
  fault?: string,
  timing = PATIENT,
  without: (keyof typeof TOKENS)[] = [],
): Promise<CaseResult[]> {
  const server = new FakeServer(fault);
  const url = await server.listen();
  const shown = (name: keyof typeof TOKENS): Record<string, string> =>
    without.includes(name) ? {} : { [`${name}Token`]: TOKENS[name] };
  const tokens = { ...shown('client'), ...shown('device'), ...shown('otherDevice'), ...shown('limitedClient') };
  const transcript = new Transcript(Object.values(tokens));
  const results = await runCases({
    cases: selectCases(SERVER_CASES, only),
    transcript,
    prepare: (each) => new ServerContext({ url, ...tokens, timing }, each),
    limitMs: 30_000,
  });
  await server.close();
  return results;
}

// Mostly they wait.
describe.concurrent('conformance server', () => {
  it('has a name of its own and a known clause for each case', () => {
    expect(new Set(SERVER_CASES.map(({ id }) => id)).size).toBe(SERVER_CASES.length);
    expect(SERVER_CASES.filter(({ clause }) => !isKnownClause(clause))).toEqual([]);
  });

  it('does not judge what the server does not have, and what it was given no token for', async () => {
    const only = [
      'connect-capabilities',
      'connect-ice-urls',
      'connect-expiry',
      'connect-forbidden',
      'invite-foreign-session',
      '5.2.7',
    ];
    const results = await run(only, 'as-minimal', PATIENT, ['otherDevice', 'limitedClient']);
    expect(results.length).toBeGreaterThan(only.length);
    expect(results.filter(({ result }) => result !== 'not-applicable')).toEqual([]);
  });

  it.each([
    ['refuses tokens at the handshake', 'as-http-401', ['bad-token-in-handshake', 'bad-token-of-client', 'bad-token-of-device']],
    ['cuts off who does not register', 'as-cut-off', ['command-before-register']],
    ['knows extend of clients only', 'as-26.06', ['extend-asked-by-device']],
  ])('passes a server that %s', async (_what, way, only) => {
    const results = await run(only, way);
    expect(results.map(({ result, message }) => ({ result, message }))).toEqual(
      only.map(() => ({ result: 'pass', message: null })),
    );
  });

  it('lets a method that is left unanswered fail the one case that is about it', async () => {
    const others = SERVER_CASES.filter(({ id, clause }) => id.startsWith('rpc-') || ['5.2.6', '5.2.8'].includes(clause));
    const only = others.map(({ id }) => id).filter((id) => id !== 'rpc-unknown-method');
    const results = await run(only, 'rpc-unknown-method');
    expect(results.filter(({ result }) => result !== 'pass').map(({ id, message }) => ({ id, message }))).toEqual([]);
  });

  it('does not take it for an answer, nor for the end of a session, that no request in vain is answered', async () => {
    const only = ['error-unanswered', 'error-malformed-candidate'];
    const results = await run(only, 'as-mute', { ...PATIENT, answerMs: 3000 });
    expect(results.map(({ result, message }) => ({ result, message }))).toEqual(
      only.map(() => ({ result: 'pass', message: null })),
    );
  });

  it.each(SERVER_CASES.map(({ id }) => id))(
    'passes a server that conforms, and fails one that is broken for %s',
    async (id) => {
      const [passed] = await run([id]);
      expect({ result: passed?.result, message: passed?.message }).toEqual({ result: 'pass', message: null });
      const [failed] = await run([id], id, IMPATIENT);
      expect({ result: failed?.result, message: failed?.message }).toEqual({
        result: 'fail',
        message: expect.stringMatching(/^expected: /) as string,
      });
    },
    LIMIT_MS,
  );
});
