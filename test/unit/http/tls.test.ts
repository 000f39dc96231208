import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { Access } from '../../../src/access/access.ts';
import { createLogger, type Logger } from '../../../src/base/log.ts';
import { HttpServer, type HttpAddress, type HttpServerOptions } from '../../../src/http/server.ts';
import { SignalingServer } from '../../../src/signaling/server/server.ts';
import { type CertificateFiles, certificateFiles, makeCertificate } from '../../support/certificate.ts';
import { StubView } from './stub-view.ts';

describe('https', () => {
  let files: CertificateFiles;
  let lines: { msg: string }[];
  let log: Logger;
  let server: HttpServer;
  let address: HttpAddress;
  const open: { destroy(): void }[] = [];

  async function start(options: Partial<HttpServerOptions> = {}): Promise<void> {
    server = new HttpServer({
      listen: { host: '127.0.0.1', port: 0 },
      tls: files,
      tlsIntervalMs: 10,
      view: new StubView(),
      log,
      access: new Access({ viewerTokens: [{ token: 't' }], log }),
      loadPage: () => Promise.resolve(new Map()),
      ...options,
    });
    address = await server.start();
  }

  beforeEach(() => {
    files = certificateFiles();
    lines = [];
    log = createLogger({ destination: { write: (line) => void lines.push(JSON.parse(line) as { msg: string }) } });
  });

  afterEach(async () => {
    for (const socket of open.splice(0)) socket.destroy();
    await server.close();
    files.remove();
  });

  async function handshake(ca: string): Promise<TLSSocket> {
    const socket = connect({ port: address.port, host: '127.0.0.1', ca });
    open.push(socket);
    socket.on('error', () => {});
    await once(socket, 'secureConnect');
    return socket;
  }

  async function answer(socket: TLSSocket): Promise<string> {
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    return text;
  }

  it('answers by the certificate of the config, and nothing in clear', async () => {
    await start();
    expect(address.url).toBe(`https://127.0.0.1:${address.port}`);
    await expect(answer(await handshake(files.pem))).resolves.toMatch(/^HTTP\/1\.1 200/);
    const plain = connectPlain(address.port, '127.0.0.1');
    open.push(plain);
    plain.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    let text = '';
    plain.on('data', (chunk) => (text += String(chunk)));
    plain.on('error', () => {});
    await once(plain, 'close');
    expect(text).not.toContain('200');
  });

  it('takes a renewed certificate without a restart, and leaves open connections alone', async () => {
    await start();
    const before = await handshake(files.pem);
    const old = files.pem;
    files.renew();
    await vi.waitFor(() => handshake(files.pem));
    await expect(handshake(old)).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    await expect(answer(before)).resolves.toMatch(/^HTTP\/1\.1 200/);
  });

  it('keeps the certificate that it has while the new one cannot be used, and says why once', async () => {
    await start();
    const { cert, key } = makeCertificate();
    const old = files.pem;
    writeFileSync(files.cert, cert);
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    expect(lines[0]?.msg).toContain('stays the one before: The key in');
    await handshake(old);
    writeFileSync(files.key, key);
    await vi.waitFor(() => handshake(cert));
    expect(lines.map(({ msg }) => msg)).toEqual([lines[0]?.msg, `The certificate in ${files.cert} was renewed and is in use`]);
  });

  it('says at the start that the certificate ends soon', async () => {
    const { cert, key } = makeCertificate('127.0.0.1', 2);
    writeFileSync(files.cert, cert);
    writeFileSync(files.key, key);
    await start();
    expect(lines.map(({ msg }) => msg)).toEqual([expect.stringContaining(`certificate in ${files.cert} ends soon`)]);
  });

  it('does not start by files that cannot be used', async () => {
    writeFileSync(files.key, 'no key');
    await expect(start()).rejects.toMatchObject({ code: 'http.tls', message: expect.stringContaining(files.key) as string });
  });

  it('lets the cameras of this process in by a door of their own, on loopback, which leads to signaling only', async () => {
    const access = new Access({ viewerTokens: [{ token: 't' }], log });
    access.addDevice('camera-token', 'yard');
    const signaling = new SignalingServer({ tokens: access, log });
    await start({ access, signalingUpgrade: (...upgrade) => signaling.handleUpgrade(...upgrade) });
    expect(address.signaling).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/signaling$/);
    const door = Number(new URL(address.signaling).port);
    expect(door).not.toBe(address.port);

    const socket = new WebSocket(address.signaling, ['webrtc.onvif.org'], { headers: { Authorization: 'Bearer camera-token' } });
    await once(socket, 'open');
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'register', params: {} }));
    const [message] = (await once(socket, 'message')) as [Buffer];
    expect(JSON.parse(message.toString())).toEqual({ jsonrpc: '2.0', id: 1, result: { id: 'yard' } });
    expect((await fetch(`http://127.0.0.1:${door}/api/cameras`, { headers: { authorization: 'Bearer t' } })).status).toBe(404);
    const stranger = new WebSocket(address.signaling, ['webrtc.onvif.org'], { headers: { host: 'evil.example' } });
    const [error] = (await once(stranger, 'error')) as [Error];
    expect(error.message).toContain('421');

    await signaling.close();
    await server.close();
    await expect(fetch(`http://127.0.0.1:${door}/`)).rejects.toThrow('fetch failed');
  });

  it('has no such door where the signaling server is elsewhere', async () => {
    await start();
    expect(address.signaling).toBe(`ws://127.0.0.1:${address.port}/signaling`);
  });
});
