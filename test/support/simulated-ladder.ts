import { vi } from 'vitest';
import { RungChoice } from '../../src/peer/congestion/rung-choice.ts';
import type { OutgoingFrame } from '../../src/peer/egress/outgoing-frame.ts';
import { Pacer } from '../../src/peer/egress/pacer.ts';
import { PathEstimate } from '../../src/peer/egress/path-estimate.ts';
import { ProbeSender } from '../../src/peer/egress/probe-sender.ts';
import { Random } from '../fuzz/random.ts';
import { SimulatedLink, type LinkOptions } from './simulated-link.ts';
import { SimulatedReceiver, type ReceiverOptions } from './simulated-receiver.ts';
import { SimulatedTcp } from './simulated-tcp.ts';

export interface LadderOptions extends LinkOptions {
  /** Means of the camera's profiles, bit/s as the camera encodes them; lowest first. */
  profiles: readonly number[];
  /** Of each profile; default 2000. */
  groupMs?: number;
  /** How many other pictures a keyframe is as large as; default 8. */
  keyframeSize?: number;
  /** The camera makes a keyframe when it is asked; default true. */
  answersRequests?: boolean;
  /** The viewer reports on sound as on pictures; default true. Browsers do where it is Opus. */
  reportsSound?: boolean;
  reports?: ReceiverOptions['reports'];
  feedbackLoss?: number;
  noFeedback?: (nowMs: number) => boolean;
  /** When a TCP download is under way on the same link. */
  tcp?: (nowMs: number) => boolean;
}

/** What was seen in one span of time. */
export interface LadderSeen {
  /** Share of the time in which each rung was sent; the lowest first: sound alone, keyframes of the lowest profile, then each profile. */
  share: number[];
  switches: number;
  probes: number;
  /** Of all that was sent, bit/s. */
  sentBitsPerSecond: number;
  deliveredBitsPerSecond: number;
  /** Bit/s of the TCP download. */
  tcpBitsPerSecond: number;
  /** Of packets that arrived, milliseconds in the link's queue. */
  meanQueueMs: number;
  maxQueueMs: number;
  /** Longest that a picture waited in the gateway, milliseconds. */
  maxWaitingMs: number;
  /** Longest from one picture that was sent whole to the next, milliseconds; where less is shown on purpose that counts not. */
  maxGapMs: number;
  /** Share of packets that did not arrive. */
  loss: number;
}

const FRAMES_PER_SECOND = 25;
const FRAME_MS = 1000 / FRAMES_PER_SECOND;
const PACKET_BYTES = 1152;
/** Of each packet: RTP header with its extensions, and the tag. */
const OVERHEAD_BYTES = 48;
/** Sound, 64 kbit/s and the same overhead. */
const SOUND_BYTES = 160 + OVERHEAD_BYTES;
const SOUND_MS = 20;
const SOUND_BITS_PER_SECOND = (SOUND_BYTES * 8000) / SOUND_MS;
const LOOK_MS = 200;
/** From asking a camera for a keyframe to its being there. */
const KEYFRAME_MS = 150;
/** Pictures that wait longer are given up up to a keyframe. */
const MAX_WAIT_MS = 1000;
/** What has waited longer is not sent any more when the viewer goes over to another profile. */
const LATE_MS = 250;
const PACKET = Buffer.alloc(PACKET_BYTES);

interface Profile {
  bitsPerSecond: number;
  /** Frames since its last keyframe. */
  at: number;
}

/**
 * A camera with several profiles, the gateway's choice among them with its pacer, probes and estimate, a link and a viewer, in steps of a millisecond. Time is that
 * of vitest's timers, which it fakes anew: `vi.useRealTimers()` is to be called behind it.
 */
export class SimulatedLadder {
  readonly #path: PathEstimate;
  readonly rungs: readonly { key: string; bitsPerSecond: number }[];
  readonly #options: LadderOptions;
  readonly #link: SimulatedLink;
  readonly #receiver: SimulatedReceiver;
  readonly #tcp: SimulatedTcp;
  readonly #random: Random;
  readonly #pacer: Pacer;
  readonly #probes: ProbeSender;
  readonly #choice = new RungChoice();
  readonly #profiles: Profile[];
  readonly #frames: number;
  /** As decided, and as sent: numbers of rungs. */
  #decided: number;
  #sent: number;
  #keyframeDue: number | undefined;
  #awaitsKeyframe = true;
  #nowMs = 0;
  #hasShown = false;
  #sum = newSum();

  constructor(options: LadderOptions) {
    vi.useRealTimers();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    this.#path = new PathEstimate(() => performance.now());
    this.#options = options;
    const { groupMs = 2000, delayMs, seed, reports = 'transport-wide', feedbackLoss = 0, noFeedback } = options;
    this.#link = new SimulatedLink(options);
    this.#tcp = new SimulatedTcp(this.#link, delayMs);
    this.#random = new Random(seed + 1);
    this.#frames = groupMs / FRAME_MS;
    this.#profiles = options.profiles.map((bitsPerSecond, index) => ({ bitsPerSecond, at: (index * 17) % this.#frames }));
    const lack = noFeedback === undefined ? {} : { noFeedback };
    this.#receiver = new SimulatedReceiver(this.#path, { reports, delayMs, feedbackLoss, ...lack, seed: seed + 2 });
    this.#pacer = new Pacer({
      spreads: true,
      overheadBytes: OVERHEAD_BYTES,
      capacityBitsPerSecond: () => this.#path.capacityBitsPerSecond,
      isBlocked: () => false,
      now: () => performance.now(),
      path: { cork: () => undefined, uncork: () => undefined },
      send: ({ payloads }, index) => {
        this.#send((payloads[index]?.length ?? 0) + OVERHEAD_BYTES);
        if (index === payloads.length - 1) this.#noteShown();
      },
    });
    this.#probes = new ProbeSender({
      path: this.#path,
      pad: (bytes) => this.#pad(bytes),
      waitingMs: () => this.#pacer.waitingMs(performance.now()),
      isClear: () => true,
    });
    this.rungs = this.#makeRungs();
    this.#decided = this.rungs.length - 1;
    this.#sent = this.#decided;
  }

  run(seconds: number): LadderSeen {
    this.#sum = newSum();
    this.#sum.shownAtMs = this.#nowMs;
    const endMs = this.#nowMs + seconds * 1000;
    for (; this.#nowMs < endMs; this.#nowMs += 1) this.#tick();
    const { sum, queues, onRung, ...seen } = { sum: this.#sum, ...this.#sum };
    return {
      share: this.rungs.map((_, rung) => (onRung.get(rung) ?? 0) / (seconds * 1000)),
      switches: sum.switches,
      probes: sum.probes,
      sentBitsPerSecond: (sum.sentBytes * 8) / seconds,
      deliveredBitsPerSecond: (sum.bytes * 8) / seconds,
      tcpBitsPerSecond: (sum.tcpBytes * 8) / seconds,
      meanQueueMs: queues.sumMs / queues.packets,
      maxQueueMs: queues.mostMs,
      maxWaitingMs: seen.maxWaitingMs,
      maxGapMs: seen.maxGapMs,
      loss: sum.lost / sum.packets,
    };
  }

  #tick(): void {
    vi.advanceTimersByTime(1);
    if (this.#nowMs % SOUND_MS === 0) {
      this.#sendSound();
      this.#pacer.spend(SOUND_BYTES);
    }
    if (this.#nowMs % FRAME_MS === 0) for (const [index, profile] of this.#profiles.entries()) this.#takePicture(index, profile);
    if (this.#options.tcp?.(this.#nowMs) === true) this.#sum.tcpBytes += this.#tcp.tick(this.#nowMs);
    if (this.#receiver.tick(this.#nowMs)) this.#probes.look();
    if (this.#nowMs % LOOK_MS === 0) this.#look();
    this.#sum.maxWaitingMs = Math.max(this.#sum.maxWaitingMs, this.#pacer.waitingMs(performance.now()));
    this.#sum.onRung.set(this.#sent, (this.#sum.onRung.get(this.#sent) ?? 0) + 1);
  }

  #look(): void {
    const nowMs = performance.now();
    const view = this.#path.view(nowMs, this.#pacer.waitingMs(nowMs));
    const { rung, probe } = this.#choice.look(this.rungs, view, nowMs, this.#decided !== this.#sent);
    if (probe !== undefined && this.#probes.probe(probe)) this.#sum.probes += 1;
    if (rung === this.#decided) return;
    this.#decided = rung;
    this.#sum.switches += 1;
    if (this.#options.answersRequests !== false) this.#keyframeDue = this.#nowMs + KEYFRAME_MS;
  }

  #takePicture(index: number, profile: Profile): void {
    const isAsked =
      this.#keyframeDue !== undefined && this.#nowMs >= this.#keyframeDue && index === this.#profileOf(this.#decided);
    if (isAsked) {
      this.#keyframeDue = undefined;
      profile.at = 0;
    }
    const isKeyframe = profile.at % this.#frames === 0;
    const { keyframeSize = 8 } = this.#options;
    const other = (profile.bitsPerSecond * this.#frames) / FRAMES_PER_SECOND / (this.#frames - 1 + keyframeSize) / 8;
    const jitter = 0.8 + this.#random.below(400) / 1000;
    profile.at += 1;
    if (isKeyframe && index === this.#profileOf(this.#decided)) this.#join();
    if (index !== this.#profileOf(this.#sent)) return;
    this.#give(isKeyframe, Math.round((isKeyframe ? keyframeSize : 1) * jitter * other));
  }

  #join(): void {
    const waitsMs = Math.max(this.#pacer.waitingMs(performance.now()), this.#pacer.drainMs);
    if (this.#profileOf(this.#sent) !== this.#profileOf(this.#decided) && waitsMs > LATE_MS) this.#pacer.clear();
    this.#sent = this.#decided;
  }

  #give(isKeyframe: boolean, bytes: number): void {
    if (this.#sent === 0 || (this.#sent === 1 && !isKeyframe)) {
      this.#sum.shownAtMs = this.#nowMs;
      return;
    }
    if (this.#pacer.waitingMs(performance.now()) > MAX_WAIT_MS) {
      this.#pacer.dropWaiting();
      this.#awaitsKeyframe = true;
    }
    if (this.#awaitsKeyframe && !isKeyframe) return;
    this.#awaitsKeyframe = false;
    const packets = Math.ceil(bytes / PACKET_BYTES);
    const payloads = Array.from({ length: packets }, () => PACKET);
    payloads[packets - 1] = PACKET.subarray(0, bytes - (packets - 1) * PACKET_BYTES);
    const frame: OutgoingFrame = { payloads, payloadType: 102, timestamp: 0, keyframe: isKeyframe, kept: undefined };
    this.#pacer.push(frame, bytes, FRAME_MS / 2);
  }

  /** Sound alone, keyframes of the lowest profile, and each profile. */
  #makeRungs(): { key: string; bitsPerSecond: number }[] {
    const whole = this.#options.profiles.map((bitsPerSecond, index) => ({
      key: `${index}`,
      bitsPerSecond: bitsPerSecond * (1 + OVERHEAD_BYTES / PACKET_BYTES) + SOUND_BITS_PER_SECOND,
    }));
    const { keyframeSize = 8, profiles } = this.#options;
    const keyframes = ((profiles[0] ?? 0) * keyframeSize) / (this.#frames - 1 + keyframeSize);
    return [
      { key: 'sound', bitsPerSecond: SOUND_BITS_PER_SECOND },
      { key: 'keyframes', bitsPerSecond: keyframes + SOUND_BITS_PER_SECOND },
      ...whole,
    ];
  }

  #profileOf(rung: number): number {
    return Math.max(0, rung - 2);
  }

  #noteShown(): void {
    if (this.#hasShown) this.#sum.maxGapMs = Math.max(this.#sum.maxGapMs, this.#nowMs - this.#sum.shownAtMs);
    this.#hasShown = true;
    this.#sum.shownAtMs = this.#nowMs;
  }

  #pad(bytes: number): number {
    let left = bytes;
    for (; left > 0; left -= PACKET_BYTES) this.#send(Math.max(Math.min(left, PACKET_BYTES), 1) + OVERHEAD_BYTES);
    return bytes;
  }

  #sendSound(): void {
    if (this.#options.reportsSound !== false) {
      this.#send(SOUND_BYTES);
      return;
    }
    this.#path.sent.addUnnumbered(SOUND_BYTES, performance.now());
    this.#carry(SOUND_BYTES);
  }

  #send(bytes: number): void {
    const nowMs = performance.now();
    const sequence = this.#path.sent.add(bytes, nowMs);
    this.#receiver.take(sequence, bytes, nowMs, this.#carry(bytes));
  }

  /** When it arrives; undefined where it does not. */
  #carry(bytes: number): number | undefined {
    const nowMs = performance.now();
    const queueMs = this.#link.queueMs(nowMs);
    const atMs = this.#link.send(bytes, nowMs);
    this.#sum.packets += 1;
    this.#sum.sentBytes += bytes;
    if (atMs === undefined) {
      this.#sum.lost += 1;
      return undefined;
    }
    this.#sum.bytes += bytes;
    const { queues } = this.#sum;
    queues.packets += 1;
    queues.sumMs += queueMs;
    queues.mostMs = Math.max(queues.mostMs, queueMs);
    return atMs;
  }
}

interface Sum {
  packets: number;
  lost: number;
  sentBytes: number;
  bytes: number;
  tcpBytes: number;
  switches: number;
  probes: number;
  maxWaitingMs: number;
  maxGapMs: number;
  shownAtMs: number;
  queues: { packets: number; sumMs: number; mostMs: number };
  /** Milliseconds, by rung. */
  onRung: Map<number, number>;
}

function newSum(): Sum {
  return {
    ...{ packets: 0, lost: 0, sentBytes: 0, bytes: 0, tcpBytes: 0, switches: 0, probes: 0 },
    ...{ maxWaitingMs: 0, maxGapMs: 0, shownAtMs: 0, queues: { packets: 0, sumMs: 0, mostMs: 0 }, onRung: new Map() },
  };
}
