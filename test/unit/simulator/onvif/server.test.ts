import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatAuthorization, parseChallenges, type Challenge } from '../../../../src/camera/rtsp/auth.ts';
import { Authenticator } from '../../../../src/simulator/onvif/authenticator.ts';
import { OnvifServer } from '../../../../src/simulator/onvif/server.ts';
import { SoapFault } from '../../../../src/simulator/onvif/soap.ts';
import { childText, xml } from '../../../../src/simulator/onvif/xml.ts';
import { Timeline } from '../../../../src/simulator/timeline.ts';
import { DEVICE, post, securityHeader, soapEnvelope, subcodesOf, type Answer } from './soap-client.ts';

const CREDENTIALS = { username: 'viewer', password: 'secret' };
const timeline = new Timeline({ now: () => Date.parse('2026-11-21T10:00:00Z') });

let server: OnvifServer;
let url: string;

beforeEach(async () => {
  const endpoint = {
    path: '/onvif/device_service',
    operations: {
      'tds:GetHostname': () => xml`<tds:GetHostnameResponse/>`,
      'tds:GetScopes': (call: { authority: string }) =>
        xml`<tds:GetScopesResponse><tds:Host>${call.authority}</tds:Host></tds:GetScopesResponse>`,
      'tds:GetUsers': () => {
        throw new SoapFault('Receiver', ['ActionNotSupported'], 'No');
      },
      'tds:SystemReboot': () => {
        throw new Error('a bug');
      },
    },
  };
  const authenticator = new Authenticator({ ...CREDENTIALS, digestAlgorithms: ['SHA-256', 'MD5'], timeline });
  server = new OnvifServer({ host: '127.0.0.1', port: 0, endpoints: [endpoint], authenticator });
  url = `http://127.0.0.1:${await server.start()}/onvif/device_service`;
});

afterEach(() => server.close());

function secured(operation: string, created = '2026-11-21T10:00:01Z', password = 'secret'): string {
  return soapEnvelope(DEVICE, operation, '', securityHeader({ username: 'viewer', password, created }));
}

async function challengesFor(envelope: string): Promise<{ answer: Answer; challenges: Challenge[] }> {
  const answer = await post(url, envelope);
  const header = answer.headers['www-authenticate'] ?? [];
  return { answer, challenges: parseChallenges(typeof header === 'string' ? [header] : header) };
}

describe('OnvifServer', () => {
  it('answers PRE_AUTH operations without credentials', async () => {
    const answer = await post(url, soapEnvelope(DEVICE, 'GetHostname'));
    expect([answer.status, answer.body.name]).toEqual([200, 'GetHostnameResponse']);
    expect(answer.headers['content-type']).toContain('application/soap+xml');
  });

  it('answers 401 with a challenge for each algorithm where credentials are missing', async () => {
    const { answer, challenges } = await challengesFor(soapEnvelope(DEVICE, 'GetScopes'));
    expect(answer.status).toBe(401);
    expect(subcodesOf(answer.body)).toEqual(['ter:NotAuthorized']);
    expect(challenges).toMatchObject([
      { scheme: 'Digest', algorithm: 'SHA-256', qop: true },
      { scheme: 'Digest', algorithm: 'MD5', qop: true },
    ]);
  });

  it('challenges an empty request, which clients send first that wait for a challenge', async () => {
    expect((await challengesFor('')).answer.status).toBe(401);
  });

  it.each([0, 1])('accepts HTTP Digest by challenge %d and refuses a wrong password', async (index) => {
    const authorize = async (password: string): Promise<Answer> => {
      const challenge = (await challengesFor(soapEnvelope(DEVICE, 'GetScopes'))).challenges[index];
      if (challenge === undefined) throw new Error('There is no such challenge');
      const request = { method: 'POST', uri: '/onvif/device_service', nonceCount: 1, clientNonce: 'abc' };
      const authorization = formatAuthorization(challenge, { username: 'viewer', password }, request);
      return post(url, soapEnvelope(DEVICE, 'GetScopes'), { authorization });
    };
    expect((await authorize('secret')).status).toBe(200);
    expect((await authorize('wrong')).status).toBe(401);
  });

  it('accepts WS-Security and answers 400 NotAuthorized to a wrong one', async () => {
    expect((await post(url, secured('GetScopes'))).status).toBe(200);
    const answer = await post(url, secured('GetScopes', '2026-11-21T10:00:00Z', 'wrong'));
    expect([answer.status, subcodesOf(answer.body)]).toEqual([400, ['ter:NotAuthorized']]);
  });

  it("measures the client's clock against the camera's own", async () => {
    timeline.clockOffsetMs = 3_600_000;
    try {
      expect((await post(url, secured('GetScopes', '2026-11-21T10:00:00Z'))).status).toBe(400);
      expect((await post(url, secured('GetScopes', '2026-11-21T11:00:00Z'))).status).toBe(200);
    } finally {
      timeline.clockOffsetMs = 0;
    }
  });

  it('tells handlers the host that the client used, and the real one where that is no host', async () => {
    const hostFor = async (host: string): Promise<string | undefined> =>
      childText((await post(url, secured('GetScopes'), { host })).body, 'Host');
    expect(await hostFor('camera.example:8080')).toBe('camera.example:8080');
    expect(await hostFor('[::1]:80')).toBe('[::1]:80');
    expect(await hostFor('evil"/><x')).toBe(new URL(url).host);
  });

  it('says ActionNotSupported to operations that it has not, also under a foreign namespace', async () => {
    const unknown = await post(url, secured('SetHostname'));
    expect([unknown.status, subcodesOf(unknown.body)]).toEqual([500, ['ter:ActionNotSupported']]);
    const foreign = await post(url, soapEnvelope('urn:foreign', 'GetHostname'));
    expect(subcodesOf(foreign.body)).toEqual(['ter:ActionNotSupported']);
  });

  it('passes on faults of handlers, and answers a failure of theirs with a fault too', async () => {
    expect(subcodesOf((await post(url, secured('GetUsers'))).body)).toEqual(['ter:ActionNotSupported']);
    const failed = await post(url, secured('SystemReboot'));
    expect([failed.status, subcodesOf(failed.body)]).toEqual([500, ['ter:Action']]);
  });

  it('refuses other paths, other methods and bodies over 256 KiB', async () => {
    expect((await post(new URL('/other', url).href, '')).status).toBe(404);
    expect((await fetch(url)).status).toBe(405);
    const padding = ' '.repeat(256 * 1024);
    expect((await post(url, soapEnvelope(DEVICE, 'GetHostname', padding))).status).toBe(413);
    expect((await post(url, soapEnvelope(DEVICE, 'GetHostname', padding.slice(1_000)))).status).toBe(200);
  });
});
