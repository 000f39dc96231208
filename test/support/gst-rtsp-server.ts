import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export interface GstRtspServerOptions {
  /** Default: whatever the system gives. */
  port?: number;
  auth?: { scheme: 'basic' | 'digest'; username: string; password: string };
  /** The timeout that the server announces, seconds; default GStreamer's 60. */
  sessionTimeoutS?: number;
  /** Speak RTSP inside TLS, and show this. */
  certificate?: { key: string; cert: string };
  /** Refuse media inside the RTSP connection (461). */
  onlyUdp?: boolean;
  /** Serve what comes to `udp` instead of a test picture. */
  fromUdp?: boolean;
  /** One track each under `/h264`, `/h265`, `/aac`, `/aac-latm`, `/pcmu`, `/pcma`, `/g726`, `/l16`, `/opus` and `/metadata` besides. */
  allMounts?: boolean;
  /** Serve a picture with metadata under `/documents` too: seededDocument() of this seed, from number 1 on, ten a second. */
  documents?: string;
  /** Take speech in this form on an ONVIF backchannel under `/live`. */
  backchannel?: 'pcmu' | 'pcma' | 'g726';
  /** What it is run by, such as `ip netns exec NAME`. */
  prefix?: readonly string[];
}

/** An RTP packet that came on the backchannel. */
export interface HeardPacket {
  /** Milliseconds since 1970. */
  atMs: number;
  bytes: Buffer;
}

export interface GstRtspServer {
  /** Without user name and password. */
  url: string;
  port: number;
  /** Requests that the server served so far, as GStreamer names them: `describe`, `get-parameter`, ... */
  requests: string[];
  /** What came on the backchannel so far. */
  heard: HeardPacket[];
  /** Loopback ports for RTP with `fromUdp`: H.264 as payload type 96, PCMU as 0, RTCP of both. */
  udp: { video: number; audio: number; reports: number };
  /** Ends it at once, without a word to its clients. */
  close(): Promise<void>;
}

/** Packages that the server is made of; `npm test` installs them, so this is for who runs a test by hand. */
const PACKAGES =
  'python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav';
/** Debian's own Python; another one first in PATH does not see Debian's modules. */
const PYTHON = '/usr/bin/python3';

type ServerProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/** A real RTSP server (gst-rtsp-server) on loopback with H.264 and PCMU under `/live`. */
export async function startGstRtspServer(options: GstRtspServerOptions = {}): Promise<GstRtspServer> {
  const script = fileURLToPath(new URL('gst-rtsp-server.py', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'gst-rtsp-server-'));
  const pem = join(folder, 'certificate.pem');
  const { certificate } = options;
  if (certificate !== undefined) writeFileSync(pem, certificate.cert + certificate.key);
  const tls = certificate === undefined ? [] : ['--certificate', pem];
  const [command = PYTHON, ...rest] = [...(options.prefix ?? []), PYTHON, script, ...argumentsFor(options), ...tls];
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
  const messages: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => messages.push(text));
  const requests: string[] = [];
  const heard: HeardPacket[] = [];
  const ready = await new Promise<Record<string, number>>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      // GLib says there why it gives up.
      if (!line.startsWith('{')) return void messages.push(line);
      const message = JSON.parse(line) as Record<string, number> & { request?: string; heard?: string };
      if (message.request !== undefined) requests.push(message.request);
      else if (message.heard !== undefined) heard.push({ atMs: message['at'] ?? 0, bytes: Buffer.from(message.heard, 'hex') });
      else resolve(message);
    });
    child.once('error', (error) => reject(failed(error.message)));
    child.once('close', () => reject(failed(messages.join(''))));
  }).finally(() => rmSync(folder, { recursive: true }));
  const { port = 0, video = 0, audio = 0, reports = 0 } = ready;
  return {
    url: `${certificate === undefined ? 'rtsp' : 'rtsps'}://127.0.0.1:${port}/live`,
    port,
    requests,
    heard,
    udp: { video, audio, reports },
    close: () => end(child),
  };
}

function argumentsFor(options: GstRtspServerOptions): string[] {
  const { port, auth, sessionTimeoutS, onlyUdp, fromUdp, allMounts, documents, backchannel } = options;
  return [
    ...(port === undefined ? [] : ['--port', String(port)]),
    ...(auth === undefined ? [] : ['--auth', auth.scheme, '--username', auth.username, '--password', auth.password]),
    ...(sessionTimeoutS === undefined ? [] : ['--session-timeout', String(sessionTimeoutS)]),
    ...(onlyUdp === true ? ['--only-udp'] : []),
    ...(fromUdp === true ? ['--from-udp'] : []),
    ...(allMounts === true ? ['--all-mounts'] : []),
    ...(documents === undefined ? [] : ['--documents', documents]),
    ...(backchannel === undefined ? [] : ['--backchannel', backchannel]),
  ];
}

async function end(child: ServerProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

function failed(why: string): Error {
  return new Error(`gst-rtsp-server did not start; it needs: apt-get install -y ${PACKAGES}\n${why.trim()}`);
}
