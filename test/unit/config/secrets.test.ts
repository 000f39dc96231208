import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from '../../../src/config/load.ts';
import type { Environment } from '../../../src/config/secrets.ts';

const CAMERA = 'cameras: [{id: a, onvif: 192.0.2.1}]';

describe('secrets', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** The password of the only camera of a config in `folder`, from these lines. */
  function passwordBy(line: string, environment: Environment = {}): string | undefined {
    const file = join(folder, 'gateway.yaml');
    writeFileSync(file, `cameras:\n- id: a\n  onvif: 192.0.2.1\n  username: u\n  ${line}\n`);
    return loadConfig(file, environment).cameras[0]?.camera.credentials?.password;
  }

  it('come from the environment, also within a text', () => {
    expect(passwordBy('password: ${PW}', { PW: 's3cret' })).toBe('s3cret');
    expect(passwordBy('password: a${PW}-${_b2}', { PW: '1', _b2: '$${PW}' })).toBe('a1-$${PW}');
    expect(passwordBy('password: $${PW}$5')).toBe('${PW}$5');
  });

  it('come from a file beside the config, without the line break at its end', () => {
    writeFileSync(join(folder, 'pw'), ' s3cret \n');
    expect(passwordBy('password_file: pw')).toBe(' s3cret ');
    expect(passwordBy(`password_file: ${join(folder, 'pw')}`, { CREDENTIALS_DIRECTORY: '/nowhere' })).toBe(' s3cret ');
  });

  it('come from a systemd credential first', () => {
    const credentials = join(folder, 'credentials');
    mkdirSync(credentials);
    writeFileSync(join(credentials, 'pw'), 'of systemd');
    writeFileSync(join(folder, 'pw'), 'beside');
    writeFileSync(join(folder, 'other'), 'beside');
    expect(passwordBy('password_file: pw', { CREDENTIALS_DIRECTORY: credentials })).toBe('of systemd');
    expect(passwordBy('password_file: other', { CREDENTIALS_DIRECTORY: credentials })).toBe('beside');
  });

  it.each([
    ['password: ${PW}', 'the environment variable PW is not set; set it (systemd: Environment= or EnvironmentFile=)'],
    ['password: ${EMPTY}', 'the environment variable EMPTY is empty; set it'],
    ['password: ${no name}', 'holds a ${ that names no variable; write ${NAME}, or $${'],
    ['password: ${PW', 'holds a ${ that names no variable'],
    [
      'password_file: none',
      "none (does not exist); create it readable for the gateway's user, or LoadCredential=none:PATH in its unit",
    ],
    ['password_file: .', '(is a folder); create it'],
    ['password_file: empty', 'empty is empty; write the secret into it'],
    ['password_file: /dev/zero', 'is too long; a secret is at most 64 KiB'],
    ['password: p\n  password_file: pw', 'cameras[0].password_file: stands beside password; keep one of the two'],
  ])('that are missing say so: %s', (line, message) => {
    writeFileSync(join(folder, 'empty'), '\n');
    writeFileSync(join(folder, 'pw'), 'x');
    expect(() => passwordBy(line, { EMPTY: '' })).toThrow(message);
  });

  it('never stand in a message', () => {
    const secret = 'hunter2';
    const withoutSecret = expect.objectContaining({ message: expect.not.stringContaining(secret) as string }) as Error;
    const wrongs = [
      `cameras: [{id: a, rtsp: {main: "http://u:${secret}@192.0.2.1/"}}]`,
      `cameras: [{id: a, onvif: "http://u:${secret}@192.0.2.1/"}]`,
      `signaling: {server: "https://u:${secret}@s.example"}\n${CAMERA}`,
      `signaling: {server: "\${SERVER}"}\n${CAMERA}`,
      `cameras: [{id: a, onvif: 192.0.2.1, username: u, password: "x" ${secret}}]`,
      `cameras: [{id: a, onvif: 192.0.2.1, username: u, password: [${secret}]}]`,
      `cameras:\n- id: a\n  password: *${secret}\n  username: u`,
      `cameras:\n- id: a\n  password: "p"${secret}"\n  username: u`,
      `cameras:\n- id: a\n  password: }${secret}\n  username: u`,
      `cameras:\n- id: a\n  password: !${secret}\n  username: u`,
      `http: {auth: {tokens: [{token: ${secret}}, {token: ${secret}}]}}\n${CAMERA}`,
      `cameras: [{id: a, onvif: 192.0.2.1, username: u, password: ${secret}, password: ${secret}}]`,
    ];
    for (const text of wrongs) {
      expect(() => parseConfig('f', text, { SERVER: `not-a-url-${secret}` })).toThrow(withoutSecret);
    }
  });
});
