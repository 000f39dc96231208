import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';

const CAMERA = 'cameras: [{id: a, onvif: 192.0.2.1}]';

function iceServers(server: string, file = 'f'): unknown {
  return parseConfig(file, `webrtc: {ice_servers: [${server}]}\n${CAMERA}`, {}).media.ice.iceServers;
}

describe('a TURN server that shares a secret', () => {
  it('is named with it in place of user name and password', () => {
    expect(iceServers('{urls: ["turn:t.example"], secret: north}')).toEqual([{ urls: ['turn:t.example'], secret: 'north' }]);
  });

  it('may have it in a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'turn-'));
    try {
      writeFileSync(join(folder, 'turn-secret'), 'north\n');
      expect(iceServers('{urls: ["turn:t.example"], secret_file: turn-secret}', join(folder, 'gateway.yaml'))).toEqual([
        { urls: ['turn:t.example'], secret: 'north' },
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    ['{urls: ["turn:t.example"], username: u, secret: s}', 'username: stands beside a secret'],
    ['{urls: ["turn:t.example"], credential: c, secret: s}', 'credential: stands beside a secret'],
    ['{urls: ["turn:t.example"], secret: s, secret_file: f}', 'secret_file: stands beside secret; keep one of the two'],
    ['{urls: ["turn:t.example"], secret: ""}', 'secret: is empty'],
    ['{urls: ["turn:t.example"], secret: }', 'secret: is empty (what starts with # is a comment, unless it is in quotes)'],
    ['{urls: ["turn:t.example"]}', 'is a TURN server without credentials; add username: and credential:, or secret:'],
  ])('is refused where it is unclear: %s', (server, message) => {
    expect(() => iceServers(server)).toThrow(message);
  });

  it('is not shown by an error', () => {
    expect(() => iceServers('{urls: ["turn:t.example"], secret: 815815}')).toThrow(
      /^f:1:59: webrtc.ice_servers\[0\].secret: is read as a number, not as text; put it in quotes$/,
    );
  });
});
