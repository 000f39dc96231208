import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { GatewayError } from '../../../../src/base/errors.ts';
import { SnapshotEncoder, snapshotArguments } from '../../../../src/media/transcode/snapshot.ts';

const WAIT = { timeout: 15_000, interval: 10 };
const PICTURE = Buffer.from('picture');

/** A shell script in place of ffmpeg, run in a folder of its own. */
function setUp(script: string, timeoutMs?: number): { encoder: SnapshotEncoder; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'snapshot-'));
  const command = join(folder, 'ffmpeg');
  writeFileSync(command, `#!/bin/sh\ncd '${folder}'\n${script}\n`);
  chmodSync(command, 0o755);
  const encoder = new SnapshotEncoder({ command, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  onTestFinished(() => {
    encoder.close();
    rmSync(folder, { recursive: true });
  });
  return { encoder, folder };
}

async function errorOf(promise: Promise<unknown>): Promise<GatewayError> {
  const error: unknown = await promise.catch((thrown: unknown) => thrown);
  if (!(error instanceof GatewayError)) throw new Error(`no GatewayError but ${String(error)}`);
  return error;
}

/** Each process leaves a file named `began-PID`, and ends as soon as there is one named `go`. */
const PATIENT = 'touch began-$$; while [ ! -e go ]; do sleep 0.02; done; cat; rm began-$$';
const running = (folder: string): number => readdirSync(folder).filter((name) => name.startsWith('began')).length;

describe('a snapshot of a keyframe', () => {
  it('is what ffmpeg makes of it, by the raw format of its codec', async () => {
    const { encoder } = setUp('echo "$@"; cat');
    expect(String(await encoder.encode('H265', PICTURE))).toBe(`${snapshotArguments('H265').join(' ')}\npicture`);
    expect(snapshotArguments('H264')).toEqual(expect.arrayContaining(['h264', 'pipe:0', 'pipe:1']));
    expect(snapshotArguments('MPEG4')).toEqual(expect.arrayContaining(['m4v']));
  });

  it('is the picture itself where the camera sends JPEG, and takes no process', async () => {
    const { encoder, folder } = setUp('touch began');
    expect(await encoder.encode('JPEG', PICTURE)).toEqual(PICTURE);
    expect(running(folder)).toBe(0);
  });

  it('takes two processes at most, others wait for their turn, and too many are refused', async () => {
    const { encoder, folder } = setUp(PATIENT);
    let most = 0;
    const watching = setInterval(() => (most = Math.max(most, running(folder))), 5);
    onTestFinished(() => clearInterval(watching));
    const pictures = Array.from({ length: 34 }, () => encoder.encode('H264', PICTURE));
    expect((await errorOf(encoder.encode('H264', PICTURE))).code).toBe('snapshot.busy');
    await vi.waitFor(() => expect(running(folder)).toBe(2), WAIT);
    writeFileSync(join(folder, 'go'), '');
    expect((await Promise.all(pictures)).map(String)).toEqual(Array(34).fill('picture'));
    expect(most).toBe(2);
    expect(String(await encoder.encode('H264', PICTURE))).toBe('picture');
  });

  it('is given up after its time, and its process with it', async () => {
    const { encoder, folder } = setUp('echo $$ > pid; exec sleep 1000', 200);
    const error = await errorOf(encoder.encode('H264', PICTURE));
    expect(error.message).toBe('No picture could be made of the stream: it took longer than 0.2 s.');
    await vi.waitFor(() => expect(existsSync(`/proc/${processIn(folder)}`)).toBe(false), WAIT);
  });

  it('is given up beyond 10 MiB', async () => {
    const { encoder } = setUp('exec head -c 11000000 /dev/zero');
    expect((await errorOf(encoder.encode('H264', PICTURE))).message).toContain('it would be too large');
  });

  it.each([
    ['says why', 'echo first >&2; echo "no such picture" >&2; exit 1', 'no such picture'],
    ['says nothing', 'exit 3', 'ffmpeg ended (3)'],
    ['makes nothing', 'exit 0', 'ffmpeg ended (0)'],
    ['does not read what it is given', 'exec 0<&-; echo "no input" >&2; exit 1', 'no input'],
  ])('fails where ffmpeg %s', async (_, script, why) => {
    const { encoder } = setUp(script);
    const error = await errorOf(encoder.encode('H264', Buffer.alloc(1_000_000)));
    expect(error.code).toBe('snapshot.failed');
    expect(error.message).toBe(`No picture could be made of the stream: ${why}.`);
  });

  it('says that ffmpeg is missing, and what to do', async () => {
    const encoder = new SnapshotEncoder({ command: '/no/such/ffmpeg' });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const error = await errorOf(encoder.encode('H264', PICTURE));
      expect(error.code).toBe('transcode.no_ffmpeg');
      expect(error.advice).toContain('Install ffmpeg');
    }
  });

  it('is none any more once the gateway shuts down: processes end, and who waits is told', async () => {
    const { encoder, folder } = setUp('touch began-$$; echo $$ > pid; exec sleep 1000');
    const pictures = Array.from({ length: 4 }, () => errorOf(encoder.encode('H264', PICTURE)));
    await vi.waitFor(() => expect(running(folder)).toBe(2), WAIT);
    encoder.close();
    expect((await Promise.all(pictures)).map(({ code }) => code)).toEqual(Array(4).fill('snapshot.failed'));
    expect((await errorOf(encoder.encode('H264', PICTURE))).message).toContain('shutting down');
    expect(running(folder)).toBe(2);
    await vi.waitFor(() => expect(existsSync(`/proc/${processIn(folder)}`)).toBe(false), WAIT);
  });
});

function processIn(folder: string): number {
  return Number(readFileSync(join(folder, 'pid'), 'utf8'));
}
