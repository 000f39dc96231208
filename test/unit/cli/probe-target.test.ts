import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { resolveTarget, type TargetOptions } from '../../../src/cli/probe-target.ts';

const folder = mkdtempSync(join(tmpdir(), 'probe-target-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NOTHING: TargetOptions = { credentials: undefined, transport: undefined, tls: undefined, config: undefined };

function configOf(text: string): string {
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, text);
  return file;
}

describe('the target of probe', () => {
  it.each([
    ['192.168.1.20', { host: '192.168.1.20', port: 80 }],
    ['camera.example:8000', { host: 'camera.example', port: 8000 }],
    ['[fe80::1]:8000', { host: 'fe80::1', port: 8000 }],
    ['http://10.0.0.1:81/onvif/device', { host: '10.0.0.1', port: 81, path: '/onvif/device' }],
    ['https://10.0.0.1/onvif/device_service', { host: '10.0.0.1', port: 443, secure: true }],
  ])('may be where an ONVIF device is: %s', (text, onvif) => {
    expect(resolveTarget(text, NOTHING)).toMatchObject({ id: null, at: { onvif } });
  });

  it('may be an RTSP URL, whose credentials are taken out of it and not shown', () => {
    expect(resolveTarget('rtsp://viewer:p@ss@10.0.0.1/live?a=1', NOTHING)).toEqual({
      ...{ shown: 'rtsp://10.0.0.1/live?a=1', id: null, transport: undefined, tls: undefined },
      credentials: { username: 'viewer', password: 'p@ss' },
      at: { rtsp: { stream: 'rtsp://10.0.0.1/live?a=1' } },
    });
  });

  it('may be the id of a camera in the config, which says how it is got at unless the options do', () => {
    const config = configOf(`cameras:
  - {id: yard, onvif: 10.0.0.5, username: viewer, password: secret, transport: udp, tls_insecure: true}
  - {id: old, rtsp: {main: "rtsp://u:p@10.0.0.6/1", sub: "rtsp://u:p@10.0.0.6/2"}}
`);
    expect(resolveTarget('yard', { ...NOTHING, config })).toMatchObject({
      id: 'yard',
      credentials: { username: 'viewer', password: 'secret' },
      transport: 'udp',
      tls: { insecure: true },
      at: { onvif: { host: '10.0.0.5', port: 80 } },
    });
    const credentials = { username: 'other', password: 'else' };
    expect(resolveTarget('yard', { ...NOTHING, config, credentials, transport: 'tcp' })).toMatchObject({
      credentials,
      transport: 'tcp',
    });
    expect(resolveTarget('old', { ...NOTHING, config })).toMatchObject({
      credentials: { username: 'u', password: 'p' },
      at: { rtsp: { main: 'rtsp://10.0.0.6/1', sub: 'rtsp://10.0.0.6/2' } },
    });
  });

  it('is a host where the config has no camera of that name, whatever else is wrong with it', () => {
    const config = configOf('cameras:\n  - {id: yard, onvif: 10.0.0.5, password: "${MISSING_HERE}"}\n');
    expect(resolveTarget('gate', { ...NOTHING, config })).toMatchObject({ id: null, at: { onvif: { host: 'gate' } } });
    expect(() => resolveTarget('yard', { ...NOTHING, config })).toThrow(expect.objectContaining({ code: 'config.invalid' }));
  });

  it.each(['http://', 'rtsp://', '10.0.0.300', 'a b', '', 'ftp://10.0.0.1/'])('is refused where it is no camera: %j', (text) => {
    expect(() => resolveTarget(text, NOTHING)).toThrow(expect.objectContaining({ code: 'usage.target' }));
  });
});
