import * as fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { addCameras } from '../../../src/config/add-cameras.ts';
import type { CameraToAdd } from '../../../src/config/camera-entries.ts';
import { ConfigError } from '../../../src/config/config-error.ts';
import { parseConfig } from '../../../src/config/load.ts';

const FILE = 'gateway.yaml';
const YARD: CameraToAdd = { name: 'Yard', onvif: { host: '10.0.0.9', port: 80 }, username: 'viewer' };
const YARD_LINES = ['- id: yard', '  name: Yard', '  onvif: 10.0.0.9', '  username: viewer', '  password: ${YARD_PASSWORD}'];

const lines = (column: number, eol = '\n'): string => YARD_LINES.map((line) => `${' '.repeat(column)}${line}${eol}`).join('');

function camera(name: string | null, host = '10.0.0.9', more: Partial<CameraToAdd['onvif']> = {}): CameraToAdd {
  return { name, onvif: { host, port: 80, ...more }, username: 'viewer' };
}

function idsOf(text: string | undefined, ...cameras: CameraToAdd[]): string[] {
  return addCameras(FILE, text, cameras).added.map(({ id }) => id);
}

describe('the text of a config with one more camera', () => {
  it('is the example with the lines of the camera after the last one, byte for byte', () => {
    const example = readFileSync(join(import.meta.dirname, '../../../config/gateway.example.yaml'), 'utf8');
    expect(addCameras(FILE, example, [YARD])).toEqual({
      text: example + lines(2),
      added: [{ id: 'yard', variable: 'YARD_PASSWORD' }],
    });
  });

  it.each([
    [
      'keys after the list',
      '# top\ncameras: # all\n  - id: a # one\n    onvif: 10.0.0.1 # its\n',
      2,
      '\n# media\nmedia: {linger: 5}\n',
    ],
    ['dashes below the key', 'cameras:\n- id: a\n  onvif: 10.0.0.1\n', 0, 'media: {linger: 5}\n'],
    ['comments of the last camera', 'cameras:\n  - id: a\n    onvif: 10.0.0.1\n\n    # name: A\n', 2, '\n  # - id: b\n# end\n'],
    ['cameras on one line', 'cameras:\n    - {id: a, onvif: 10.0.0.1}   # odd   spaces\n', 4, ''],
    ['block texts', 'cameras:\n  - id: a\n    onvif: 10.0.0.1\n    name: >-\n      A\n\n      B\n', 2, '\n\n'],
    ['a list of nothing', 'cameras:\n', 2, '  # - id: a\nmedia: {linger: 5}\n'],
    ['a comment at the margin', 'cameras:\n  - id: a\n# his\n    onvif: 10.0.0.1\n    name:\n# hers\n      A\n', 2, '# end\n'],
    ['an anchor', 'cameras:\n  - &a\n    id: a\n    onvif: 10.0.0.1\n', 2, 'media: {linger: 5}\n'],
  ])('keeps %s', (_what, before, column, after) => {
    expect(addCameras(FILE, before + after, [YARD]).text).toBe(before + lines(column) + after);
  });

  it('has a camera for each input of an NVR, which share its password', () => {
    const nvr: CameraToAdd = { ...camera('Lobby NVR'), videoSources: 3 };
    const { text, added } = addCameras(FILE, 'cameras:\n  - {id: lobby-nvr-2, onvif: 10.0.0.1}\n', [nvr, YARD]);
    expect(added).toEqual([
      { id: 'lobby-nvr-1', variable: 'LOBBY_NVR_PASSWORD' },
      { id: 'lobby-nvr-2-2', variable: 'LOBBY_NVR_PASSWORD' },
      { id: 'lobby-nvr-3', variable: 'LOBBY_NVR_PASSWORD' },
      { id: 'yard', variable: 'YARD_PASSWORD' },
    ]);
    const { cameras } = parseConfig(FILE, text, { LOBBY_NVR_PASSWORD: 'one', YARD_PASSWORD: 'two' });
    expect(
      cameras.slice(1).map(({ camera: { name, videoSource, credentials } }) => [name, videoSource, credentials?.password]),
    ).toEqual([
      ['Lobby NVR 1', 1, 'one'],
      ['Lobby NVR 2', 2, 'one'],
      ['Lobby NVR 3', 3, 'one'],
      ['Yard', undefined, 'two'],
    ]);
    expect(text).toContain('  - id: lobby-nvr-3\n    name: Lobby NVR 3\n    onvif: 10.0.0.9\n    video_source: 3\n');
  });

  it('keeps the line breaks of Windows, and ends a last line that has no end', () => {
    const windows = 'cameras:\r\n  - id: a\r\n    onvif: 10.0.0.1\r\n';
    expect(addCameras(FILE, `${windows}media: {linger: 5}\r\n`, [YARD]).text).toBe(
      `${windows}${lines(2, '\r\n')}media: {linger: 5}\r\n`,
    );
    const open = 'cameras:\n  - id: a\n    onvif: 10.0.0.1';
    expect(addCameras(FILE, open, [YARD]).text).toBe(`${open}\n${lines(2)}`);
  });

  it.each([
    ['is written', 'urn:uuid:4d454930-0000-1000-8000-001122334455', true],
    ['is left out where it is but an address', 'http://10.0.0.9/onvif/device_service', false],
    ['is left out where it is no plain name', 'urn:x:${HOME}', false],
  ])('what a camera calls itself %s', (_what, endpointReference, written) => {
    const { text } = addCameras(FILE, '', [{ ...YARD, endpointReference }]);
    const [camera] = (parse(text) as { cameras: Record<string, string>[] }).cameras;
    expect(camera?.['endpoint']).toBe(written ? endpointReference : undefined);
    expect(
      addCameras(FILE, 'cameras: [{id: a, onvif: 10.0.0.1}]', [{ ...YARD, endpointReference }]).text.includes('endpoint'),
    ).toBe(written);
  });

  it('has the list at its end where there was none', () => {
    for (const before of ['', '# nothing yet\n', 'media: {linger: 5}\n']) {
      expect(addCameras(FILE, before, [YARD]).text).toBe(`${before}cameras:\n${lines(2)}`);
    }
    expect(addCameras(FILE, 'cameras: []  # none\nmedia: {linger: 5}\n', [YARD]).text).toBe(
      `cameras:  # none\n${lines(2)}media: {linger: 5}\n`,
    );
  });

  it('stays in brackets where the list is in brackets', () => {
    const { text } = addCameras(FILE, 'cameras: [{id: a, onvif: 10.0.0.1}, {id: b, onvif: 10.0.0.2},] # two\n', [YARD]);
    expect(text).toBe(
      'cameras: [{id: a, onvif: 10.0.0.1}, {id: b, onvif: 10.0.0.2}, ' +
        '{id: "yard", name: "Yard", onvif: "10.0.0.9", username: "viewer", password: "${YARD_PASSWORD}"},] # two\n',
    );
  });

  it('is a whole config, with a header that says what to do, where there was no file', () => {
    const { text } = addCameras(FILE, undefined, [YARD]);
    expect(text).toMatch(/^# Config of onvif-webrtc-gateway.*\n(#.*\n)+\ncameras:\n/);
    expect(text.endsWith(`\ncameras:\n${lines(2)}`)).toBe(true);
    const [first] = parseConfig(FILE, text, { YARD_PASSWORD: 'secret' }).cameras;
    expect(first?.camera).toEqual({
      id: 'yard',
      name: 'Yard',
      onvif: { host: '10.0.0.9', port: 80 },
      credentials: { username: 'viewer', password: 'secret' },
    });
  });

  it('leaves the credentials to the reader where none are known', () => {
    const { text } = addCameras(FILE, 'media: {linger: 5}\n', [{ name: null, onvif: { host: '10.0.0.9', port: 8000 } }]);
    expect(text).toBe(
      'media: {linger: 5}\ncameras:\n  - id: camera-10-0-0-9-8000\n    onvif: 10.0.0.9:8000\n' +
        '    # username: viewer\n    # password: ${CAMERA_10_0_0_9_8000_PASSWORD}\n',
    );
    expect(parseConfig(FILE, text, {}).cameras).toHaveLength(1);
  });

  it('takes nothing out of the environment that a camera names', () => {
    const hostile = { ...camera('${HOME} $${A'), onvif: { host: '10.0.0.9', port: 80, path: '/${HOME}' }, username: '${HOME}' };
    const { text, added } = addCameras(FILE, undefined, [hostile]);
    const [read] = parseConfig(FILE, text, { [added[0]?.variable ?? '']: 'p', HOME: 'secret', A: 'secret' }).cameras;
    expect(JSON.stringify(read)).not.toContain('secret');
    expect(read?.camera).toMatchObject({ name: '${HOME} $${A', credentials: { username: '${HOME}' } });
  });

  it('reads back as what was added, whatever the names', () => {
    const name = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll(/[\p{C}\s]+/gu, ' ').trim());
    const before = 'cameras:\n  - id: a\n    onvif: 10.0.0.1\n';
    fc.assert(
      fc.property(fc.array(name, { maxLength: 5 }), fc.boolean(), (names, inBrackets) => {
        const text = inBrackets ? 'cameras: [{id: a, onvif: 10.0.0.1}]' : before;
        const result = addCameras(
          FILE,
          text,
          names.map((each) => camera(each)),
        );
        const passwords = Object.fromEntries(result.added.map(({ variable }) => [variable, 'p']));
        const { cameras } = parseConfig(FILE, result.text, passwords);
        expect(cameras.slice(1).map(({ camera: { name: read, id } }) => (read === id ? '' : read))).toEqual(
          names.map((each, index) => (each === result.added[index]?.id ? '' : each)),
        );
      }),
    );
  });
});

describe('addresses', () => {
  it.each([
    [{ host: '10.0.0.9', port: 80 }, '10.0.0.9'],
    [{ host: '10.0.0.9', port: 8000 }, '10.0.0.9:8000'],
    [{ host: '10.0.0.9', port: 80, path: '/other?x=1' }, 'http://10.0.0.9/other?x=1'],
    [{ host: '2001:db8::9', port: 80 }, '2001:db8::9'],
    [{ host: '2001:db8::9', port: 8000, path: '/other' }, 'http://[2001:db8::9]:8000/other'],
    [{ host: '10.0.0.9', port: 443, secure: true as const }, 'https://10.0.0.9'],
    [{ host: '10.0.0.9', port: 8443, path: '/other', secure: true as const }, 'https://10.0.0.9:8443/other'],
    [{ host: 'fe80::9%eth0', port: 80 }, 'fe80::9%eth0'],
    [{ host: 'fe80::9%eth0', port: 8000 }, '[fe80::9%eth0]:8000'],
  ])('are written as the config knows them: %o', (onvif, written) => {
    const { text } = addCameras(FILE, undefined, [{ name: 'Yard', onvif }]);
    expect((parse(text) as { cameras: { onvif: string }[] }).cameras[0]?.onvif).toBe(written);
    expect(parseConfig(FILE, text, {}).cameras[0]?.camera.onvif).toEqual(onvif);
  });
});

describe('ids', () => {
  it('are made of the name, else of the address', () => {
    expect(idsOf(undefined, camera('Haustür (Süd)'), camera('前門', '10.0.0.8'), camera(null, 'cam.example'))).toEqual([
      'haustur-sud',
      'camera-10-0-0-8',
      'camera-cam-example',
    ]);
    expect(idsOf(undefined, camera('x'.repeat(200)))).toEqual(['x'.repeat(64)]);
  });

  it('are unlike each other, those that are there, and by the address where several have one name', () => {
    const text = 'cameras:\n  - {id: yard, onvif: 10.0.0.1}\n  - {id: yard-10-0-0-9, onvif: 10.0.0.2}\n';
    expect(idsOf(text, camera('Yard'), camera('IPC', '10.0.0.3'), camera('ipc', '10.0.0.4'))).toEqual([
      'yard-10-0-0-9-2',
      'ipc-10-0-0-3',
      'ipc-10-0-0-4',
    ]);
  });

  it('give variables that systemd and shells take, and that nobody else has', () => {
    const text = 'cameras:\n  - {id: a, onvif: 10.0.0.1, username: u, password: "${YARD_PASSWORD}"}\n';
    const { added } = addCameras(FILE, text, [camera('Yard'), camera('1st floor')]);
    expect(added.map(({ variable }) => variable)).toEqual(['YARD_PASSWORD_2', 'CAMERA_1ST_FLOOR_PASSWORD']);
  });
});

describe('a config that cannot be extended', () => {
  it.each([
    ['- a\n', 'config.not_extended'],
    ['{cameras: []}\n', 'config.not_extended'],
    ['cameras: none\n', 'config.not_extended'],
    ['x: &c [{id: a, onvif: 10.0.0.1}]\ncameras: *c\n', 'config.not_extended'],
    ['media: {linger: 5}\n...\n', 'config.not_extended'],
    ['cameras: [\n', 'config.invalid'],
  ])('is left alone: %j', (text, code) => {
    expect(() => addCameras(FILE, text, [YARD])).toThrow(expect.objectContaining({ code }) as Error);
  });

  it('is extended where what is wrong was wrong before', () => {
    const before = 'cameras:\n  - id: a\n    onvif: 10.0.0.1\n    pasword: x\n';
    expect(addCameras(FILE, before, [YARD]).text).toBe(before + lines(2));
    expect(() => addCameras(FILE, before, [{ ...YARD, onvif: { host: 'not a host', port: 80 } }])).toThrow(
      /the result would be wrong/,
    );
    expect(() => addCameras(FILE, 'a: [', [YARD])).toThrow(ConfigError);
  });
});
