import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAX_UNSENT_BYTES = 64 * 1024;

/**
 * A stream of bytes to or from a process on this machine, over a Unix socket in a directory that only the gateway's user may enter: what a camera
 * sees is for nobody else on the machine. It is listened for before the process is started, so that nothing can be lost; the first who connects is
 * the process, and nobody is listened for any more.
 */
export class LocalStream {
  readonly #server: Server;
  readonly #directory: string;
  readonly #maxUnsentBytes: number;
  #socket: Socket | undefined;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isClosed = false;

  /**
   * @param onData of what the process sends
   * @param maxUnsentBytes of what waits until the process takes it; default some seconds of sound
   */
  static async open(onData: (bytes: Buffer) => void, maxUnsentBytes = MAX_UNSENT_BYTES): Promise<LocalStream> {
    // Of mode 0700.
    const directory = await mkdtemp(join(tmpdir(), 'gateway-'));
    const server = createServer();
    const stream = new LocalStream(server, directory, onData, maxUnsentBytes);
    try {
      server.listen(stream.#path);
      await once(server, 'listening');
    } catch (error) {
      stream.close();
      throw error;
    }
    return stream;
  }

  private constructor(server: Server, directory: string, onData: (bytes: Buffer) => void, maxUnsentBytes: number) {
    this.#server = server;
    this.#directory = directory;
    this.#maxUnsentBytes = maxUnsentBytes;
    // One that cannot be taken, since no descriptor is left, is as one that never came.
    server.on('error', () => undefined);
    server.once('connection', (socket) => {
      this.#stopListening();
      // The process is gone: whoever started it is told.
      socket.on('error', () => undefined);
      if (this.#isClosed) return void socket.destroy();
      this.#socket = socket;
      socket.on('data', onData);
      for (const bytes of this.#waiting) socket.write(bytes);
      this.#waiting = [];
    });
  }

  /** As ffmpeg is told of it. */
  get url(): string {
    return `unix:${this.#path}`;
  }

  /** False when the bytes were dropped, since too many wait. */
  write(bytes: Buffer): boolean {
    if (this.#isClosed) return false;
    if (this.#socket !== undefined)
      return this.#socket.writableLength <= this.#maxUnsentBytes && (this.#socket.write(bytes), true);
    if (this.#waitingBytes > this.#maxUnsentBytes) return false;
    this.#waitingBytes += bytes.length;
    this.#waiting.push(bytes);
    return true;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopListening();
    this.#socket?.destroy();
  }

  get #path(): string {
    return join(this.#directory, 'socket');
  }

  #stopListening(): void {
    this.#server.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
