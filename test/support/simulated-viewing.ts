import { parseRtcp } from '../../src/media/rtp/rtcp.ts';
import type { Arrival } from '../../src/media/rtp/rtcp-transport-feedback.ts';
import type { PathView } from '../../src/peer/congestion/path-view.ts';
import { PathEstimate } from '../../src/peer/egress/path-estimate.ts';
import { Random } from '../fuzz/random.ts';
import { SimulatedLink, type LinkOptions } from './simulated-link.ts';
import { SimulatedTcp } from './simulated-tcp.ts';
import { encodeTransportFeedback } from './transport-feedback.ts';

export interface ViewingOptions extends LinkOptions {
  /** Bit/s that the pictures take, by what the path is estimated to carry. */
  source: (estimate: number) => number;
  /** Bit/s for which the path is to be probed, as who would send more asks for it as often as it hears of the path; by time. */
  wanted?: (nowMs: number) => number;
  /** When a TCP download is under way on the same link. */
  tcp?: (nowMs: number) => boolean;
  /** Share of the feedback that is lost. */
  feedbackLoss?: number;
  /** When none comes at all. */
  noFeedback?: (nowMs: number) => boolean;
}

/** What was seen in one span of time. */
export interface Seen {
  deliveredBitsPerSecond: number;
  /** Of packets that arrived, milliseconds in the link's queue. */
  meanQueueMs: number;
  maxQueueMs: number;
  /** Most bytes of pictures that waited in the gateway. */
  maxWaitingBytes: number;
  /** Share of packets that did not arrive. */
  loss: number;
  /** The estimate at the end. */
  estimate: number;
  minEstimate: number;
  maxEstimate: number;
  capacity: number | undefined;
  /** Share of what was sent that probes have added. */
  padding: number;
  /** That were judged. */
  probes: { carried: number; failed: number };
  tcpBitsPerSecond: number;
}

const FRAMES_PER_SECOND = 25;
const PACKET_BYTES = 1152;
/** Of each packet: RTP header with its extensions, and the tag. */
const OVERHEAD_BYTES = 48;
/** Sound, 64 kbit/s and the same overhead. */
const SOUND_BYTES = 160 + OVERHEAD_BYTES;
const SOUND_MS = 20;
/** Of a packet that fills up a probe. */
const PADDED_BYTES = PACKET_BYTES + OVERHEAD_BYTES;
/** As browsers do at these rates. */
const FEEDBACK_MS = 50;
const UNLIMITED = 48_000_000;
/** How often what a probe lacks is sent. */
const PADDING_MS = 5;
/** Of the viewer's clock, which has an epoch of its own. */
const EPOCH_MS = 987_654;

/** A camera, the gateway's pacing in short, a link and a viewer that reports, in steps of a millisecond of a clock of their own. */
export class SimulatedViewing {
  readonly path: PathEstimate;
  readonly #options: ViewingOptions;
  readonly #link: SimulatedLink;
  readonly #tcp: SimulatedTcp;
  readonly #random: Random;
  #nowMs = 0;
  #frames = 0;
  #waitingBytes = 0;
  /** When each of the pictures came that wait, and all that came until then. */
  readonly #pictures: { atMs: number; bytesUntil: number }[] = [];
  #pictureBytes = 0;
  #budget = 0;
  readonly #arriving: { sequence: number; atMs: number }[] = [];
  #reportedUpTo: number | undefined;
  readonly #feedback: { atMs: number; bytes: Buffer }[] = [];
  #feedbackCount = 0;
  #lastProbe: PathView['lastProbe'];

  constructor(options: ViewingOptions) {
    this.#options = options;
    this.#link = new SimulatedLink(options);
    this.#tcp = new SimulatedTcp(this.#link, options.delayMs);
    this.#random = new Random(options.seed + 1);
    this.path = new PathEstimate(() => this.#nowMs);
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** How long the first of the pictures has waited that wait in the gateway. */
  get waitingMs(): number {
    const goneBytes = this.#pictureBytes - this.#waitingBytes;
    while ((this.#pictures[0]?.bytesUntil ?? Number.POSITIVE_INFINITY) < goneBytes + 1) this.#pictures.shift();
    return this.#nowMs - (this.#pictures[0]?.atMs ?? this.#nowMs);
  }

  get estimate(): number {
    return (this.path.kilobitsPerSecond ?? 1000) * 1000;
  }

  run(seconds: number): Seen {
    const [sum, queues] = [{ sent: 0, lost: 0, bytes: 0, sentBytes: 0, padding: 0 }, [] as number[]];
    const estimates = [this.estimate];
    const probes = { carried: 0, failed: 0 };
    let tcpBytes = 0;
    let maxWaitingBytes = 0;
    const endMs = this.#nowMs + seconds * 1000;
    for (; this.#nowMs < endMs; this.#nowMs += 1) {
      if (this.#options.tcp?.(this.#nowMs) === true) tcpBytes += this.#tcp.tick(this.#nowMs);
      if (this.#nowMs % (1000 / FRAMES_PER_SECOND) === 0) this.#takePicture();
      const due = this.#nowMs % PADDING_MS === 0 && this.#waitingBytes < 1 ? this.path.paddingDue : 0;
      const padding = Array.from({ length: Math.max(0, Math.ceil(due / PADDED_BYTES)) }, () => PADDED_BYTES);
      sum.padding += padding.length * PADDED_BYTES;
      this.path.padded(padding.length * PADDED_BYTES);
      for (const bytes of [...this.#nextPackets(), ...padding]) {
        sum.sentBytes += bytes;
        const sequence = this.path.sent.add(bytes, this.#nowMs);
        const queueMs = this.#link.queueMs(this.#nowMs);
        const atMs = this.#link.send(bytes, this.#nowMs);
        sum.sent += 1;
        if (atMs === undefined) sum.lost += 1;
        else {
          this.#arriving.push({ sequence, atMs });
          queues.push(queueMs);
          sum.bytes += bytes;
        }
      }
      maxWaitingBytes = Math.max(maxWaitingBytes, this.#waitingBytes);
      if (this.#nowMs % FEEDBACK_MS === 0) this.#report();
      if (!this.#takeFeedback()) continue;
      estimates.push(this.estimate);
      this.path.look(this.waitingMs);
      const wanted = this.#options.wanted?.(this.#nowMs) ?? 0;
      if (wanted > this.estimate) this.path.probe(wanted);
      const { lastProbe } = this.path.view(this.#nowMs);
      if (lastProbe === this.#lastProbe || lastProbe === undefined) continue;
      this.#lastProbe = lastProbe;
      probes[lastProbe.carried ? 'carried' : 'failed'] += 1;
    }
    return {
      deliveredBitsPerSecond: (sum.bytes * 8) / seconds,
      meanQueueMs: queues.reduce((total, each) => total + each, 0) / queues.length,
      maxQueueMs: queues.reduce((most, each) => Math.max(most, each), 0),
      maxWaitingBytes,
      loss: sum.lost / sum.sent,
      estimate: this.estimate,
      minEstimate: estimates.reduce((least, each) => Math.min(least, each)),
      maxEstimate: estimates.reduce((most, each) => Math.max(most, each)),
      capacity: this.path.capacityBitsPerSecond,
      padding: sum.padding / sum.sentBytes,
      probes,
      tcpBitsPerSecond: (tcpBytes * 8) / seconds,
    };
  }

  /** A keyframe every two seconds, five times as large as the others. */
  #takePicture(): void {
    const mean = this.#options.source(this.estimate) / 8 / FRAMES_PER_SECOND;
    const group = 2 * FRAMES_PER_SECOND;
    const isKeyframe = this.#frames % group === 0;
    const other = (mean * group) / (group + 4);
    const bytes = (isKeyframe ? 5 : 0.9 + this.#random.below(200) / 1000) * other;
    this.#waitingBytes += bytes;
    this.#pictureBytes += bytes;
    this.#pictures.push({ atMs: this.#nowMs, bytesUntil: this.#pictureBytes });
    this.#frames += 1;
  }

  /** Bytes of what goes now: sound at once, pictures as far as the path takes them. */
  *#nextPackets(): Generator<number> {
    if (this.#nowMs % SOUND_MS === 0) {
      this.#budget -= SOUND_BYTES;
      yield SOUND_BYTES;
    }
    for (let bytes = this.#nextPacket(); bytes > 0; bytes = this.#nextPacket()) yield bytes;
  }

  /** Bytes of the packet that may go now; 0: none. */
  #nextPacket(): number {
    const rate = this.path.capacityBitsPerSecond ?? UNLIMITED;
    if (this.#budget <= 0) {
      this.#budget += rate / 8000;
      return 0;
    }
    const payload = Math.min(PACKET_BYTES, Math.round(this.#waitingBytes));
    if (payload === 0) {
      this.#budget = 0;
      return 0;
    }
    const bytes = payload + OVERHEAD_BYTES;
    this.#budget -= bytes;
    this.#waitingBytes -= payload;
    return bytes;
  }

  /** What has come since the last report, and from there on what is missing. */
  #report(): void {
    const { feedbackLoss = 0, noFeedback, delayMs } = this.#options;
    const come = this.#arriving.filter(({ atMs }) => atMs <= this.#nowMs);
    if (come.length === 0) return;
    this.#arriving.splice(0, this.#arriving.length, ...this.#arriving.filter(({ atMs }) => atMs > this.#nowMs));
    const arrivals: Arrival[] = come.map(({ sequence, atMs }) => ({ sequence, at: Math.round((atMs + EPOCH_MS) * 4) }));
    const bytes = encodeTransportFeedback(arrivals, this.#feedbackCount, this.#reportedUpTo);
    this.#reportedUpTo = ((arrivals.at(-1)?.sequence ?? 0) + 1) & 0xffff;
    this.#feedbackCount += 1;
    const isLost = this.#random.next() / 2 ** 32 < feedbackLoss || noFeedback?.(this.#nowMs) === true;
    if (!isLost) this.#feedback.push({ atMs: this.#nowMs + delayMs, bytes });
  }

  /** True where there was some. */
  #takeFeedback(): boolean {
    const [first] = this.#feedback;
    if (first === undefined || first.atMs > this.#nowMs) return false;
    for (let next = this.#feedback[0]; next !== undefined && next.atMs <= this.#nowMs; next = this.#feedback[0]) {
      this.#feedback.shift();
      for (const message of parseRtcp(next.bytes).messages)
        if (message.type === 'transport-feedback') this.path.takeFeedback(message);
    }
    return true;
  }
}
