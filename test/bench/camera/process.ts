import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { InterleavedParser, encodeInterleaved } from '../../../src/camera/rtsp/interleaved.ts';
import { encodeResponse, RtspHeaders, type RtspRequest } from '../../../src/camera/rtsp/message.ts';
import type { AccessUnit } from '../../../src/media/h264/nal.ts';
import { encodeSenderReport } from '../../../src/media/rtp/rtcp.ts';
import { loadClips } from '../../../src/simulator/clips.ts';
import { GOP_MS } from '../../../src/simulator/profiles.ts';
import { serve } from '../remote.ts';
import { monotonicUs } from '../time-stamp.ts';
import { FRAMES_PER_SECOND, Pictures, timestampOf } from './pictures.ts';

/*
 * Cameras in a process of their own: rtsp://127.0.0.1:PORT/KBIT_S-KEYFRAME_RATIO/NAME by TCP, each client with a stream that begins with a keyframe at
 * its PLAY, as encoders do it.
 */

const FRAME_MS = 1000 / FRAMES_PER_SECOND;
const RTCP_CHANNEL = 1;
/** A client that is this far behind cannot keep up; what it is not sent would make the measurement a lie. */
const MAX_BACKLOG_BYTES = 8 * 1024 * 1024;

export type CameraFunctions = {
  start(nothing: undefined): Promise<{ port: number }>;
  /** Names of the cameras that are pulled now. */
  playing(nothing: undefined): string[];
};

let group: readonly AccessUnit[] = [];
const made = new Map<string, Pictures>();
const streams = new Set<Stream>();

const functions: CameraFunctions = {
  async start() {
    group = (await loadClips()).video.main.accessUnits.slice(0, (GOP_MS * FRAMES_PER_SECOND) / 1000);
    const server = createServer((socket) => new Connection(socket).start());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { port: (server.address() as AddressInfo).port };
  },
  playing: () => Array.from(streams, ({ camera }) => camera),
};
serve(functions);

/** What the path of a stream asks for. */
function picturesOf(uri: string): Pictures | undefined {
  const [, kilobits, ratio] = /^rtsp:\/\/[^/]+\/(\d+)-(\d+)\//.exec(uri) ?? [];
  if (kilobits === undefined || ratio === undefined) return undefined;
  const key = `${kilobits}-${ratio}`;
  const pictures = made.get(key) ?? new Pictures(group, { bitsPerSecond: Number(kilobits) * 1000, keyframeRatio: Number(ratio) });
  made.set(key, pictures);
  return pictures;
}

function cameraOf(uri: string): string {
  return new URL(uri).pathname.split('/')[2] ?? '';
}

/** What one client pulls. */
class Stream {
  readonly camera: string;
  readonly #socket: Socket;
  readonly #pictures: Pictures;
  readonly #ssrc = 1 + Math.floor(Math.random() * 0xffff_fffe);
  readonly #startedAt = performance.now();
  #sequence = Math.floor(Math.random() * 0x1_0000);
  #picture = 0;
  #packets = 0;
  #octets = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(camera: string, socket: Socket, pictures: Pictures) {
    this.camera = camera;
    this.#socket = socket;
    this.#pictures = pictures;
  }

  start(): void {
    streams.add(this);
    this.#run();
  }

  close(): void {
    streams.delete(this);
    clearTimeout(this.#timer);
  }

  /** Each picture has its time from the beginning on: a late timer does not add up. */
  #run(): void {
    const dueAt = this.#startedAt + this.#picture * FRAME_MS;
    if (performance.now() >= dueAt) this.#send();
    const nextAt = this.#startedAt + this.#picture * FRAME_MS;
    this.#timer = setTimeout(() => this.#run(), Math.max(0, nextAt - performance.now()));
  }

  #send(): void {
    if (this.#socket.writableLength > MAX_BACKLOG_BYTES) throw new Error('who pulls the camera does not keep up');
    if (this.#picture % FRAMES_PER_SECOND === 0) this.#report();
    const { bytes, packets } = this.#pictures.encode(this.#picture, this.#sequence, this.#ssrc, monotonicUs());
    this.#socket.write(bytes);
    this.#picture += 1;
    this.#sequence = (this.#sequence + packets) & 0xffff;
    this.#packets += packets;
    this.#octets += bytes.length;
  }

  #report(): void {
    const rtpTimestamp = timestampOf(this.#picture);
    const report = { ssrc: this.#ssrc, unixMs: Date.now(), rtpTimestamp, packets: this.#packets, octets: this.#octets };
    this.#socket.write(encodeInterleaved(RTCP_CHANNEL, encodeSenderReport(report, 'bench')));
  }
}

/** RTSP as far as those who pull need it (RFC 2326). */
class Connection {
  readonly #socket: Socket;
  #stream: Stream | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  start(): void {
    const parser = new InterleavedParser((item) => {
      if (item.kind === 'request') this.#answer(item.request);
    });
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk: Buffer) => parser.push(chunk));
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => this.#stream?.close());
  }

  #answer(request: RtspRequest): void {
    const { method, uri } = request;
    const pictures = picturesOf(`${uri}/`);
    const headers = new RtspHeaders([['CSeq', request.headers.get('CSeq') ?? '0']]);
    let body = '';
    if (method === 'OPTIONS') headers.append('Public', 'OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN');
    else headers.append('Session', '1;timeout=60');
    if (method === 'DESCRIBE' && pictures !== undefined) {
      headers.append('Content-Base', `${uri.replace(/\/$/, '')}/`);
      headers.append('Content-Type', 'application/sdp');
      body = description(pictures);
    }
    if (method === 'SETUP') headers.append('Transport', 'RTP/AVP/TCP;unicast;interleaved=0-1');
    const found = pictures !== undefined;
    const status = found ? 200 : 404;
    this.#socket.write(encodeResponse({ status, reason: found ? 'OK' : 'Not Found', headers, body: Buffer.from(body) }));
    if (method === 'PLAY' && found && this.#stream === undefined) {
      this.#stream = new Stream(cameraOf(uri), this.#socket, pictures);
      this.#stream.start();
    }
    if (method === 'TEARDOWN') this.#socket.end();
  }
}

function description({ sps, pps }: Pictures): string {
  return [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=Bench',
    'c=IN IP4 0.0.0.0',
    't=0 0',
    'a=control:*',
    'm=video 0 RTP/AVP 96',
    'a=rtpmap:96 H264/90000',
    `a=fmtp:96 packetization-mode=1;profile-level-id=${sps.toString('hex', 1, 4)};sprop-parameter-sets=${sps.toString('base64')},${pps.toString('base64')}`,
    'a=control:trackID=0',
    '',
  ].join('\r\n');
}
