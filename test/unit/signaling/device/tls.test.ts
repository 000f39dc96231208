import { spawn } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import type { TlsFiles } from '../../../../src/config/tls-files.ts';
import { TlsContext } from '../../../../src/signaling/device/tls-context.ts';
import { makeCertificate } from '../../../support/certificate.ts';
import { CertificateAuthority } from '../../../support/certificate-authority.ts';
import { failureOf, listen, register, expectRegistered } from './registration-bench.ts';

let authority: CertificateAuthority;
let stranger: CertificateAuthority;
beforeAll(() => {
  [authority, stranger] = [new CertificateAuthority(), new CertificateAuthority('Somebody else')];
});
afterAll(() => {
  authority.close();
  stranger.close();
});

/** A signaling server by TLS that takes any device; the names on the certificates that devices showed are kept. */
async function server(options: ServerOptions): Promise<{ url: string; shown: unknown[]; drop: () => void }> {
  const https = createServer(options);
  const sockets = new WebSocketServer({ server: https });
  const shown: unknown[] = [];
  sockets.on('connection', (socket, request) => {
    shown.push((request.socket as TLSSocket).getPeerCertificate().subject?.CN);
    socket.on('message', (data: Buffer) => {
      const { id } = JSON.parse(data.toString()) as { id: unknown };
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: { id: 'cam-7' } }));
    });
  });
  const drop = (): void => sockets.clients.forEach((socket) => socket.terminate());
  return { url: `wss://127.0.0.1:${await listen(https)}/onvif`, shown, drop };
}

/** The server of OpenSSL, which wants a certificate by the authority and sends an alert where it gets another. */
async function openSslServer(): Promise<string> {
  const { certFile, keyFile } = authority.issue();
  const own = ['-cert', certFile, '-key', keyFile, '-CAfile', authority.file];
  const child = spawn('openssl', ['s_server', '-accept', '127.0.0.1:0', '-Verify', '1', '-verify_return_error', ...own]);
  onTestFinished(() => void child.kill());
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const port = await vi.waitFor(() => {
    const [, found] = /ACCEPT \S+:(\d+)/.exec(said) ?? [];
    if (found === undefined) throw new Error(`no port in ${said}`);
    return found;
  });
  return `wss://127.0.0.1:${port}/onvif`;
}

async function messageFor(url: string, files?: TlsFiles): Promise<unknown> {
  return await failureOf({ server: url, tls: files && new TlsContext(files) });
}

describe('the certificate of the server', () => {
  it('by an authority of the config is taken', async () => {
    const { url } = await server(authority.issue());
    await expectRegistered(register({ server: url, tls: new TlsContext({ ca: authority.file }) }));
  });

  it('by an authority of the system is taken beside one of the config', async () => {
    const usual = getCACertificates('default');
    onTestFinished(() => setDefaultCACertificates(usual));
    setDefaultCACertificates([...usual, authority.cert]);
    const { url } = await server(authority.issue());
    await expectRegistered(register({ server: url, tls: new TlsContext({ ca: stranger.file }) }));
    await expectRegistered(register({ server: url }));
  });

  it('by an unknown authority is refused, and says where to name it', async () => {
    const { url } = await server(authority.issue());
    const expected = (known: string): object => ({
      code: 'signaling.tls',
      message: expect.stringMatching(
        `^The certificate of the signaling server ${url} is by an authority that is not known here${known} \\([A-Z_]+\\)\\.$`,
      ) as string,
      advice: 'Name the certificate of that authority (PEM) by signaling.tls.ca; the server must send those in between.',
    });
    expect(await messageFor(url)).toEqual(expected(''));
    expect(await messageFor(url, { ca: stranger.file })).toEqual(expected(` nor in ${stranger.file}`));
  });

  it('that signs itself is refused, and taken where it is named as an authority', async () => {
    const certificate = makeCertificate();
    const { url } = await server(certificate);
    expect(await messageFor(url)).toMatchObject({
      code: 'signaling.tls',
      message: expect.stringContaining('not known here') as string,
    });
    await expectRegistered(register({ server: url, tls: new TlsContext({ ca: authority.write('self.pem', certificate.cert) }) }));
  });

  it('that has expired, or is for another host, is refused', async () => {
    const expired = await server(authority.issue('IP:127.0.0.1', -1));
    expect(await messageFor(expired.url, { ca: authority.file })).toEqual({
      code: 'signaling.tls',
      message: `The certificate of the signaling server ${expired.url} has expired.`,
      advice: 'Renew it there, and check the clock of this machine.',
    });
    const other = await server(authority.issue('DNS:signaling.example'));
    expect(await messageFor(other.url, { ca: authority.file })).toEqual({
      code: 'signaling.tls',
      message: `The certificate of the signaling server ${other.url} is for another host name.`,
      advice: 'Write the name for which it was made, or give the server one for this name.',
    });
  });

  it('is checked whatever the environment says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    try {
      const { url } = await server(authority.issue());
      expect(await messageFor(url)).toMatchObject({ code: 'signaling.tls' });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('is missing where the server speaks no TLS', async () => {
    const plain = await listen(createHttpServer());
    expect(await messageFor(`wss://127.0.0.1:${plain}/x`)).toMatchObject({
      code: 'signaling.tls',
      message: expect.stringContaining(`The signaling server wss://127.0.0.1:${plain}/x does not answer by TLS`) as string,
      advice: 'Check the port, or write the URL without the s (ws:, http:).',
    });
    const silent = await listen(createTcpServer());
    expect(await failureOf({ server: `wss://127.0.0.1:${silent}/x`, timeoutMs: 50 })).toMatchObject({ code: 'signaling.silent' });
  });
});

describe('the certificate of the gateway', () => {
  const demanding = (): ServerOptions => ({
    ...authority.issue(),
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: true,
  });

  it('is shown to a server that wants one', async () => {
    const { url, shown } = await server(demanding());
    const { certFile: cert, keyFile: key } = authority.issue('DNS:gateway');
    await expectRegistered(register({ server: url, tls: new TlsContext({ ca: authority.file, cert, key }) }));
    expect(shown).toEqual([expect.stringMatching(/^issued-/)]);
  });

  it('that is missing is said', async () => {
    const { url } = await server(demanding());
    expect(await messageFor(url, { ca: authority.file })).toEqual({
      code: 'signaling.tls',
      message: expect.stringContaining(`The signaling server ${url} wants a client certificate (`) as string,
      advice: 'Name it by signaling.tls.cert and signaling.tls.key.',
    });
  });

  it('by an authority that the server does not know is said, whether it sends an alert or hangs up', async () => {
    const { certFile: cert, keyFile: key } = stranger.issue('DNS:gateway');
    const alerting = await openSslServer();
    expect(await messageFor(alerting, { ca: authority.file, cert, key })).toEqual({
      code: 'signaling.tls',
      message: `The signaling server ${alerting} did not accept the client certificate in ${cert} (ERR_SSL_TLSV1_ALERT_UNKNOWN_CA).`,
      advice: 'Check its authority, name and dates.',
    });
    const { url } = await server(demanding());
    expect(await messageFor(url, { ca: authority.file, cert, key })).toEqual({
      code: 'signaling.unreachable',
      message: `The signaling server ${url} cannot be reached (ECONNRESET).`,
      advice: `Check its address, whether it takes the certificate in ${cert}, and the network; it is tried again.`,
    });
  });

  it('is read again for each connection, so that a renewed one is shown', async () => {
    const { url, shown, drop } = await server(demanding());
    const [first, second] = [authority.issue('DNS:gateway'), authority.issue('DNS:gateway')];
    const files = {
      ca: authority.file,
      cert: authority.write('own.pem', first.cert),
      key: authority.write('own.key', first.key),
    };
    const registration = register({ server: url, tls: new TlsContext(files) });
    await expectRegistered(registration);
    copyFileSync(second.certFile, files.cert);
    copyFileSync(second.keyFile, files.key);
    drop();
    await vi.waitFor(() => expect(shown).toHaveLength(2));
    expect(shown[1]).not.toBe(shown[0]);
  });

  it('that cannot be used is said before anything is sent, and used once it can', async () => {
    const { url, shown } = await server(demanding());
    const [mine, other, expired] = [authority.issue(), authority.issue(), authority.issue('DNS:gateway', -1)];
    const messages = async (cert: string, key: string): Promise<string> => {
      return (await failureOf({ server: url, tls: new TlsContext({ ca: authority.file, cert, key }) }))?.message ?? '';
    };
    expect(await messages(mine.certFile, other.keyFile)).toBe(
      `The key in ${other.keyFile} does not fit the certificate in ${mine.certFile}.`,
    );
    expect(await messages(expired.certFile, expired.keyFile)).toMatch(
      `The client certificate in ${expired.certFile} expired on 20`,
    );
    expect(await messages(mine.keyFile, mine.keyFile)).toBe(`The file ${mine.keyFile} holds no certificate in PEM.`);
    expect(shown).toEqual([]);

    const gone = authority.write('gone.pem', '');
    rmSync(gone);
    const registration = register({ server: url, tls: new TlsContext({ ca: authority.file, cert: gone, key: mine.keyFile }) });
    await vi.waitFor(() => expect(registration.state.reason?.message).toBe(`The file ${gone} does not exist.`));
    authority.write('gone.pem', mine.cert);
    await expectRegistered(registration);
  });
});
