import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { hintsAt } from '../../../src/probe/hints.ts';
import { speaksRtsp } from '../../../src/probe/rtsp-port.ts';

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
