import { randomBytes } from 'node:crypto';
import type { IceServer } from '../../base/ice.ts';
import { type CaseRun, type ConformanceCase, Failure, NotApplicable } from '../case.ts';
import { expectResult, isObject } from '../check.ts';
import type { Message, RawAnswer } from '../raw-peer.ts';
import type { Transcript } from '../transcript.ts';
import type { CreateMediaPeer } from './media-peer.ts';
import { type Invite, KitSession } from './session.ts';
import type { DeviceSettings, Timing } from './settings.ts';
import type { DeviceConnection, DeviceStation } from './station.ts';

/** What the cases against a device are run with, and what one leaves for the next. */
export interface DeviceKit {
  station: DeviceStation;
  settings: DeviceSettings;
  createPeer: CreateMediaPeer;
}

export type DeviceCase = ConformanceCase<DeviceContext>;

export interface OpenedSession {
  session: KitSession;
  invite: Invite;
}

const POLL_MS = 20;
/** A device with room for one viewer may take as long as consent lives (RFC 7675: 30 s) to see that the last one left. */
const BUSY_ANSWERS = 3;
const BUSY_PAUSE_MS = 1000;
const BUSY_CODES: ReadonlySet<unknown> = new Set([480, 1001]);

/** Makes the context of each case of one run. */
export class DeviceRun {
  readonly #kit: DeviceKit;
  /** The first offer of the run, which all cases look at that are about the offer's text. */
  offer: Invite | undefined;
  /** The device was waited for in vain: the cases that follow do not wait as long again. */
  isMissing = false;

  constructor(kit: DeviceKit) {
    this.#kit = kit;
  }

  prepare(run: CaseRun): DeviceContext {
    return new DeviceContext(this.#kit, this, run);
  }
}

export class DeviceContext implements CaseRun {
  readonly station: DeviceStation;
  readonly settings: DeviceSettings;
  readonly createPeer: CreateMediaPeer;
  readonly #run: DeviceRun;
  readonly #case: CaseRun;

  constructor(kit: DeviceKit, run: DeviceRun, each: CaseRun) {
    this.station = kit.station;
    this.settings = kit.settings;
    this.createPeer = kit.createPeer;
    this.#run = run;
    this.#case = each;
  }

  get signal(): AbortSignal {
    return this.#case.signal;
  }

  get transcript(): Transcript {
    return this.#case.transcript;
  }

  get timing(): Timing {
    return this.settings.timing;
  }

  defer(action: () => unknown): void {
    this.#case.defer(action);
  }

  /** The registered connection of the device, waited for if need be. */
  async connection(): Promise<DeviceConnection> {
    const { reconnectMs, answerMs } = this.timing;
    const waitMs = this.#run.isMissing ? answerMs : reconnectMs;
    try {
      const found = await this.station.until('the device to be registered', () => this.station.registered, waitMs, this.signal);
      this.#run.isMissing = false;
      return found;
    } catch (error) {
      this.#run.isMissing = true;
      throw error;
    }
  }

  /** A session that no connect was sent for yet; it is ended with the case. */
  async newSession(iceServers: IceServer[] = this.#iceServers()): Promise<KitSession> {
    const { peer } = await this.connection();
    const session = new KitSession(this, peer, `kit-${randomBytes(9).toString('base64url')}`, iceServers);
    this.defer(() => session.end());
    return session;
  }

  /**
   * A session and what the device answered to its connect. A device that has no room or is not ready (480, 1001) is asked again for a while:
   * the viewer before may not be gone for it yet, and a camera behind a gateway may still be starting.
   */
  async connect(params: Message = {}, iceServers?: IceServer[]): Promise<{ session: KitSession; answer: RawAnswer }> {
    const until = performance.now() + this.timing.answerMs * BUSY_ANSWERS;
    for (;;) {
      const session = await this.newSession(iceServers);
      const answer = await session.connect(params);
      if (!BUSY_CODES.has(answer.error?.code) || performance.now() > until) return { session, answer };
      await this.pause(Math.min(BUSY_PAUSE_MS, this.timing.settleMs));
    }
  }

  /** A session whose connect was answered well and whose invite came. */
  async open(params: Message = {}, iceServers?: IceServer[]): Promise<OpenedSession> {
    const { session, answer } = await this.connect({ ...this.profile(), ...params }, iceServers);
    expectResult(answer, 'connect');
    return { session, invite: await session.invite() };
  }

  /** An offer of the device, taken once a run: asking anew for each of its lines would prove no more. */
  async offer(): Promise<Invite> {
    const known = this.#run.offer;
    if (known !== undefined) {
      this.transcript.note('the offer that came earlier in this run:');
      this.transcript.add('device -> kit', JSON.stringify(known.message));
      return known;
    }
    const { invite } = await this.open();
    this.#run.offer = invite;
    return invite;
  }

  /** As a member of connect's parameters. */
  profile(): Message {
    const { profile } = this.settings;
    return profile === undefined ? {} : { profile };
  }

  /** What register announced; empty where it announced nothing. */
  async capabilities(): Promise<string[]> {
    const { register } = await this.connection();
    const params = register?.['params'];
    const listed = isObject(params) ? params['capabilities'] : undefined;
    return Array.isArray(listed) ? listed.filter((name) => typeof name === 'string') : [];
  }

  /** Proves that the device is still registered and takes sessions; on a new connection too where it was cut. */
  async expectAlive(): Promise<void> {
    const connection = await this.connection();
    try {
      (await this.open()).session.end();
    } catch (error) {
      // It may cut the connection late, when a session is being opened: it is given another chance on a new one.
      if (connection.peer.isOpen) throw error;
      (await this.open()).session.end();
    }
  }

  /** Asks again and again until the condition holds. */
  async poll(what: string, holds: () => boolean | Promise<boolean>, timeoutMs: number, actual: () => string): Promise<void> {
    const until = performance.now() + timeoutMs;
    while (!(await holds())) {
      if (performance.now() > until) throw new Failure(`${what} within ${timeoutMs / 1000} s`, actual());
      await this.pause(POLL_MS);
    }
  }

  /** What is the kit's own to do, bounded. */
  async within<Value>(what: string, promise: Promise<Value>): Promise<Value> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => reject(new Failure(`${what} within ${this.timing.mediaMs / 1000} s`, 'it was not')),
      this.timing.mediaMs,
    );
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  }

  /** @throws the reason of the case's end when that comes first */
  async pause(milliseconds: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => reject(this.signal.reason);
    const timer = setTimeout(resolve, milliseconds);
    this.signal.addEventListener('abort', abort, { once: true });
    if (this.signal.aborted) abort();
    return promise.finally(() => {
      clearTimeout(timer);
      this.signal.removeEventListener('abort', abort);
    });
  }

  #iceServers(): IceServer[] {
    const { stun, turn } = this.settings;
    return [stun, turn].filter((server) => server !== undefined);
  }
}

/** @throws NotApplicable unless it holds */
export function requires(holds: boolean, reason: string): asserts holds {
  if (!holds) throw new NotApplicable(reason);
}
