import { constants, getPriority, setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuMs, residentMb, udpDrops } from './proc.ts';
import { Remote } from './remote.ts';
import { latencyOf, type Latency, type Receivers } from './row.ts';
import type { Sender } from './senders/sender.ts';
import type { Received, ViewerFunctions } from './viewers/process.ts';
import type { ReceptionCounts } from './viewers/reception.ts';

const VIEWERS = new URL('./viewers/process.ts', import.meta.url);
/** Beyond it a receiver measures itself. */
const BUSIEST_PERCENT = 80;
/** Packets in a second that are looked into; each costs a receiver some 20 us. */
const SAMPLES_PER_SECOND = 1500;
/** The first of so many viewers is one whose packets are looked into. */
const LISTENER_EVERY = 7;
/** By how much the others give way to the listeners. */
const NICER = 10;
/** Viewers that join together: by peers they wait for the camera's next keyframe. */
const AT_ONCE = 5;
const TYPICAL_PACKET_BYTES = 1100;

/** What is to be watched. */
export interface Watched {
  sender: Sender;
  cameras: number;
  mbitS: number;
}

export interface Measured {
  packets_s: number;
  cpu_us_per_packet: number;
  cpu_percent: number;
  latency_ms: Latency | null;
  latency_of_keyframes_ms: Latency | null;
  latency_of_others_ms: Latency | null;
  rss_mb: number;
  loop_delay_ms: number | null;
  receivers: Receivers;
  flags: string[];
}

/**
 * All viewers, in processes of their own. Those whose packets are looked into (listeners) are a few, from the first that joined to the last, and have a process
 * to themselves that goes before the others': else how long packets wait to be read, behind those of all other viewers, would be measured as well.
 */
export class Audience {
  readonly #listeners = new Remote<ViewerFunctions>(VIEWERS);
  readonly #others: Remote<ViewerFunctions>[];
  #viewers = 0;
  #watched: Watched | undefined;

  /** @param processes for those who are no listeners */
  constructor(processes: number) {
    this.#others = Array.from({ length: processes }, () => new Remote<ViewerFunctions>(VIEWERS));
    for (const { pid } of this.#others) setPriority(pid, Math.min(constants.priority.PRIORITY_LOW, getPriority() + NICER));
  }

  get #processes(): Remote<ViewerFunctions>[] {
    return [this.#listeners, ...this.#others];
  }

  get viewers(): number {
    return this.#viewers;
  }

  /** Lets viewers join until there are so many, each camera in its turn. Returns how long each waited for its first picture, milliseconds. */
  async grow(watched: Watched, viewers: number): Promise<number[]> {
    this.#watched = watched;
    const times: number[] = [];
    while (this.#viewers < viewers) {
      const joins = Array.from({ length: Math.min(AT_ONCE, viewers - this.#viewers) }, async () => {
        const isListener = this.#viewers % LISTENER_EVERY === 0;
        const process = isListener ? this.#listeners : this.#others[this.#viewers % this.#others.length];
        const place = watched.sender.place(1 + (this.#viewers % watched.cameras));
        this.#viewers += 1;
        times.push(...((await process?.call('join', { place, viewers: 1 })) ?? []));
      });
      await Promise.all(joins);
    }
    return times;
  }

  /** Looks on for so long. */
  async measure(seconds: number): Promise<Measured> {
    if (this.#watched === undefined) throw new Error('nobody watches');
    const { sender, mbitS } = this.#watched;
    const listeners = Math.ceil(this.#viewers / LISTENER_EVERY);
    const expected = (listeners * mbitS * 1e6) / 8 / TYPICAL_PACKET_BYTES;
    const sampleShare = Math.min(1, SAMPLES_PER_SECOND / Math.max(1, expected));
    const dropsBefore = this.#drops();
    await Promise.all(
      this.#processes.map((process) => process.call('begin', { sampleShare: process === this.#listeners ? sampleShare : 0 })),
    );
    const startedAt = performance.now();
    const [before, othersBefore] = [cpuMs(sender.pid), this.#processes.map(({ pid }) => cpuMs(pid))];
    await delay(seconds * 1000);
    const spent = cpuMs(sender.pid) - before;
    const elapsed = performance.now() - startedAt;
    const others = this.#processes.map(({ pid }, index) => ((cpuMs(pid) - (othersBefore[index] ?? 0)) / elapsed) * 100);
    const received = sumOf(await Promise.all(this.#processes.map((process) => process.call('end', undefined))));
    const receivers = { cpu_percent: Math.max(0, ...others), lost: received.lost, dropped: this.#drops() - dropsBefore };
    const { packets, latencies } = received;
    const { ofKeyframes, ofOthers } = latencies;
    return {
      packets_s: (packets / elapsed) * 1000,
      cpu_us_per_packet: (spent * 1000) / packets,
      cpu_percent: (spent / elapsed) * 100,
      latency_ms: latencyOf([...ofKeyframes, ...ofOthers]),
      latency_of_keyframes_ms: latencyOf(ofKeyframes),
      latency_of_others_ms: latencyOf(ofOthers),
      rss_mb: residentMb(sender.pid),
      // Its answer takes processor time, and is asked for when none is measured any more.
      loop_delay_ms: (await sender.loopDelayMs()) ?? null,
      receivers,
      flags: flagsOf(receivers, received),
    };
  }

  /** All go. */
  async leave(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.call('leave', undefined)));
    this.#viewers = 0;
  }

  close(): void {
    for (const process of this.#processes) process.close();
  }

  #drops(): number {
    return this.#processes.reduce((sum, { pid }) => sum + udpDrops(pid), 0);
  }
}

function sumOf(all: readonly Received[]): Received {
  const sum = (of: keyof ReceptionCounts): number => all.reduce((total, each) => total + each[of], 0);
  return {
    ...{ packets: sum('packets'), bytes: sum('bytes'), lost: sum('lost'), forged: sum('forged') },
    latencies: {
      ofKeyframes: all.flatMap(({ latencies }) => latencies.ofKeyframes),
      ofOthers: all.flatMap(({ latencies }) => latencies.ofOthers),
    },
  };
}

function flagsOf({ cpu_percent: percent, lost, dropped }: Receivers, { packets, forged }: Received): string[] {
  return [
    ...(packets === 0 ? ['no packet came'] : []),
    ...(percent > BUSIEST_PERCENT ? [`receivers at ${Math.round(percent)} % of a core`] : []),
    ...(dropped > 0 ? [`${dropped} packets dropped by sockets of receivers`] : []),
    ...(lost > 0 ? [`${lost} packets lost`] : []),
    ...(forged > 0 ? [`${forged} packets that do not decrypt`] : []),
  ];
}
