import { expect, vi } from 'vitest';
import type { GatewayError } from '../../src/base/errors.ts';
import type { RtspTransport } from '../../src/base/rtsp-transport.ts';
import type { RtspClientOptions } from '../../src/camera/rtsp/client-options.ts';
import { RtspClient } from '../../src/camera/rtsp/client.ts';
import type { RtspTrack } from '../../src/camera/rtsp/sdp.ts';
import { decodeRtp } from './rtp-decoder.ts';

/** What the mounts of {@link startGstRtspServer} with `allMounts` send: pictures or documents in a second, or sound. */
const MOUNTS = {
  h264: { encodingName: 'H264', framesPerSecond: 25 },
  h265: { encodingName: 'H265', framesPerSecond: 25 },
  aac: { encodingName: 'MPEG4-GENERIC', framesPerSecond: undefined },
  'aac-latm': { encodingName: 'MP4A-LATM', framesPerSecond: undefined },
  pcmu: { encodingName: 'PCMU', framesPerSecond: undefined },
  pcma: { encodingName: 'PCMA', framesPerSecond: undefined },
  g726: { encodingName: 'G726-32', framesPerSecond: undefined },
  l16: { encodingName: 'L16', framesPerSecond: undefined },
  opus: { encodingName: 'OPUS', framesPerSecond: undefined },
  metadata: { encodingName: 'vnd.onvif.metadata', framesPerSecond: 5 },
};
type Mount = keyof typeof MOUNTS;
export const MOUNT_NAMES = Object.keys(MOUNTS) as Mount[];

/** Of this much more may pass before the first keyframe or the end of the first metadata document. */
const LEAD_S = 1.3;

/** One mount over one transport. */
export class MountPull {
  readonly #mount: Mount;
  readonly #client: RtspClient;
  readonly #packets: Buffer[] = [];
  readonly #ended: GatewayError[] = [];
  #track: RtspTrack | undefined;
  #isRecording = false;

  /** `live`: the server's own URL. */
  constructor(live: string, mount: Mount, options: { transport: RtspTransport } & Partial<RtspClientOptions>) {
    this.#mount = mount;
    this.#client = new RtspClient({
      ...options,
      url: live.replace(/\/live$/, `/${mount}`),
      onRtp: (_, packet) => this.#isRecording && this.#packets.push(Buffer.from(packet)),
      onClose: (error) => this.#ended.push(error),
    });
  }

  async start(): Promise<void> {
    const { tracks } = await this.#client.start();
    expect(tracks.map(({ encodingName }) => encodingName)).toEqual([MOUNTS[this.#mount].encodingName]);
    [this.#track] = tracks;
  }

  /** What came, once it has started and recorded. */
  get recorded(): { track: RtspTrack; packets: readonly Buffer[] } {
    if (this.#track === undefined) throw new Error('did not start');
    return { track: this.#track, packets: this.#packets };
  }

  /** Until there is so much media, by its own timestamps. */
  async record(seconds: number): Promise<void> {
    this.#isRecording = true;
    await vi.waitFor(
      () => {
        expect(this.#ended).toEqual([]);
        const [first = 0, last = 0] = [this.#packets[0], this.#packets.at(-1)].map((packet) => packet?.readUInt32BE(4));
        expect(((last - first) >>> 0) / (this.#track?.clockRate ?? 1)).toBeGreaterThan(seconds + LEAD_S);
      },
      { timeout: 30_000, interval: 50 },
    );
  }

  async close(): Promise<void> {
    this.#isRecording = false;
    await this.#client.close();
  }

  /** Demands that nothing was lost and that a decoder accepts `seconds` of media; returns what it made of them. */
  async demandDecoded(seconds: number): Promise<string> {
    if (this.#track === undefined) throw new Error('did not start');
    const numbers = this.#packets.map((packet) => packet.readUInt16BE(2));
    expect(numbers).toEqual(numbers.map((_, index) => ((numbers[0] ?? 0) + index) & 0xffff));
    const decoded = await decodeRtp(this.#track, this.#packets);
    expect(decoded.problems).toEqual([]);
    const { framesPerSecond } = MOUNTS[this.#mount];
    if (framesPerSecond === undefined) expect(decoded.seconds).toBeGreaterThanOrEqual(seconds);
    else expect(decoded.frames).toBeGreaterThanOrEqual(framesPerSecond * seconds);
    return framesPerSecond === undefined ? `${decoded.seconds.toFixed(1)} s` : String(decoded.frames);
  }
}
