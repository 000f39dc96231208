import { setTimeout as delay } from 'node:timers/promises';
import { Audience, type Measured, type Watched } from './audience.ts';
import type { CameraFunctions } from './camera/process.ts';
import { Remote } from './remote.ts';
import type { Row } from './row.ts';
import type { Peer } from './senders/peers.ts';
import { startGateway, type GatewaySettings } from './senders/own.ts';
import { cameraName, type CameraSite, type Sender, type SenderOptions } from './senders/sender.ts';

export type Size = 'small' | 'medium' | 'full';

export interface BenchOptions {
  size: Size;
  peers: readonly Peer[];
  /** The gateway as `npm run build` made it, in place of the sources. */
  dist: boolean;
  /** Progress, a line. */
  say: (line: string) => void;
}

const CAMERA = new URL('./camera/process.ts', import.meta.url);
/** Each has a process of its own beyond this many viewers. */
const VIEWERS_A_PROCESS = 100;
/** Until the compiler has seen what is measured, and those who joined have caught up. */
const WARM_UP_S: Readonly<Record<Size, number>> = { small: 0.5, medium: 4, full: 8 };
/** Until a sender has pulled its cameras, or has let them go. */
const MOST_WAIT_MS = 60_000;
const MEASURED_S: Readonly<Record<Size, number>> = { small: 1, medium: 5, full: 10 };

const EMPTY: Omit<Row, 'scenario' | 'sender'> = {
  ...{ variant: '', cameras: 1, viewers: 0, mbit_s: 0, packets_s: null, cpu_us_per_packet: null, cpu_percent: null },
  ...{
    latency_ms: null,
    latency_of_keyframes_ms: null,
    latency_of_others_ms: null,
    first_frame_ms: { warm: null, cold: null },
    rss_mb: null,
    loop_delay_ms: null,
    receivers: null,
    flags: [],
  },
};

/** What scenarios are made with: cameras, viewers, senders, rows. */
export class Bench {
  readonly rows: Row[] = [];
  readonly options: BenchOptions;
  readonly #camera = new Remote<CameraFunctions>(CAMERA);
  #port: Promise<number> | undefined;

  constructor(options: BenchOptions) {
    this.options = options;
  }

  /** One of three by the size of the run. */
  bySize<Value>(small: Value, medium: Value, full: Value): Value {
    return { small, medium, full }[this.options.size];
  }

  async site(cameras: number, mbitS: number, keyframeRatio = 8): Promise<CameraSite> {
    this.#port ??= this.#camera.call('start', undefined).then(({ port }) => port);
    return { port: await this.#port, cameras, kbitS: Math.round(mbitS * 1000), keyframeRatio };
  }

  gateway(options: SenderOptions & GatewaySettings): Promise<Sender> {
    return startGateway({ ...options, dist: this.options.dist });
  }

  audience(viewers: number): Audience {
    return new Audience(Math.ceil(viewers / VIEWERS_A_PROCESS));
  }

  /** Lets the load run in, and measures it. */
  async measure(audience: Audience): Promise<Measured> {
    await delay(WARM_UP_S[this.options.size] * 1000);
    return await audience.measure(MEASURED_S[this.options.size]);
  }

  /** Viewers join, the load is measured, all go, and the cameras are let go. */
  async turn(
    audience: Audience,
    watched: Watched,
    viewers: number,
    sender = 'own',
  ): Promise<{ measured: Measured; joined: number[] }> {
    const joined = await audience.grow(watched, viewers);
    const measured = await this.measure(audience);
    await audience.leave();
    await this.untilIdle(sender);
    return { measured, joined };
  }

  /**
   * Waits until no camera is pulled any more.
   *
   * @throws Error when one still is after {@link MOST_WAIT_MS}
   */
  async untilIdle(sender: string): Promise<void> {
    await this.#until(([camera]) => camera && `${camera} was not let go by ${sender}`);
  }

  /**
   * Waits until so many cameras are pulled.
   *
   * @throws Error when one is not after {@link MOST_WAIT_MS}
   */
  async untilPulled(sender: string, cameras: number): Promise<void> {
    const names = Array.from({ length: cameras }, (_, index) => cameraName(index + 1));
    await this.#until((pulled) => {
      const camera = names.find((name) => !pulled.includes(name));
      return camera && `${camera} was not pulled by ${sender}`;
    });
  }

  /** @param wrong what is wrong yet with the cameras that are pulled */
  async #until(wrong: (pulled: readonly string[]) => string | undefined): Promise<void> {
    const endAt = performance.now() + MOST_WAIT_MS;
    for (;;) {
      const sentence = wrong(await this.#camera.call('playing', undefined));
      if (sentence === undefined) return;
      if (performance.now() > endAt) throw new Error(sentence);
      await delay(50);
    }
  }

  add(row: Pick<Row, 'scenario' | 'sender'> & Partial<Row>): Row {
    const whole = { ...EMPTY, ...row };
    this.rows.push(whole);
    const { scenario, variant, sender, cameras, viewers, cpu_us_per_packet: cost, flags } = whole;
    const flag = flags.length === 0 ? '' : ` (${flags.join(', ')})`;
    const spent = cost === null ? '' : `: ${cost.toFixed(1)} us a packet`;
    this.options.say(`${scenario} ${[variant, sender].join(' ').trim()}, ${cameras} cameras, ${viewers} viewers${spent}${flag}`);
    return whole;
  }

  close(): void {
    this.#camera.close();
  }
}
