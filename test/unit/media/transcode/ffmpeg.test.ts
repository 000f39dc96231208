import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { GatewayError } from '../../../../src/base/errors.ts';
import { silentLogger } from '../../../../src/base/log.ts';
import { Ffmpeg } from '../../../../src/media/transcode/ffmpeg.ts';

const WAIT = { timeout: 15_000, interval: 10 };

interface Running {
  ffmpeg: Ffmpeg;
  ended: Map<string, GatewayError | undefined>;
}

/** Node in place of ffmpeg: it does what the test says. */
function run(command = process.execPath): Running {
  const ended = new Map<string, GatewayError | undefined>();
  const ffmpeg = new Ffmpeg({ logger: silentLogger, command, onEnded: (id, error) => ended.set(id, error) });
  onTestFinished(() => ffmpeg.close());
  return { ffmpeg, ended };
}

/** Waits to be ended. */
const PATIENT = 'setInterval(() => {}, 1000)';
const STUBBORN = `process.on('SIGTERM', () => {}); ${PATIENT}`;

describe('a transcoder', () => {
  it('that is told to stop ends, and no other', async () => {
    const { ffmpeg, ended } = run();
    ffmpeg.start('one', 'speech', ['-e', PATIENT]);
    ffmpeg.start('two', 'speech', ['-e', PATIENT]);
    ffmpeg.stop('one');
    ffmpeg.stop('no such');
    await vi.waitFor(() => expect([...ended]).toEqual([['one', undefined]]), WAIT);
  });

  it('that does not listen is killed', async () => {
    const { ffmpeg, ended } = run();
    const folder = mkdtempSync(join(tmpdir(), 'ffmpeg-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const ready = join(folder, 'ready');
    ffmpeg.start('one', 'speech', ['-e', `${STUBBORN}; require('node:fs').writeFileSync(${JSON.stringify(ready)}, '')`]);
    await vi.waitFor(() => expect(existsSync(ready)).toBe(true), WAIT);
    ffmpeg.stop('one');
    ffmpeg.stop('one');
    await vi.waitFor(() => expect([...ended]).toEqual([['one', undefined]]), WAIT);
  });

  it('that fails leaves the last of what it said', async () => {
    const { ffmpeg, ended } = run();
    ffmpeg.start('one', 'speech', ['-e', "process.stderr.write('first\\nUnknown encoder g726\\n'); process.exitCode = 3"]);
    await vi.waitFor(() => expect(ended.get('one')).toBeDefined(), WAIT);
    expect(ended.get('one')).toMatchObject({ code: 'transcode.failed', message: 'ffmpeg ended (3): Unknown encoder g726.' });
  });

  it('that ends by itself has failed, whatever it says', async () => {
    const { ffmpeg, ended } = run();
    ffmpeg.start('one', 'speech', ['-e', '0']);
    await vi.waitFor(() => expect(ended.has('one')).toBe(true), WAIT);
    expect(ended.get('one')).toMatchObject({ code: 'transcode.failed', message: 'ffmpeg ended (0).' });
  });

  it('that is not installed is said to be missing', async () => {
    const { ffmpeg, ended } = run('no-such-ffmpeg');
    ffmpeg.start('one', 'speech', []);
    await vi.waitFor(() => expect(ended.get('one')?.code).toBe('transcode.no_ffmpeg'), WAIT);
    expect(ended.get('one')?.advice).toBe('Install ffmpeg where the gateway runs.');
  });

  it('is gone once all are closed', async () => {
    const { ffmpeg, ended } = run();
    ffmpeg.start('one', 'speech', ['-e', PATIENT]);
    ffmpeg.start('two', 'speech', ['-e', PATIENT]);
    await ffmpeg.close();
    expect([...ended.keys()].sort()).toEqual(['one', 'two']);
  });
});
