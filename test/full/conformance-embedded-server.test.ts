import { expect, it, onTestFinished } from 'vitest';
import { runCases } from '../../src/conformance/runner.ts';
import { SERVER_CASES } from '../../src/conformance/server/cases/index.ts';
import { ServerContext } from '../../src/conformance/server/context.ts';
import { Transcript } from '../../src/conformance/transcript.ts';
import { Site } from '../unit/signaling/fixture.ts';

/* The gateway's own signaling server, put to the kit. */

/** The cases come one after the other. */
const LIMIT_MS = 120_000;
const TIMING = { answerMs: 10_000, settleMs: 50, silenceMs: 10_000, expirySeconds: 5, expiryGraceMs: 10_000 };

it(
  'the embedded server conforms in every case',
  async () => {
    const site = await new Site({
      expiryTimeSeconds: 3,
      iceServers: [{ urls: ['stun:192.0.2.1'] }, { urls: ['turn:192.0.2.1'], username: 'u', credential: 'c' }],
      limits: { inviteTimeoutMs: 3000, connectTimeoutMs: 3000 },
    }).listen();
    onTestFinished(() => site.close());
    const results = await runCases({
      cases: SERVER_CASES,
      transcript: new Transcript(),
      prepare: (each) =>
        new ServerContext(
          {
            url: site.url,
            clientToken: 'viewer',
            deviceToken: 'yard-device',
            otherDeviceToken: 'front-door-device',
            limitedClientToken: 'front-only',
            timing: TIMING,
          },
          each,
        ),
      limitMs: 60_000,
    });
    const others = results.filter(({ result }) => result !== 'pass');
    expect(others.map(({ id, message, transcript }) => ({ id, message, transcript }))).toEqual([]);
    expect(results).toHaveLength(SERVER_CASES.length);
  },
  LIMIT_MS,
);
