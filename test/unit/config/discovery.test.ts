import { describe, expect, it } from 'vitest';
import { adoptedId } from '../../../src/config/adopted-id.ts';
import { ConfigError, formatIssue } from '../../../src/config/config-error.ts';
import { parseConfig } from '../../../src/config/load.ts';

const CAMERA = 'cameras: [{id: a, onvif: 192.0.2.1}]';

function wrongWith(text: string): string[] {
  try {
    parseConfig('f', text, {});
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.issues.map((issue) => formatIssue(issue).replace(/^f:/, ''));
    throw error;
  }
}

describe('discovery', () => {
  it('is on and adopts nothing where the config says nothing, and absent where it is switched off', () => {
    expect(parseConfig('f', CAMERA, {}).discovery).toEqual({ adopt: 'none' });
    expect(parseConfig('f', `discovery:\n${CAMERA}`, {}).discovery).toEqual({ adopt: 'none' });
    expect(parseConfig('f', `discovery: {enabled: false}\n${CAMERA}`, {}).discovery).toBeUndefined();
  });

  it.each(['cameras:', 'cameras: []', ''])('needs no camera in the list where it adopts: %j', (cameras) => {
    const config = parseConfig('f', `discovery: {adopt: all}\n${cameras}`, {});
    expect(config.cameras).toEqual([]);
    expect(config.discovery).toEqual({ adopt: 'all' });
  });

  it('takes filters, interfaces and credentials, also by variables', () => {
    const text = `
discovery:
  adopt:
    - {name: Gate*, model: DS-*}
    - address: 192.168.1.0/24
    - address: "192.168.2.*"
  username: viewer
  password: \${CAMERA_PASSWORD}
  interfaces: [eth1, 10.0.0.1]
`;
    expect(parseConfig('f', text, { CAMERA_PASSWORD: 'p' }).discovery).toEqual({
      adopt: [{ name: 'Gate*', model: 'DS-*' }, { address: '192.168.1.0/24' }, { address: '192.168.2.*' }],
      credentials: { username: 'viewer', password: 'p' },
      interfaces: ['eth1', '10.0.0.1'],
    });
  });

  it.each([
    [
      'a word that there is not',
      '{adopt: al}',
      ['1:20: discovery.adopt: is "al"; write none, all, or a list of filters on name, model and address'],
    ],
    [
      'a filter that is no list',
      '{adopt: {model: x}}',
      ['1:20: discovery.adopt: is a map (keys with values); write none, all, or a list of filters on name, model and address'],
    ],
    ['a list of nothing', '{adopt: []}', ['1:20: discovery.adopt: is an empty list; write a filter, or none']],
    [
      'a filter that fits everything',
      '{adopt: [{}]}',
      ['1:21: discovery.adopt[0]: is an empty filter, which fits nothing; write at least one of name, model, address'],
    ],
    [
      'a key that there is not, with the one that was meant',
      '{adopt: [{modell: x}]}',
      ['1:22: discovery.adopt[0].modell: is not a known key; did you mean "model"?'],
    ],
    [
      'a number',
      '{adopt: [{model: 12}]}',
      ['1:29: discovery.adopt[0].model: is read as a number, not as text; put it in quotes'],
    ],
    [
      'an address that is none',
      '{adopt: [{model: x}, {address: 192.168.1.0/33}]}',
      [
        '1:43: discovery.adopt[1].address: is "192.168.1.0/33"; write an address, a network such as 192.168.1.0/24, or 192.168.1.*',
      ],
    ],
    [
      'a user without a password',
      '{adopt: all, username: u}',
      ['1:25: discovery.username: stands without a password; add password: or password_file:'],
    ],
    [
      'adopting while it is off',
      '{enabled: false, adopt: all}',
      ['1:29: discovery.adopt: finds nothing while discovery is not enabled; remove one of the two'],
    ],
    ['another key that there is not', '{adpt: all}', ['1:13: discovery.adpt: is not a known key; did you mean "adopt"?']],
  ])('is refused by line and column with what to write: %s', (_what, discovery, expected) => {
    expect(wrongWith(`discovery: ${discovery}\n${CAMERA}`)).toEqual(expected);
  });

  it('lets tokens of viewers name adopted cameras, which no list has', () => {
    const id = adoptedId('urn:uuid:1');
    const http = `http: {auth: {tokens: [{token: t, cameras: [${id}]}]}}`;
    expect(parseConfig('f', `${http}\ndiscovery: {adopt: all}`, {}).viewerTokens).toEqual([{ token: 't', cameras: [id] }]);
    expect(wrongWith(`${http}\n${CAMERA}`)).toEqual([expect.stringContaining(`there is no camera "${id}"`)]);
  });
});

describe('what a camera calls itself', () => {
  it('is taken from the config', () => {
    const text = 'cameras: [{id: a, onvif: 192.0.2.1, endpoint: "urn:uuid:1"}]';
    expect(parseConfig('f', text, {}).cameras[0]?.camera).toMatchObject({ endpointReference: 'urn:uuid:1' });
  });

  it('is refused where it is of no use', () => {
    expect(wrongWith('cameras: [{id: a, rtsp: {main: "rtsp://192.0.2.1/"}, endpoint: "urn:uuid:1"}]')).toEqual([
      '1:54: cameras[0].endpoint: stands beside rtsp, and only a camera by onvif can be found again; remove it',
    ]);
  });
});

describe('the state directory', () => {
  it('is that of the config, beside its file where it is relative, else what systemd gives, else none', () => {
    const systemd = { STATE_DIRECTORY: '/var/lib/a:/var/lib/b' };
    const of = (text: string, environment = {}): unknown =>
      parseConfig('/etc/x/f', `${text}\n${CAMERA}`, environment).stateDirectory;
    expect(of('state_directory: state', systemd)).toBe('/etc/x/state');
    expect(of('state_directory: /srv/state', systemd)).toBe('/srv/state');
    expect(of('', systemd)).toBe('/var/lib/a');
    expect(of('')).toBeUndefined();
  });
});

it('an adopted id is the same for the same camera, and another for another', () => {
  expect(adoptedId('urn:uuid:1')).toMatch(/^cam-[0-9a-f]{8}$/);
  expect(adoptedId('urn:uuid:1')).toBe(adoptedId('urn:uuid:1'));
  expect(adoptedId('urn:uuid:2')).not.toBe(adoptedId('urn:uuid:1'));
  expect(adoptedId('urn:uuid:1', 16).startsWith(adoptedId('urn:uuid:1'))).toBe(true);
});
