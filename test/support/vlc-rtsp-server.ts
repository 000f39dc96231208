import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';

export interface VlcRtspServer {
  url: string;
  /** Ends it at once. */
  close(): Promise<void>;
}

/** The RTSP server of VLC on loopback with H.264 (25 pictures a second) and AAC; it sends by UDP only. */
export async function startVlcRtspServer(): Promise<VlcRtspServer> {
  const folder = mkdtempSync(join(tmpdir(), 'vlc-'));
  const clip = join(folder, 'clip.ts');
  execFileSync('ffmpeg', [
    ...['-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=25', '-f', 'lavfi', '-i', 'sine=sample_rate=48000'],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '25', '-pix_fmt', 'yuv420p'],
    ...['-c:a', 'aac', '-t', '60', clip],
  ]);
  chmodSync(folder, 0o777);
  const port = await freePort();
  const url = `rtsp://127.0.0.1:${port}/cam`;
  const vlc = ['vlc', '-I', 'dummy', '-q', '--no-dbus', clip, '--sout', `#rtp{sdp=${url}}`, '--sout-keep'];
  // It refuses to be root.
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  const [command = '', ...args] = process.getuid?.() === 0 ? [...nobody, ...vlc] : vlc;
  const child = spawn(command, args, { env: { ...process.env, HOME: folder }, stdio: ['ignore', 'ignore', 'pipe'] });
  const messages: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => messages.push(text));
  const exited = once(child, 'exit').catch((error: unknown) => messages.push(String(error)));
  const close = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
    rmSync(folder, { recursive: true });
  };
  try {
    await vi.waitFor(() => reach(port), { timeout: 20_000, interval: 100 });
  } catch (cause) {
    await close();
    throw new Error(`VLC did not start; it needs: apt-get install -y vlc-bin vlc-plugin-base\n${messages.join('')}`, { cause });
  }
  return { url, close };
}

async function reach(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect').finally(() => socket.destroy());
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
