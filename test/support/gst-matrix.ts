import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const MATRIX_VIDEO = ['h264', 'h264-bframes', 'h265', 'mjpeg', 'mpeg4'] as const;
export const MATRIX_SOUND = ['none', 'pcmu', 'pcma', 'opus', 'pcmu-16k', 'aac', 'aac-latm', 'g726', 'g726-aal2', 'l16'] as const;
export const MATRIX_METADATA = ['none', 'xml', 'gzip'] as const;
/** Hz. */
export const MATRIX_TONE = 1000;

/** Debian's own Python; another one first in PATH does not see Debian's modules. */
const PYTHON = '/usr/bin/python3';
/** `npm test` installs them, so this is for who runs a test by hand. */
const PACKAGES =
  'python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav';

export interface GstMatrix {
  /** Of one combination. */
  url(
    video: (typeof MATRIX_VIDEO)[number],
    sound: (typeof MATRIX_SOUND)[number],
    metadata: (typeof MATRIX_METADATA)[number],
  ): string;
  close(): Promise<void>;
}

/** Real encoders of what cameras send, in every combination, behind gst-rtsp-server on loopback. */
export async function startGstMatrix(): Promise<GstMatrix> {
  const child = spawn(PYTHON, [fileURLToPath(new URL('gst-matrix.py', import.meta.url))], { stdio: ['pipe', 'pipe', 'pipe'] });
  const said: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const port = await new Promise<number>((resolve, reject) => {
    const failed = (why: string): Error =>
      new Error(`gst-matrix.py did not start; it needs: apt-get install -y ${PACKAGES}\n${why}`);
    createInterface(child.stdout).on('line', (line) => {
      if (line.startsWith('{')) resolve((JSON.parse(line) as { port: number }).port);
    });
    child.once('error', (error) => reject(failed(error.message)));
    child.once('close', () => reject(failed(said.join('').trim())));
  });
  return {
    url: (video, sound, metadata) => `rtsp://127.0.0.1:${port}/${video}+${sound}+${metadata}`,
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}
