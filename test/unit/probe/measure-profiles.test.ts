import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { measureProfiles, type LocatedProfile, type ProbeObserver } from '../../../src/probe/measure-profiles.ts';
import { unpulled } from '../../../src/probe/profile-report.ts';
import type { ProfileReport } from '../../../src/probe/report.ts';

const servers: { server: Server; sockets: Socket[] }[] = [];
afterEach(() => {
  for (const { server, sockets } of servers.splice(0)) {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
});

/** An RTSP server that answers every request with this status line and these headers; `asked` are the URLs of its DESCRIBEs. */
async function answering(status: string, headers = ''): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      for (const [, method = '', url = '', number = ''] of bytes
        .toString()
        .matchAll(/^(\w+) (\S+) RTSP\/1\.0\r\nCSeq: (\d+)/gim)) {
        if (method !== 'TEARDOWN') asked.push(url);
        socket.write(`RTSP/1.0 ${status}\r\nCSeq: ${number}\r\n${headers}\r\n`);
      }
    });
  });
  servers.push({ server, sockets });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, asked };
}

const profileAt = (port: number, token: string): LocatedProfile => {
  return { token, name: token, videoSource: null, configured: null, url: `rtsp://127.0.0.1:${port}/${token}` };
};

async function measured(profiles: readonly LocatedProfile[]): Promise<{ reports: ProfileReport[]; steps: string[] }> {
  const steps: string[] = [];
  const observer: ProbeObserver = { step: (text) => steps.push(text), pulling: () => undefined };
  const access = { credentials: { username: 'viewer', password: 'x' }, transport: undefined, tls: undefined };
  const before = profiles.map((profile) => unpulled(profile, null));
  const reports = await measureProfiles(
    profiles,
    before,
    access,
    { durationMs: 100, signal: new AbortController().signal },
    observer,
  );
  return { reports, steps };
}

describe('profiles that are pulled one after another', () => {
  it('are let be after the first refusal of credentials: cameras lock an account that fails too often', async () => {
    const { port, asked } = await answering('401 Unauthorized', 'WWW-Authenticate: Digest realm="x", nonce="y"\r\n');
    const { reports } = await measured([profileAt(port, 'a'), profileAt(port, 'b')]);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((url) => url.endsWith('/b'))).toEqual([]);
    expect(reports.map(({ token, reason, seconds }) => [token, reason?.code, seconds])).toEqual([
      ['a', 'rtsp.unauthorized', null],
      ['b', 'rtsp.unauthorized', null],
    ]);
    expect(reports[1]?.browser.reasons.map(({ code }) => code)).toEqual(['rtsp.unauthorized']);
  });

  it('each have their own failure otherwise', async () => {
    const { port, asked } = await answering('503 Service Unavailable');
    const { reports, steps } = await measured([
      profileAt(port, 'a'),
      { ...profileAt(port, 'b'), url: null },
      profileAt(port, 'c'),
    ]);
    expect(new Set(asked.map((url) => url.slice(-2)))).toEqual(new Set(['/a', '/c']));
    expect(reports.map(({ reason }) => reason?.code)).toEqual(['rtsp.status', undefined, 'rtsp.status']);
    expect(steps).toEqual(['connecting to profile a (1 of 3)', 'connecting to profile c (3 of 3)']);
  });
});
