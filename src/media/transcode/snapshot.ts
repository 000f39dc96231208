import { spawn, type ChildProcess } from 'node:child_process';
import { GatewayError } from '../../base/errors.ts';
import type { CameraVideoCodec } from '../coded-picture.ts';

export interface SnapshotEncoderOptions {
  /** Default `ffmpeg` of the system. */
  command?: string;
  /** For one picture, milliseconds; default 5000. */
  timeoutMs?: number;
}

const TIMEOUT_MS = 5000;
/** Largest JPEG, bytes. */
const MAX_BYTES = 10 * 1024 * 1024;
/** Most points of a picture: beyond those of any camera, yet memory that a machine has. */
const MAX_PIXELS = 64 * 1024 * 1024;
/** Processes at the same time, and pictures that may wait for one. */
const MAX_RUNNING = 2;
const MAX_WAITING = 32;
const CLOSING = 'the gateway is shutting down';
/** More of what it says is not kept. */
const MAX_ERROR_CHARACTERS = 500;

/** Raw formats as ffmpeg calls them. */
const INPUT: Readonly<Record<Exclude<CameraVideoCodec, 'JPEG'>, string>> = { H264: 'h264', H265: 'hevc', MPEG4: 'm4v' };

/** The arguments of an ffmpeg that makes a JPEG, on its standard output, of the first picture of what comes on its standard input. */
export function snapshotArguments(codec: keyof typeof INPUT): string[] {
  return [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error'],
    // One picture: threads would only cost memory.
    ...['-threads', '1', '-max_pixels', String(MAX_PIXELS), '-f', INPUT[codec], '-i', 'pipe:0'],
    ...['-frames:v', '1', '-an', '-c:v', 'mjpeg', '-threads', '1', '-q:v', '3', '-pix_fmt', 'yuvj420p'],
    ...['-f', 'image2pipe', 'pipe:1'],
  ];
}

/** Makes JPEGs of keyframes: a process for each, few at a time, each with limits of its own. */
export class SnapshotEncoder {
  readonly #options: SnapshotEncoderOptions;
  readonly #running = new Set<ChildProcess>();
  /** Told that a place is theirs, or that there will be none. */
  readonly #waiting: ((isClosed: boolean) => void)[] = [];
  #taken = 0;
  #closed = false;

  constructor(options: SnapshotEncoderOptions = {}) {
    this.#options = options;
  }

  /**
   * @param picture one that stands for itself, as a file of the codec has it
   * @returns a JPEG
   * @throws GatewayError `transcode.no_ffmpeg`, `snapshot.busy` where too many wait, `snapshot.failed`
   */
  async encode(codec: CameraVideoCodec, picture: Uint8Array): Promise<Buffer> {
    if (codec === 'JPEG') return Buffer.from(picture);
    await this.#takePlace();
    try {
      return await this.#run(snapshotArguments(codec), picture);
    } finally {
      // The place goes to who has waited longest.
      const next = this.#waiting.shift();
      if (next === undefined) this.#taken -= 1;
      else next(false);
    }
  }

  /** Ends what is under way. */
  close(): void {
    this.#closed = true;
    for (const answer of this.#waiting.splice(0)) answer(true);
    for (const child of this.#running) child.kill('SIGKILL');
  }

  async #takePlace(): Promise<void> {
    if (this.#closed) throw failed(CLOSING);
    if (this.#taken < MAX_RUNNING) {
      this.#taken += 1;
      return;
    }
    if (this.#waiting.length === MAX_WAITING) throw busy();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.push(resolve);
    if (await promise) throw failed(CLOSING);
  }

  async #run(programArguments: string[], picture: Uint8Array): Promise<Buffer> {
    const { command = 'ffmpeg', timeoutMs = TIMEOUT_MS } = this.#options;
    let child: ChildProcess;
    try {
      // Where no descriptor is left it has no streams.
      child = spawn(command, programArguments, { stdio: ['pipe', 'pipe', 'pipe'] });
    } catch (cause) {
      throw notStarted(cause);
    }
    this.#running.add(child);
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const timer = setTimeout(() => reject(failed(`it took longer than ${timeoutMs / 1000} s`)), timeoutMs);
    const chunks: Buffer[] = [];
    let bytes = 0;
    let said = '';
    child.once('error', (error) => {
      this.#running.delete(child);
      reject(notStarted(error));
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) reject(failed('it would be too large'));
      else chunks.push(chunk);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(0, MAX_ERROR_CHARACTERS)));
    // A process that has seen enough hangs up.
    child.stdin?.on('error', () => undefined);
    child.once('close', (code) => {
      this.#running.delete(child);
      const [line = ''] = said.trim().split('\n').slice(-1);
      if (code === 0 && bytes > 0) resolve(Buffer.concat(chunks));
      else reject(failed(line === '' ? `ffmpeg ended (${code ?? 'killed'})` : line));
    });
    child.stdin?.end(picture);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      child.kill('SIGKILL');
    }
  }
}

function notStarted(cause: unknown): GatewayError {
  const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
  const message = isMissing ? 'ffmpeg, which makes pictures of a stream, is not installed.' : 'ffmpeg could not be started.';
  return new GatewayError('transcode.no_ffmpeg', message, { advice: 'Install ffmpeg where the gateway runs.', cause });
}

function failed(why: string): GatewayError {
  return new GatewayError('snapshot.failed', `No picture could be made of the stream: ${why}.`);
}

function busy(): GatewayError {
  return new GatewayError('snapshot.busy', 'Too many pictures are being made.', { advice: 'Ask again in a second.' });
}
