import { expect, it } from 'vitest';
import { Authenticator } from '../../../../src/camera/rtsp/authenticator.ts';
import { RtspHeaders, type RtspResponse } from '../../../../src/camera/rtsp/message.ts';

/* Credentials for an address that discovery found: whoever answers there may have them proved, and not told. */

const CREDENTIALS = { username: 'viewer', password: 'secret', digestOnly: true };

function answer(status: number, ...challenges: string[]): RtspResponse {
  const headers = new RtspHeaders(challenges.map((challenge) => ['WWW-Authenticate', challenge]));
  return { status, reason: '', headers, body: Buffer.alloc(0) };
}

/** What is sent to a camera that asks for one of `challenges` until it is answered. */
async function sentTo(...challenges: string[]): Promise<string[]> {
  const sent: string[] = [];
  await new Authenticator('rtsp://192.0.2.9/', CREDENTIALS).request('DESCRIBE', 'rtsp://192.0.2.9/', (authorization) => {
    sent.push(...authorization.map(([, value]) => value));
    return Promise.resolve(authorization.length === 0 ? answer(401, ...challenges) : answer(200));
  });
  return sent;
}

it('they are not sent as Basic, and it is said why', async () => {
  await expect(sentTo('Basic realm="x"')).rejects.toMatchObject({
    code: 'rtsp.unauthorized',
    message: expect.stringContaining('asks for the password in clear') as string,
  });
});

it('they are sent as Digest, also where Basic is offered first', async () => {
  const [sent, ...more] = await sentTo('Basic realm="x"', 'Digest realm="x", nonce="1"');
  expect(sent).toMatch(/^Digest /);
  expect(more).toEqual([]);
});
