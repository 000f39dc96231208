import type { DeviceStats } from '../../base/api.ts';
import type { BackoffOptions } from '../../base/backoff.ts';
import type { DialTurn } from '../../base/dial-stagger.ts';
import type { Reason } from '../../base/errors.ts';
import { redactUrl, type Logger } from '../../base/log.ts';
import { type DeviceSignalingState, Registration, type ServerAccess } from './registration.ts';
import type { DeviceSessionHost } from './session-seam.ts';
import { DeviceSessions } from './sessions.ts';

export type { DeviceSignalingState } from './registration.ts';

export interface SignalingDeviceOptions extends ServerAccess {
  /** The human-readable name of the camera. */
  name: string;
  /** What register and connect announce. Default `subProtocols` and `extend`. */
  capabilities?: string[];
  host: DeviceSessionHost;
  /** Waited for before each attempt to connect. */
  turn?: DialTurn;
  log: Logger;
  onState?: (state: DeviceSignalingState) => void;
  /** Waits between attempts; default from 1.5 s to a minute, of which chance takes off up to a half. */
  retry?: Partial<BackoffOptions> | undefined;
  /** Default 10 s. */
  pingIntervalMs?: number;
  /** How long the server may take for the handshake, and for register. Default 10 s each. */
  timeoutMs?: number;
}

/** The device role of ONVIF WebRTC (chapter 5) for one camera: registered at one server as long as it is started, with its sessions. */
export class SignalingDevice {
  readonly #options: SignalingDeviceOptions;
  readonly #registration: Registration;
  readonly #sessions: DeviceSessions;
  #malformedFrames = 0;

  constructor(options: SignalingDeviceOptions) {
    this.#options = options;
    const { host, log, capabilities = ['subProtocols', 'extend'], turn, retry, pingIntervalMs, timeoutMs } = options;
    const { server, tokens, authorization, tls, name } = options;
    this.#registration = new Registration({
      ...{ server, tokens, authorization, tls, name, capabilities, turn, log, retry, pingIntervalMs, timeoutMs },
      serve: (rpc) => this.#sessions.serve(rpc),
      onErrorNotification: (error) => this.#sessions.onError(error),
      onMalformed: (why) => this.#onMalformed(why),
      onState: (state) => options.onState?.(state),
      onLost: () => this.#sessions.lost(),
    });
    this.#sessions = new DeviceSessions({ host, capabilities, rpc: () => this.#registration.rpc, log });
  }

  get state(): DeviceSignalingState {
    return this.#registration.state;
  }

  get counts(): Omit<DeviceStats, 'camera'> {
    return { ...this.#registration.counts, malformedFrames: this.#malformedFrames, ...this.#sessions.counts };
  }

  /** Connects, and again after each loss, until {@link close}. */
  start(): void {
    this.#registration.start();
  }

  /** Ends all sessions, unregisters and disconnects; at most about two seconds. */
  async close(): Promise<void> {
    const reason: Reason = { code: 'signaling.closed', message: 'The camera was taken out of service.' };
    this.#sessions.close(reason);
    await this.#registration.close(reason);
  }

  #onMalformed(why: string): void {
    this.#malformedFrames += 1;
    // Once: the rest is in the counter.
    const level = this.#malformedFrames === 1 ? 'warn' : 'debug';
    this.#options.log[level]({ server: redactUrl(this.#options.server), why }, 'The signaling server sent something malformed');
  }
}
