import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { GatewayError } from '../../src/base/errors.ts';
import type { RtspTransport } from '../../src/base/rtsp-transport.ts';
import { RtspClient } from '../../src/camera/rtsp/client.ts';
import type { RtspTrack } from '../../src/camera/rtsp/sdp.ts';
import { makeCertificate } from '../support/certificate.ts';
import { startGstRtspServer, type GstRtspServer } from '../support/gst-rtsp-server.ts';
import { decodeRtp } from '../support/rtp-decoder.ts';

/** What a mount must give to a decoder in five seconds. */
const MOUNTS = {
  h264: { encodingName: 'H264', frames: 125 },
  h265: { encodingName: 'H265', frames: 125 },
  aac: { encodingName: 'MPEG4-GENERIC', seconds: 5 },
  'aac-latm': { encodingName: 'MP4A-LATM', seconds: 5 },
  pcmu: { encodingName: 'PCMU', seconds: 5 },
  pcma: { encodingName: 'PCMA', seconds: 5 },
  g726: { encodingName: 'G726-32', seconds: 5 },
  opus: { encodingName: 'OPUS', seconds: 5 },
  metadata: { encodingName: 'vnd.onvif.metadata', frames: 25 },
};
type Mount = keyof typeof MOUNTS;
const MOUNT_NAMES = Object.keys(MOUNTS) as Mount[];
const TRANSPORTS = ['tcp', 'udp', 'http', 'tls'] as const satisfies RtspTransport[];

/** A second of it may pass before the first keyframe or the end of the first metadata document; the servers start meanwhile, too. */
const PULLED_S = 6.3;

const credentials = { username: 'viewer', password: 'p@ss:word' };
const certificate = makeCertificate();

/** One mount over one transport. */
class Pull {
  readonly packets: Buffer[] = [];
  readonly #client: RtspClient;
  readonly #ended: GatewayError[] = [];
  #track: RtspTrack | undefined;
  #isRecording = false;

  constructor(url: string, transport: RtspTransport) {
    this.#client = new RtspClient({
      url,
      transport,
      credentials,
      tls: { fingerprint: certificate.fingerprint },
      onRtp: (_, packet) => this.#isRecording && this.packets.push(Buffer.from(packet)),
      onClose: (error) => this.#ended.push(error),
    });
  }

  get track(): RtspTrack {
    if (this.#track === undefined) throw new Error('did not start');
    return this.#track;
  }

  async start(): Promise<void> {
    const { tracks } = await this.#client.start();
    expect(tracks).toHaveLength(1);
    [this.#track] = tracks;
  }

  /** Until there is as much media as {@link PULLED_S}, by its own timestamps. */
  async record(): Promise<void> {
    this.#isRecording = true;
    await vi.waitFor(
      () => {
        expect(this.#ended).toEqual([]);
        const [first = 0, last = 0] = [this.packets[0], this.packets.at(-1)].map((packet) => packet?.readUInt32BE(4));
        expect(((last - first) >>> 0) / this.track.clockRate).toBeGreaterThan(PULLED_S);
      },
      { timeout: 30_000, interval: 50 },
    );
  }

  async close(): Promise<void> {
    this.#isRecording = false;
    await this.#client.close();
  }
}

const table: Record<string, Record<string, string>> = {};
afterAll(() => console.table(table));

describe.each(['none', 'basic', 'digest'] as const)('gst-rtsp-server with authentication %s', (scheme) => {
  const servers: GstRtspServer[] = [];
  const pulls = new Map<string, Pull>();
  const failures = new Map<string, unknown>();
  const attempt = (name: string, step: Promise<void>): Promise<unknown> =>
    step.catch((error: unknown) => failures.set(name, failures.get(name) ?? error));

  beforeAll(async () => {
    const options = { allMounts: true, ...(scheme === 'none' ? {} : { auth: { scheme, ...credentials } }) };
    const [plain, secure] = await Promise.all([startGstRtspServer(options), startGstRtspServer({ ...options, certificate })]);
    servers.push(plain, secure);
    for (const transport of TRANSPORTS) {
      const { url } = transport === 'tls' ? secure : plain;
      for (const mount of MOUNT_NAMES) {
        pulls.set(`${mount} ${transport}`, new Pull(url.replace('/live', `/${mount}`), transport));
      }
    }
    const all = (step: (each: Pull) => Promise<void>): Promise<unknown> =>
      Promise.all([...pulls].map(([name, each]) => attempt(name, step(each))));
    // Recorded is when the pipelines of all are running: making them takes the server's time.
    await all((each) => each.start());
    await all((each) => each.record());
    await all((each) => each.close());
  });

  afterAll(async () => {
    for (const server of servers) await server.close();
  });

  describe.each(TRANSPORTS)('over %s', (transport) => {
    it.each(MOUNT_NAMES)('%s: a decoder accepts five seconds', async (mount) => {
      const row = (table[mount] ??= {});
      const column = `${transport} ${scheme}`;
      row[column] = 'FAILED';
      expect(failures.get(`${mount} ${transport}`)).toBeUndefined();
      const { track, packets } = pulls.get(`${mount} ${transport}`) as Pull;
      expect(track.encodingName).toBe(MOUNTS[mount].encodingName);
      const numbers = packets.map((packet) => packet.readUInt16BE(2));
      expect(numbers).toEqual(numbers.map((_, index) => ((numbers[0] ?? 0) + index) & 0xffff));
      const { frames, seconds, problems } = await decodeRtp(track, packets);
      expect(problems).toEqual([]);
      const least = { frames: 0, seconds: 0, ...MOUNTS[mount] };
      expect(frames).toBeGreaterThanOrEqual(least.frames);
      expect(seconds).toBeGreaterThanOrEqual(least.seconds);
      row[column] = least.frames > 0 ? String(frames) : `${seconds.toFixed(1)} s`;
    });
  });
});
