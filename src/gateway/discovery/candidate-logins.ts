import { createHash } from 'node:crypto';
import { delay } from '../../base/delay.ts';
import { reasonOf } from '../../base/errors.ts';
import { OnvifDevice, type OnvifConnectOptions } from '../../camera/onvif/adapter.ts';
import type { DeviceInformation } from '../../camera/onvif/device-answers.ts';
import type { CameraPlace } from '../../camera/whereabouts.ts';
import type { Credentials } from '../../config/addresses.ts';

/** How long an answer holds, milliseconds: what a device said of itself, that it refused (it may count that), that it did not answer. */
const KNOWN_MS = 10 * 60_000;
const REFUSED_MS = 60 * 60_000;
const SILENT_MS = 30_000;
/** Between two logins, milliseconds, whoever asks for them: nobody on the network can make us send more. */
const INTERVAL_MS = 1000;
/** Different credentials that one device is shown while it refuses: cameras lock accounts, and addresses, that fail too often. */
const MAX_REFUSED = 2;
/** Logins at one place until the oldest answer no longer holds, whatever it calls itself in the meantime. */
const MAX_AT_ONE_PLACE = 4;
const MAX_PLACES = 1024;
const MAX_WAITING = 64;

interface Answer {
  /** Undefined while it is asked. */
  information?: DeviceInformation | null;
  refused: boolean;
  until: number;
}

export interface CandidateLoginsOptions {
  /** An answer has come. */
  onAnswer: () => void;
  connect?: (options: OnvifConnectOptions) => Promise<Pick<OnvifDevice, 'information' | 'close'>>;
}

/**
 * Asks devices who they are, with the credentials of a camera that was lost, to find it by its serial number. The password goes out
 * as a digest only, once for each device and credentials, one device a second.
 */
export class CandidateLogins {
  readonly #options: CandidateLoginsOptions;
  readonly #closing = new AbortController();
  /** By place, and there by who asked whom; the place that was asked last is the last. */
  readonly #answers = new Map<string, Map<string, Answer>>();
  /** Passwords are not kept as keys. */
  readonly #digests = new WeakMap<Credentials, string>();
  readonly #waiting: (() => void)[] = [];
  #running: Promise<void> | undefined;

  constructor(options: CandidateLoginsOptions) {
    this.#options = options;
  }

  /**
   * What the device at `place` says of itself; null where it does not say, undefined while it is not known.
   *
   * @param endpointReference What it calls itself: another one at the same place is asked anew.
   */
  ask(place: CameraPlace, endpointReference: string, credentials: Credentials): DeviceInformation | null | undefined {
    const where = `${place.host} ${place.port}`;
    const key = `${this.#digestOf(credentials)} ${endpointReference}`;
    const now = performance.now();
    const known = this.#answers.get(where);
    const before = known?.get(key);
    if (before !== undefined && now < before.until) return before.information;
    const here = [...(known?.values() ?? [])].filter(({ until }) => now < until);
    // Another camera asks there: its answer says whether this one may, too.
    if (here.some(({ until }) => until === Number.POSITIVE_INFINITY)) return undefined;
    if (here.length >= MAX_AT_ONE_PLACE || here.filter(({ refused }) => refused).length >= MAX_REFUSED) return null;
    if (this.#waiting.length >= MAX_WAITING || this.#closing.signal.aborted) return null;
    const answer: Answer = { refused: false, until: Number.POSITIVE_INFINITY };
    this.#keep(where, new Map([...(known ?? [])].filter(([, { until }]) => now < until)).set(key, answer));
    this.#waiting.push(() => void this.#logIn(place, credentials, answer));
    this.#running ??= this.#run();
    return undefined;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  #keep(where: string, answers: Map<string, Answer>): void {
    this.#answers.delete(where);
    this.#answers.set(where, answers);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= MAX_PLACES) break;
      this.#answers.delete(oldest);
    }
  }

  #digestOf(credentials: Credentials): string {
    const { username, password } = credentials;
    const known = this.#digests.get(credentials);
    const digest =
      known ??
      createHash('sha256')
        .update(JSON.stringify([username, password]))
        .digest('base64');
    this.#digests.set(credentials, digest);
    return digest;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    for (let next = this.#waiting.shift(); next !== undefined && !signal.aborted; next = this.#waiting.shift()) {
      // One that does not answer holds up nobody.
      next();
      await delay(INTERVAL_MS, signal);
    }
    this.#running = undefined;
  }

  async #logIn(place: CameraPlace, credentials: Credentials, answer: Answer): Promise<void> {
    const { connect = (options) => OnvifDevice.connect(options), onAnswer } = this.#options;
    const { signal } = this.#closing;
    try {
      const device = await connect({ ...place, ...credentials, signal });
      answer.information = device.information;
      answer.until = performance.now() + KNOWN_MS;
      device.close();
    } catch (error) {
      if (signal.aborted) return;
      answer.information = null;
      answer.refused = reasonOf(error).code === 'camera.unauthorized';
      answer.until = performance.now() + (answer.refused ? REFUSED_MS : SILENT_MS);
    }
    onAnswer();
  }
}
