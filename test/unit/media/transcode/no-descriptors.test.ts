import { EventEmitter } from 'node:events';
import { expect, it, vi } from 'vitest';
import type { GatewayError } from '../../../../src/base/errors.ts';
import { silentLogger } from '../../../../src/base/log.ts';
import { Ffmpeg } from '../../../../src/media/transcode/ffmpeg.ts';

// As Node does where the process has no descriptor left: the child has no streams at all.
vi.mock('node:child_process', () => ({
  spawn: () => {
    const child = new EventEmitter();
    process.nextTick(() => child.emit('error', Object.assign(new Error('spawn ffmpeg EMFILE'), { code: 'EMFILE' })));
    return child;
  },
}));

it('ffmpeg that cannot be started since no descriptor is left fails like any other', async () => {
  const { promise, resolve } = Promise.withResolvers<GatewayError | undefined>();
  const ffmpeg = new Ffmpeg({ logger: silentLogger, onEnded: (_, error) => resolve(error) });
  ffmpeg.start('one', 'speech', []);
  expect(await promise).toMatchObject({ code: 'transcode.no_ffmpeg', message: 'ffmpeg could not be started.' });
});
