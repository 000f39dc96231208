import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';
import type { Place } from './ice-network.ts';
import type { IceCamera, IceSite } from './ice-site.ts';
import type { CandidateEnd } from './ice-viewer.ts';
import type { Program } from './program.ts';

/** Debian's own Python; another one first in PATH does not see Debian's modules. */
const PYTHON = '/usr/bin/python3';

/** GStreamer's webrtcbin as the viewer of a camera: it decodes. */
export class WebrtcbinViewer {
  readonly #program: Program;

  /** @param run starts the command, and ends it when the test is over */
  constructor(
    { server, peer, token }: { server: string; peer: string; token?: string },
    run: (command: readonly string[]) => Program,
  ) {
    const script = fileURLToPath(new URL('webrtcbin-viewer.py', import.meta.url));
    const authorization = token === undefined ? [] : ['--token', token];
    this.#program = run([PYTHON, script, '--server', server, '--peer', peer, ...authorization]);
  }

  static at(site: IceSite, place: Place, camera: IceCamera): WebrtcbinViewer {
    const where = { server: site.signaling(camera), peer: camera, token: site.viewerToken };
    return new WebrtcbinViewer(where, (command) => site.run(place, command));
  }

  /** Of the picture, as SDP names it; undefined before it comes. */
  get codec(): string | undefined {
    return this.#told<string>('codec').at(-1);
  }

  /** Candidates that it told the gateway. */
  get candidates(): string[] {
    return this.#told<string>('candidate');
  }

  /** Waits until this many frames are decoded. */
  async watch(frames: number, timeout = 20_000): Promise<void> {
    const decoded = (): number => this.#told<number>('frames').at(-1) ?? 0;
    await vi.waitFor(() => expect(decoded(), this.#program.stdout + this.#program.stderr).toBeGreaterThanOrEqual(frames), {
      timeout,
      interval: 50,
    });
  }

  /** The pair in use: this side and the gateway's. */
  async pair(): Promise<{ local: CandidateEnd; remote: CandidateEnd }> {
    await this.#program.says(/"path"/);
    const [path] = this.#told<{ local: CandidateEnd; remote: CandidateEnd }>('path');
    if (path === undefined) throw new Error(`It told no path:\n${this.#program.stdout}`);
    return path;
  }

  async end(): Promise<void> {
    this.#program.kill('SIGKILL');
    await this.#program.exit();
  }

  #told<Value>(what: string): Value[] {
    const lines = this.#program.stdout.split('\n').slice(0, -1);
    return lines.flatMap((line) => {
      const message = JSON.parse(line) as Record<string, Value>;
      return message[what] === undefined ? [] : [message[what]];
    });
  }
}
