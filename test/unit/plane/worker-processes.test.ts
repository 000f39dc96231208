import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { silentLogger } from '../../../src/base/log.ts';
import type { TranscoderKind } from '../../../src/base/transcoders.ts';
import { WorkerProcesses } from '../../../src/plane/worker-processes.ts';

const WAIT = { timeout: 20_000, interval: 20 };

/** Processes in the place of ffmpeg, each of which writes its id into a file. */
function processes({ maxVideos }: { maxVideos?: number } = {}): {
  processes: WorkerProcesses;
  failed: string[];
  start: (worker: number, id: string, how?: string, kind?: TranscoderKind) => Promise<number>;
} {
  const folder = mkdtempSync(join(tmpdir(), 'worker-processes-'));
  const failed: string[] = [];
  const running = new WorkerProcesses({
    logger: silentLogger,
    onFailed: (worker, id, { code }) => failed.push(`${worker} ${id} ${code}`),
    command: process.execPath,
    ...(maxVideos === undefined ? {} : { maxVideos }),
  });
  onTestFinished(async () => {
    await running.close();
    rmSync(folder, { recursive: true });
  });
  let files = 0;
  const start = async (
    worker: number,
    transcoderId: string,
    how = 'setInterval(() => undefined, 1000)',
    kind: TranscoderKind = 'audio',
  ): Promise<number> => {
    files += 1;
    const file = join(folder, String(files));
    const script = `require('node:fs').writeFileSync(${JSON.stringify(file)}, String(process.pid)); ${how}`;
    running.hear(worker, { type: 'transcoder.start', kind, transcoderId, arguments: ['-e', script] });
    return vi.waitFor(() => {
      expect(readFileSync(file, 'utf8')).toMatch(/^\d+$/);
      return Number(readFileSync(file, 'utf8'));
    }, WAIT);
  };
  return { processes: running, failed, start };
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('the processes of a worker', () => {
  it('end with it, those of others go on', async () => {
    const { processes: running, failed, start } = processes();
    const pids = [await start(0, 'transcoder-1'), await start(0, 'transcoder-2'), await start(1, 'transcoder-1')];
    expect(pids.map(isThere)).toEqual([true, true, true]);
    running.end(0);
    await vi.waitFor(() => expect(pids.map(isThere)).toEqual([false, false, true]), WAIT);
    await running.close();
    expect(pids.map(isThere)).toEqual([false, false, false]);
    expect(failed).toEqual([]);
    expect(running.costs.find(({ kind }) => kind === 'audio')).toMatchObject({ started: 3, running: 0, failed: 0 });
  });

  it('are told apart from those that it starts after it died', async () => {
    const { processes: running, failed, start } = processes();
    const deaf = `process.on('SIGTERM', () => undefined); setInterval(() => undefined, 1000)`;
    const before = await start(0, 'transcoder-1', deaf);
    running.end(0);
    const after = await start(0, 'transcoder-1');
    await vi.waitFor(() => expect(isThere(before)).toBe(false), WAIT);
    expect(isThere(after)).toBe(true);
    running.hear(0, { type: 'transcoder.stop', transcoderId: 'transcoder-1' });
    await vi.waitFor(() => expect(isThere(after)).toBe(false), WAIT);
    expect(failed).toEqual([]);
  });

  it('that end by themselves are told to their worker', async () => {
    const { failed, start } = processes();
    await start(1, 'transcoder-7', 'process.exitCode = 3');
    await vi.waitFor(() => expect(failed).toEqual(['1 transcoder-7 transcode.failed']), WAIT);
  });

  it('that convert pictures are so many at most, over all workers; sound is always converted', async () => {
    const { processes: running, failed, start } = processes({ maxVideos: 2 });
    await start(0, 'transcoder-1', undefined, 'video');
    const second = await start(1, 'transcoder-1', undefined, 'video');
    running.hear(0, { type: 'transcoder.start', kind: 'video', transcoderId: 'transcoder-2', arguments: [] });
    expect(failed).toEqual(['0 transcoder-2 transcode.too_many']);
    await start(0, 'transcoder-3', undefined, 'audio');
    running.hear(1, { type: 'transcoder.stop', transcoderId: 'transcoder-1' });
    await vi.waitFor(() => expect(isThere(second)).toBe(false), WAIT);
    await start(0, 'transcoder-4', undefined, 'video');
    expect(failed).toHaveLength(1);
  });

  it('that convert pictures make room the moment that they are told to stop, and not when they are gone', async () => {
    const { processes: running, failed, start } = processes({ maxVideos: 1 });
    const deaf = `process.on('SIGTERM', () => undefined); setInterval(() => undefined, 1000)`;
    await start(0, 'transcoder-1', deaf, 'video');
    running.hear(0, { type: 'transcoder.stop', transcoderId: 'transcoder-1' });
    await start(0, 'transcoder-2', deaf, 'video');
    running.end(0);
    await start(0, 'transcoder-1', undefined, 'video');
    expect(failed).toEqual([]);
  });

  it('are started no more once all is closed', async () => {
    const { processes: running, failed } = processes();
    await running.close();
    running.hear(0, {
      type: 'transcoder.start',
      kind: 'audio',
      transcoderId: 'transcoder-1',
      arguments: ['-e', 'process.exit(3)'],
    });
    await running.close();
    expect(failed).toEqual([]);
  });
});
