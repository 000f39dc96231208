import type { ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Camera } from '../../../../src/camera/camera.ts';
import { RefusedLogIns } from '../../../../src/camera/refused-log-ins.ts';
import { connect, DATE, errorOf, fault, soap, startCamera, WORKING, type Answer, type Request } from './scripted-camera.ts';

let nonces = 0;

function challenge(response: ServerResponse, body = ''): void {
  response.writeHead(401, { 'www-authenticate': `Digest realm="cam", qop="auth", nonce="${(nonces += 1)}"` }).end(body);
}

const isSigned = ({ text }: Request): boolean => text.includes('UsernameToken');
const isDigest = ({ headers }: Request): boolean => headers.authorization !== undefined;

/** The ways in which cameras refuse a password. */
const REFUSALS: Record<string, (request: Request, response: ServerResponse) => void> = {
  'a fault': (_, response) => void response.writeHead(400).end(fault('ter:NotAuthorized', 'no')),
  'a challenge to all': (_, response) => challenge(response),
  'a challenge with a fault in it': (_, response) => challenge(response, fault('ter:NotAuthorized', 'no')),
  'a fault to WS-Security, a challenge to the rest': (request, response) => {
    if (isSigned(request)) response.writeHead(400).end(fault('ter:FailedAuthentication', 'no'));
    else challenge(response);
  },
  'status 403 once the digest is there': (request, response) => {
    if (isDigest(request)) response.writeHead(403).end();
    else challenge(response);
  },
};

/** Refuses whatever takes credentials; the time does too where `andTime`. */
function refusing(refuse: (request: Request, response: ServerResponse) => void, andTime: boolean): Record<string, Answer> {
  const all = Object.fromEntries(Object.keys(WORKING).map((name) => [name, refuse]));
  return andTime ? all : { ...all, GetSystemDateAndTime: (_, response) => void response.end(soap(DATE)) };
}

describe('a wrong password', () => {
  it.each(Object.entries(REFUSALS).flatMap(([way, refuse]) => [false, true].map((andTime) => [way, andTime, refuse] as const)))(
    'is shown twice at most where the camera answers %s (for the time, too: %s)',
    async (_, andTime, refuse) => {
      const { port, requests } = await startCamera(refusing(refuse, andTime));
      expect((await errorOf(connect(port))).code).toBe('camera.unauthorized');
      const shown = requests.filter((request) => isSigned(request) || isDigest(request));
      expect(shown.length).toBeGreaterThanOrEqual(1);
      expect(shown.length).toBeLessThanOrEqual(2);
    },
  );

  it('is shown no more often by 16 inputs of a recorder that log in at the same moment', async () => {
    const { port, requests } = await startCamera(refusing((_, response) => challenge(response), false));
    const refusedLogIns = new RefusedLogIns();
    const cameras = Array.from({ length: 16 }, (_, index) => {
      const credentials = { username: 'viewer', password: 'wrong' };
      const onvif = { host: '127.0.0.1', port };
      return new Camera({ id: `input-${index}`, name: '', onvif, videoSource: index + 1, credentials, refusedLogIns });
    });
    onTestFinished(() => cameras.forEach((camera) => camera.close()));
    for (const camera of cameras) camera.start();
    const unauthorized = cameras.map(() => 'camera.unauthorized');
    await vi.waitFor(() => expect(cameras.map(({ status }) => status.reason?.code)).toEqual(unauthorized), { timeout: 20_000 });
    expect(requests.filter((request) => isSigned(request) || isDigest(request))).toHaveLength(2);
  });
});

it('a session that the camera refuses after its password was changed shows the old one twice at most', async () => {
  let refuse = false;
  const { port, requests } = await startCamera({
    ...WORKING,
    'media1/GetProfiles': (request, response) => {
      const authorized = isDigest(request) && !refuse;
      if (authorized) response.end(soap(WORKING['media1/GetProfiles'] as string));
      else challenge(response);
    },
  });
  const device = await connect(port);
  await device.profiles();
  refuse = true;
  requests.length = 0;
  expect((await errorOf(device.profiles())).code).toBe('camera.unauthorized');
  expect(requests.filter(isDigest).map(({ name }) => name)).toEqual(['GetProfiles', 'GetProfiles']);
});
