import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { LocalStream } from '../../../../src/media/transcode/local-stream.ts';

const WAIT = { timeout: 15_000, interval: 10 };

async function open(): Promise<{ stream: LocalStream; heard: () => string }> {
  const heard: Buffer[] = [];
  const stream = await LocalStream.open((bytes) => heard.push(bytes));
  onTestFinished(() => stream.close());
  return { stream, heard: () => Buffer.concat(heard).toString() };
}

const pathOf = (url: string): string => url.replace(/^unix:/, '');

async function dial(url: string): Promise<Socket> {
  const socket = connect(pathOf(url));
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

it('gives the process what was written before it came and afterwards, and takes what it sends', async () => {
  const { stream, heard } = await open();
  stream.write(Buffer.from('early '));
  const url = stream.url;
  const received: Buffer[] = [];
  const socket = await dial(url);
  socket.on('data', (bytes: Buffer) => received.push(bytes));
  socket.write('said');
  await vi.waitFor(() => expect(heard()).toBe('said'), WAIT);
  stream.write(Buffer.from('late'));
  await vi.waitFor(() => expect(Buffer.concat(received).toString()).toBe('early late'), WAIT);
});

it('is for the first who connects, and only for who runs as the gateway does', async () => {
  const { stream } = await open();
  const path = pathOf(stream.url);
  const { mode, uid } = await stat(dirname(path));
  expect([(mode & 0o777).toString(8), uid]).toEqual(['700', process.getuid?.()]);
  const first = await dial(stream.url);
  first.write('x');
  await vi.waitFor(async () => {
    const second = connect(path);
    const [error] = (await once(second, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ENOENT');
  }, WAIT);
});

it('leaves nothing in the file system: neither where the process has come, nor where it never does', async () => {
  const [met, unmet] = [(await open()).stream, (await open()).stream];
  await dial(met.url);
  await vi.waitFor(() => expect(existsSync(dirname(pathOf(met.url)))).toBe(false), WAIT);
  expect(existsSync(dirname(pathOf(unmet.url)))).toBe(true);
  unmet.close();
  expect(existsSync(dirname(pathOf(unmet.url)))).toBe(false);
});

it('is not opened where there is no room for it, and leaves nothing there', async () => {
  const deep = join(tmpdir(), 'x'.repeat(120));
  mkdirSync(deep);
  vi.stubEnv('TMPDIR', deep);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(deep, { recursive: true });
  });
  // The path of a socket has 107 bytes at most.
  await expect(open()).rejects.toThrow(/EINVAL|ENAMETOOLONG/);
  expect(readdirSync(deep)).toEqual([]);
});

it('drops what a process does not take', async () => {
  const { stream } = await open();
  const kilobyte = Buffer.alloc(1024);
  const taken = Array.from({ length: 200 }, () => stream.write(kilobyte)).filter(Boolean).length;
  expect(taken).toBeGreaterThan(60);
  expect(taken).toBeLessThan(70);
});

it('ends for the process when it is closed, and takes nothing more', async () => {
  const { stream } = await open();
  const socket = await dial(stream.url);
  socket.on('error', () => undefined);
  stream.write(Buffer.from('x'));
  await once(socket, 'data');
  stream.close();
  stream.close();
  await once(socket, 'close');
  expect(stream.write(Buffer.from('x'))).toBe(false);
});
