import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificate, type Certificate } from '../../../support/certificate.ts';
import { connect, errorOf, service, startCamera, WORKING } from './scripted-camera.ts';

let certificate: Certificate;
let elsewhere: Certificate;
beforeAll(() => {
  certificate = makeCertificate();
  elsewhere = makeCertificate('192.0.2.1');
});

const authorities = getCACertificates('default');
afterAll(() => setDefaultCACertificates(authorities));

const plain = ({ fingerprint }: Certificate): string => fingerprint.replaceAll(':', '').toLowerCase();

describe('ONVIF over https', () => {
  it('works where the certificate is the one that is pinned, in either spelling', async () => {
    const { port, requests } = await startCamera(WORKING, certificate);
    for (const fingerprint of [certificate.fingerprint, plain(certificate)]) {
      const device = await connect(port, { secure: true, tls: { fingerprint } });
      expect(device.information.model).toBe('X1');
    }
    expect(requests[0]?.headers.host).toBe(`127.0.0.1:${port}`);
  });

  it('says not a word to a camera whose certificate is another, and tells the one it shows and how to accept it', async () => {
    const { port, heads } = await startCamera(WORKING, certificate);
    for (const tls of [undefined, { fingerprint: elsewhere.fingerprint }]) {
      const error = await errorOf(connect(port, { secure: true, ...(tls === undefined ? {} : { tls }) }));
      expect(error.code).toBe('camera.certificate');
      expect(error.message).toContain(`127.0.0.1:${port}`);
      expect(error.advice).toContain(`tls_fingerprint: "${plain(certificate)}"`);
    }
    expect(heads).toEqual([]);
  });

  it('takes any certificate only where the config says so', async () => {
    const { port } = await startCamera(WORKING, elsewhere);
    expect((await connect(port, { secure: true, tls: { insecure: true } })).information.model).toBe('X1');
  });

  it('trusts what the system trusts, for the address that it was given to', async () => {
    setDefaultCACertificates([certificate.cert, elsewhere.cert]);
    const { port } = await startCamera(WORKING, certificate);
    expect((await connect(port, { secure: true })).information.model).toBe('X1');
    const other = await startCamera(WORKING, elsewhere);
    expect((await errorOf(connect(other.port, { secure: true }))).message).toContain('ALTNAME');
  });

  it('stays with https where the camera names its services by http, and checks each connection', async () => {
    let listed = '';
    const { port, requests } = await startCamera(
      {
        ...WORKING,
        GetServices: (_, response) => void response.end(listed),
        'media1/GetProfiles': WORKING['media1/GetProfiles'] ?? '',
      },
      certificate,
    );
    const services = `${service('ver10/media', `http://127.0.0.1:${port}/media1`)}`;
    listed = `<e:Envelope xmlns:e="x"><e:Body><r>${services}</r></e:Body></e:Envelope>`;
    const device = await connect(port, { secure: true, tls: { fingerprint: certificate.fingerprint } });
    expect(await device.profiles()).toHaveLength(1);
    expect(requests.at(-1)?.path).toBe('/media1');
  });

  it('to a camera with TLS 1.0 alone works where its certificate is named in the config, and else tells why it does not', async () => {
    const old = { ...certificate, minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const { port } = await startCamera(WORKING, old);
    expect((await connect(port, { secure: true, tls: { fingerprint: certificate.fingerprint } })).information.model).toBe('X1');
    expect((await errorOf(connect(port, { secure: true }))).message).toContain('its TLS is too old');
  });

  it('to a port without TLS, and http to one with it, are told', async () => {
    const open = await startCamera(WORKING);
    expect((await errorOf(connect(open.port, { secure: true }))).message).toContain('does not speak TLS on this port');
    const closed = await startCamera(WORKING, certificate);
    expect(['camera.unreachable', 'camera.not_onvif']).toContain((await errorOf(connect(closed.port))).code);
  });
});
