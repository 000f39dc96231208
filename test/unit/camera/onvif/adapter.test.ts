import { describe, expect, it } from 'vitest';
import { textAt } from '../../../../src/camera/xml.ts';
import { connect, DATE, errorOf, fault, refuse, service, soap, startCamera, WORKING } from './scripted-camera.ts';

describe('OnvifDevice', () => {
  it('signs with the time of the camera, and not before it knows it', async () => {
    const { port, requests } = await startCamera(WORKING);
    const device = await connect(port);
    expect(device.information).toMatchObject({ manufacturer: 'Acme', model: 'X1' });
    const [first, ...signed] = requests;
    expect(textAt(first?.envelope, 'Header', 'Security', 'UsernameToken', 'Username')).toBeUndefined();
    for (const { envelope } of signed) {
      const created = Date.parse(textAt(envelope, 'Header', 'Security', 'UsernameToken', 'Created') ?? '');
      expect(Math.abs(created - Date.parse('2020-01-01T01:02:03Z'))).toBeLessThan(10_000);
    }
  });

  it('signs the question for the time where the camera asks for it, and goes on where it has no answer at all', async () => {
    const picky = await startCamera({
      ...WORKING,
      GetSystemDateAndTime: ({ envelope }, response) => {
        const signed = textAt(envelope, 'Header', 'Security', 'UsernameToken', 'Username') !== undefined;
        response.writeHead(signed ? 200 : 400).end(signed ? soap(DATE) : fault('ter:NotAuthorized', 'Sender not authorized'));
      },
    });
    expect((await connect(picky.port)).clockOffsetMs).toBeLessThan(-1e9);
    for (const GetSystemDateAndTime of ['<r/>', refuse(400, fault('ter:ActionNotSupported', 'Not implemented'))]) {
      const timeless = await startCamera({ ...WORKING, GetSystemDateAndTime });
      expect((await connect(timeless.port)).clockOffsetMs).toBeNull();
    }
  });

  it('keeps to the host that it reached, whatever address the camera writes (NAT)', async () => {
    const { port, requests } = await startCamera({
      ...WORKING,
      GetStreamUri: '<r><MediaUri><Uri>rtsp://admin:pw@192.168.1.64:8554/0?a=1&amp;b=2</Uri></MediaUri></r>',
    });
    const device = await connect(port);
    expect(await device.streamUri('0')).toBe('rtsp://127.0.0.1:8554/0?a=1&b=2');
    expect(requests.at(-1)).toMatchObject({ name: 'GetStreamUri', path: '/media1' });
  });

  it('falls back to Media1 where the announced Media2 does not work (D-Link), and stays there', async () => {
    const { port, requests } = await startCamera({
      ...WORKING,
      GetServices: `<r>${service('ver10/media', 'http://x/media1')}${service('ver20/media', 'http://x/media2')}</r>`,
      'media2/GetProfiles': refuse(500, fault('ter:Action', 'Internal error')),
      'media1/SetSynchronizationPoint': '<r/>',
    });
    const device = await connect(port);
    expect(await device.profiles()).toMatchObject([{ token: '0', video: { codec: 'H264' } }]);
    await device.setSynchronizationPoint('0');
    expect(requests.filter(({ path }) => path === '/media2')).toHaveLength(1);
  });

  it('asks GetCapabilities where GetServices is not implemented', async () => {
    const { GetServices: _, ...old } = WORKING;
    const { port } = await startCamera({
      ...old,
      GetCapabilities: '<r><Capabilities><Media><XAddr>http://10.0.0.1/media1</XAddr></Media></Capabilities></r>',
    });
    expect(await (await connect(port)).profiles()).toHaveLength(1);
  });

  it('logs in by digest where WS-Security is refused with a fault', async () => {
    const { port, requests } = await startCamera({
      ...WORKING,
      GetDeviceInformation: ({ envelope, headers }, response) => {
        if (textAt(envelope, 'Header', 'Security', 'UsernameToken', 'Username') !== undefined) {
          response.writeHead(400).end(fault('ter:NotAuthorized', 'no'));
        } else if (headers.authorization === undefined) {
          response
            .writeHead(401, { 'www-authenticate': ['Basic realm="x"', 'digest realm="x", qop="auth-int, auth", nonce="n1"'] })
            .end();
        } else {
          response.end(soap('<r><Model>digest only</Model></r>'));
        }
      },
    });
    expect((await connect(port)).information.model).toBe('digest only');
    expect(requests.at(-1)?.headers.authorization).toMatch(
      /^Digest username="viewer", realm="x", nonce="n1", uri="\/onvif\/device_service".* qop=auth, nc=00000001,/,
    );
  });

  it('tells wrong credentials, with the clock where that may be the cause', async () => {
    const refusals = [refuse(400, fault('ter:NotAuthorized', 'x')), refuse(401, ''), refuse(403, '<html>locked</html>')];
    for (const GetDeviceInformation of refusals) {
      const { port } = await startCamera({ ...WORKING, GetDeviceInformation });
      const error = await errorOf(connect(port));
      expect(error.code).toBe('camera.unauthorized');
      expect(error.message).toContain(`127.0.0.1:${port}`);
      expect(error.advice).toMatch(/username and password.*clock is \d+ s behind/);
      expect(`${error.message}${error.advice}`).not.toContain('secret');
    }
  });

  it('passes on code and words of a fault', async () => {
    const { port } = await startCamera({ ...WORKING, GetStreamUri: refuse(400, fault('ter:NoProfile', 'No such profile')) });
    const error = await errorOf((await connect(port)).streamUri('9'));
    expect(error.code).toBe('camera.fault');
    expect(error.message).toContain('GetStreamUri: No such profile (NoProfile)');
  });

  it('tells a camera without profiles', async () => {
    const { port } = await startCamera({ ...WORKING, 'media1/GetProfiles': '<r/>' });
    expect((await errorOf((await connect(port)).profiles())).code).toBe('camera.no_profiles');
  });

  it('tells what is no ONVIF device: a web page, another protocol, an answer without end', async () => {
    const page = await startCamera({ GetSystemDateAndTime: refuse(404, '<html>Not found</html>') });
    const error = await errorOf(connect(page.port));
    expect(error.code).toBe('camera.not_onvif');
    expect(error.message).toContain('404');
    const other = await startCamera({ GetSystemDateAndTime: (_, response) => response.socket?.end('220 ftp ready\r\n') });
    expect((await errorOf(connect(other.port))).code).toBe('camera.not_onvif');
    const endless = await startCamera({
      GetSystemDateAndTime: (_, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
        };
        response.on('drain', more);
        more();
      },
    });
    expect((await errorOf(connect(endless.port))).code).toBe('camera.not_onvif');
  });

  it('gives up on an answer that drips, and notices at once one that is cut short', async () => {
    const dripping = await startCamera({
      GetSystemDateAndTime: (_, response) => {
        const timer = setInterval(() => response.write(' '), 10);
        response.on('close', () => clearInterval(timer));
      },
    });
    expect((await errorOf(connect(dripping.port, { timeoutMs: 150 }))).code).toBe('camera.timeout');
    const cut = await startCamera({
      GetSystemDateAndTime: (_, response) => {
        response.writeHead(200, { 'content-length': 1000 });
        response.write('<Envelope>', () => response.destroy());
      },
    });
    const error = await errorOf(connect(cut.port, { timeoutMs: 60_000 }));
    expect(error.code).toBe('camera.unreachable');
  });

  it('ends at once when its signal aborts in the middle of a call', async () => {
    const abort = new AbortController();
    const silent = await startCamera({ GetSystemDateAndTime: () => abort.abort(new Error('closing')) });
    await expect(connect(silent.port, { timeoutMs: 60_000, signal: abort.signal })).rejects.toThrow('closing');
  });
});
