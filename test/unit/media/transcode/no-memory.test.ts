import { expect, it, vi } from 'vitest';
import type { GatewayError } from '../../../../src/base/errors.ts';
import { silentLogger } from '../../../../src/base/log.ts';
import { Ffmpeg } from '../../../../src/media/transcode/ffmpeg.ts';
import { ProcessCosts } from '../../../../src/media/transcode/process-costs.ts';
import { SnapshotEncoder } from '../../../../src/media/transcode/snapshot.ts';

// As Node does where the system refuses the fork for another reason than that there is no such program, or no descriptor.
vi.mock('node:child_process', () => ({
  spawn: () => {
    throw Object.assign(new Error('spawn ENOMEM'), { code: 'ENOMEM' });
  },
}));

const NOT_STARTED = { code: 'transcode.no_ffmpeg', message: 'ffmpeg could not be started.' };

it('ffmpeg that the system refuses to start at once fails like any other, and is counted', async () => {
  const ended: [string, GatewayError | undefined][] = [];
  const costs = new ProcessCosts();
  const ffmpeg = new Ffmpeg({ logger: silentLogger, costs, onEnded: (id, error) => ended.push([id, error]) });
  ffmpeg.start('one', 'video', []);
  expect(ended).toMatchObject([['one', NOT_STARTED]]);
  expect(costs.totals.find(({ kind }) => kind === 'video')).toMatchObject({ started: 1, running: 0, failed: 1 });
  await ffmpeg.close();
});

it('a snapshot whose ffmpeg the system refuses to start says so', async () => {
  await expect(new SnapshotEncoder().encode('H264', Buffer.alloc(1))).rejects.toMatchObject(NOT_STARTED);
});
