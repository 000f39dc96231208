import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { roomOf, violationsIn } from '../../../scripts/check-imports.ts';
import { ROOMS } from '../../../scripts/import-rules.ts';

const root = join(import.meta.dirname, '../../..');

/** `file:line` and message of every violation, one string each. */
function check(files: Record<string, string>): string[] {
  return violationsIn(new Map(Object.entries(files))).map(({ file, line, message }) => `${file}:${line}: ${message}`);
}

describe('the direction of imports', () => {
  it('lets a room import what the table names, base, config and itself', () => {
    const files = {
      'http/server.ts':
        "import type { MediaStats } from '../plane/messages.ts';\nimport { a } from './router.ts';\nimport '../config/schema.ts';",
      'http/router.ts': "import { b } from '../base/errors.ts';\nexport const a = b;",
      'plane/messages.ts': '',
      'base/errors.ts': 'export const b = 1;',
      'config/schema.ts': '',
    };
    expect(check(files)).toEqual([]);
  });

  it('names file, line, both rooms and what is allowed', () => {
    expect(check({ 'media/stream.ts': "\n\nimport { x } from '../peer/session.ts';" })).toEqual([
      'media/stream.ts:3: media may not import peer (peer/session.ts); it may import base, config',
    ]);
  });

  it('holds control rooms to the messages of the media plane', () => {
    const importOf = (module: string): string => `import { start } from '${module}';`;
    expect(check({ 'signaling/device/device.ts': importOf('../../plane/media-plane.ts') })).toEqual([
      'signaling/device/device.ts:1: signaling may not import plane (plane/media-plane.ts); it may import access, plane/messages, base, config',
    ]);
    expect(check({ 'gateway/gateway.ts': importOf('../plane/media-plane.ts') })).toEqual([]);
  });

  it.each([
    ["export { x } from '../gateway/x.ts';", 'a re-export'],
    ["export * from '../gateway/x.ts';", 'a re-export of everything'],
    ["import type { X } from '../gateway/x.ts';", 'a type'],
    ["type X = import('../gateway/x.ts').X;", 'a type in place'],
    ["const x = await import('../gateway/x.ts');", 'a dynamic import'],
    ["new Worker(new URL('../gateway/x.ts', import.meta.url));", 'a worker'],
  ])('sees %s (%s)', (source) => {
    expect(check({ 'base/x.ts': source })).toEqual([
      'base/x.ts:1: base may not import gateway (gateway/x.ts); it may import nothing',
    ]);
  });

  it('keeps a package to the room that adapts it', () => {
    expect(check({ 'peer/egress/sender.ts': "import { RtpPacket } from 'werift/lib/rtp.js';" })).toEqual([
      'peer/egress/sender.ts:1: only peer/webrtc may import the package werift',
    ]);
    expect(
      check({ 'peer/webrtc/peer.ts': "import 'werift';", 'camera/onvif/adapter.ts': "import { Cam } from 'onvif';" }),
    ).toEqual([]);
  });

  it('refuses a room that the table does not know, and what lies outside src', () => {
    const found = check({
      'utils/x.ts': '',
      'main.ts': '',
      'cli/main.ts': "import p from '../../package.json' with { type: 'json' };",
    });
    expect(found.map((line) => line.slice(0, line.indexOf(': ')))).toEqual(['utils/x.ts:1', 'main.ts:1', 'cli/main.ts:1']);
  });

  it('fails on a source that cannot be parsed, since its imports would go unseen', () => {
    expect(() => check({ 'base/x.ts': 'import {' })).toThrow('base/x.ts');
  });
});

describe('what runs in a browser', () => {
  it('loads no module of Node and no package of the server, however far away', () => {
    const files = {
      'page/main.ts': "import '../client/client.ts';",
      'client/client.ts': "import '../base/log.ts';",
      'base/log.ts': "import { pino } from 'pino';\nimport { hostname } from 'os';",
    };
    expect(check(files)).toEqual([
      'base/log.ts:1: imports pino, but runs in a browser (imported by client/client.ts)',
      'base/log.ts:2: imports os, but runs in a browser (imported by client/client.ts)',
    ]);
  });

  it('may use types of what it does not load, and the packages that run there', () => {
    const files = {
      'client/client.ts': "import type { Logger } from '../base/log.ts';\nimport { JSONRPCClient } from 'json-rpc-2.0';",
      'base/log.ts': "import { pino } from 'pino';",
    };
    expect(check(files)).toEqual([]);
  });

  it('leaves the build of the page alone', () => {
    expect(check({ 'page/vite.config.ts': "import { defineConfig } from 'vite';" })).toEqual([]);
  });
});

describe('rooms', () => {
  it('are matched by the longest name', () => {
    expect(roomOf('camera/camera.ts')).toBe('camera');
    expect(roomOf('camera/rtsp/client.ts')).toBe('camera/rtsp');
    expect(roomOf('plane/messages.ts')).toBe('plane/messages');
    expect(roomOf('plane/worker.ts')).toBe('plane');
    expect(roomOf('base.ts')).toBeUndefined();
  });

  it('name only rooms that exist in what they may import', () => {
    for (const allowed of Object.values(ROOMS)) for (const room of allowed) expect(ROOMS).toHaveProperty([room]);
  });
});

describe('the command', () => {
  it('fails when it sees no module', () => {
    const { status, stderr } = run({});
    expect(stderr).toContain('saw no module');
    expect(status).toBe(1);
  });

  it('prints what a terminal can jump to, and fails', () => {
    const { status, stderr } = run({ 'base/x.ts': "import '../cli/main.ts';", 'cli/main.ts': '' });
    expect(stderr).toMatch(/^src\/base\/x\.ts:1: base may not import cli/m);
    expect(status).toBe(1);
  });

  it('says how many modules it saw', () => {
    const { status, stdout } = run({ 'base/x.ts': '', 'cli/main.ts': "import '../base/x.ts';" });
    expect(stdout).toContain('imports of 2 modules');
    expect(status).toBe(0);
  });
});

/** Runs the command on a checkout whose `src` holds these files. */
function run(files: Record<string, string>): { status: number | null; stdout: string; stderr: string } {
  const copy = mkdtempSync(join(tmpdir(), 'check-imports-'));
  try {
    mkdirSync(join(copy, 'src'));
    for (const [file, source] of Object.entries(files)) {
      mkdirSync(dirname(join(copy, 'src', file)), { recursive: true });
      writeFileSync(join(copy, 'src', file), source);
    }
    cpSync(join(root, 'scripts'), join(copy, 'scripts'), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    return spawnSync(process.execPath, ['scripts/check-imports.ts'], { cwd: copy, encoding: 'utf8' });
  } finally {
    rmSync(copy, { recursive: true });
  }
}
