import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { hintsAt } from '../../../src/probe/hints.ts';
import { speaksRtsp } from '../../../src/probe/rtsp-port.ts';

/** URLs of the ONVIF service that discovery says. */
const xaddrs = vi.hoisted((): string[] => []);

vi.mock('../../../src/camera/discovery/ws-discovery.ts', () => ({
  probeAddresses: () => Promise.resolve({ devices: xaddrs.length === 0 ? [] : [{ xaddrs }] }),
}));

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that says these words to whoever says something. */
async function serverSaying(...words: string[]): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      for (const word of words) socket.write(word);
      if (words.length > 0) socket.end();
    });
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const signal = new AbortController().signal;

describe('a camera that says where its ONVIF is', () => {
  it.each([
    ['at another port', 'http://127.0.0.1:8899/onvif', ['By WS-Discovery its ONVIF is at port 8899: probe 127.0.0.1:8899']],
    ['by https alone', 'https://127.0.0.1/onvif', ['By WS-Discovery its ONVIF is at port 443: probe https://127.0.0.1']],
    ['where it was asked', 'http://127.0.0.1/onvif', []],
  ])('%s gives that hint', async (_where, xaddr, hints) => {
    xaddrs.splice(0, 1, xaddr);
    const given = await hintsAt({ host: '127.0.0.1', port: 80 }, signal);
    expect(given.filter((hint) => hint.startsWith('By WS-Discovery'))).toEqual(hints);
  });
});

describe('a port that speaks RTSP', () => {
  it('is known by its first words', async () => {
    expect(await speaksRtsp('127.0.0.1', await serverSaying('RTS', 'P/1.0 200 OK\r\n\r\n'), signal)).toBe(true);
    expect(await speaksRtsp('127.0.0.1', await serverSaying('HTTP/1.1 400 Bad Request\r\n\r\n'), signal)).toBe(false);
    expect(await speaksRtsp('127.0.0.1', await serverSaying('RTSP'), signal)).toBe(false);
  });

  it('is none where nobody listens, or nobody answers', async () => {
    const port = await serverSaying('RTSP/1.0 200 OK\r\n\r\n');
    servers.pop()?.close();
    expect(await speaksRtsp('127.0.0.1', port, signal)).toBe(false);
    expect(await speaksRtsp('127.0.0.1', await serverSaying(), signal)).toBe(false);
    expect(await speaksRtsp('127.0.0.1', port, AbortSignal.abort())).toBe(false);
  });

  it('is a hint where a camera has no ONVIF', async () => {
    const port = await serverSaying('RTSP/1.0 200 OK\r\n\r\n');
    expect(await hintsAt({ host: '127.0.0.1', port }, signal)).toContain(
      `Port ${port} speaks RTSP: where the camera has no ONVIF, probe its stream: probe rtsp://127.0.0.1:${port}/PATH`,
    );
  });
});
