import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { GatewayError } from '../../../../src/base/errors.ts';
import { encodeInterleaved } from '../../../../src/camera/rtsp/interleaved.ts';
import { makeCertificate, type Certificate } from '../../../support/certificate.ts';
import { cameraWith, clientOf, NOW } from './pull.ts';

const PACKET = Buffer.from([0x80, 0x60, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9]);
const PLAYS = { PLAY: () => ({ behind: encodeInterleaved(0, PACKET) }) };

let certificate: Certificate;
let elsewhere: Certificate;
beforeAll(() => {
  certificate = makeCertificate();
  elsewhere = makeCertificate('192.0.2.1');
});

const authorities = getCACertificates('default');
afterAll(() => setDefaultCACertificates(authorities));

describe('RTSP over TLS', () => {
  it('plays with an rtsps: URL, or an rtsp: one and transport tls, where the certificate is the one that is pinned', async () => {
    const camera = await cameraWith(PLAYS, certificate);
    expect(camera.url).toMatch(/^rtsps:/);
    const tls = { fingerprint: certificate.fingerprint };
    const secure = clientOf(camera.url, { tls });
    await secure.client.start();
    await vi.waitFor(() => expect(secure.told).toEqual(['tracks H264 PCMU', `rtp H264 12 ${NOW}`]));
    const plain = { fingerprint: certificate.fingerprint.replaceAll(':', '').toLowerCase() };
    const asked = clientOf(camera.url.replace('rtsps:', 'rtsp:'), { transport: 'tls', tls: plain });
    await asked.client.start();
    await vi.waitFor(() => expect(asked.told).toHaveLength(2));
  });

  it('says not a word to a camera whose certificate is another, and names the one that it shows', async () => {
    const camera = await cameraWith({}, certificate);
    for (const tls of [undefined, { fingerprint: elsewhere.fingerprint }]) {
      const error = await clientOf(camera.url, tls && { tls })
        .client.start()
        .catch((thrown: unknown) => thrown as GatewayError);
      expect(error).toMatchObject({ code: 'rtsp.certificate' });
      expect((error as GatewayError).advice).toContain(certificate.fingerprint.replaceAll(':', '').toLowerCase());
    }
    expect(camera.requests).toEqual([]);
    await vi.waitFor(() => expect(camera.connections).toBe(0));
  });

  it('takes any certificate only where the config says so', async () => {
    const camera = await cameraWith(PLAYS, elsewhere);
    await clientOf(camera.url, { tls: { insecure: true } }).client.start();
    expect(camera.methods).toContain('PLAY');
  });

  it('trusts what the system trusts, for the address that it was given to', async () => {
    setDefaultCACertificates([certificate.cert, elsewhere.cert]);
    await clientOf((await cameraWith(PLAYS, certificate)).url).client.start();
    await expect(clientOf((await cameraWith(PLAYS, elsewhere)).url).client.start()).rejects.toMatchObject({
      code: 'rtsp.certificate',
      message: expect.stringContaining('ALTNAME') as string,
    });
  });

  it('names a camera that does not speak TLS', async () => {
    const camera = await cameraWith();
    const { client } = clientOf(camera.url, { transport: 'tls' });
    const outcome = client.start().catch((error: unknown) => error);
    await vi.waitFor(() => expect(camera.connections).toBe(1));
    camera.sendRaw(Buffer.from('RTSP/1.0 400 Bad Request\r\n\r\n'));
    expect(await outcome).toMatchObject({ code: 'rtsp.unreachable' });
  });

  it('asks for no media beside the encrypted connection', async () => {
    const camera = await cameraWith({ SETUP: () => ({ status: 461 }) }, certificate);
    const { client } = clientOf(camera.url, { tls: { insecure: true } });
    await expect(client.start()).rejects.toMatchObject({ code: 'rtsp.status' });
    expect(camera.asked('SETUP').map((request) => request.headers.get('Transport'))).toEqual([
      'RTP/AVP/TCP;unicast;interleaved=0-1',
    ]);
  });
});
