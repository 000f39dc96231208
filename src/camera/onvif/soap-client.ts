import { randomBytes, randomUUID } from 'node:crypto';
import { GatewayError } from '../../base/errors.ts';
import type { TlsPolicy } from '../../base/rtsp-transport.ts';
import { describeClockOffset } from '../clock-offset.ts';
import type { XmlElement } from '../xml.ts';
import { parseSystemDateAndTime } from './device-answers.ts';
import { Digest } from './digest.ts';
import { addressingHeaders, buildEnvelope, deviceRequest, type SoapRequest } from './envelope.ts';
import { notOnvif, OnvifFault, unavailable } from './failure.ts';
import { placeOf } from './http-exchange.ts';
import { serviceLocation, type ServiceLocation } from './service-location.ts';
import { isRefusal, parseSoapAnswer } from './soap-answer.ts';
import { postSoap } from './transport.ts';

export interface SoapClientOptions {
  host: string;
  port: number;
  secure: boolean;
  tls: TlsPolicy | undefined;
  /** Of the device service. */
  path: string;
  /** Empty: no credentials are sent. */
  username: string;
  password: string;
  /** For each call, milliseconds. */
  timeoutMs: number;
  signal: AbortSignal;
}

export interface CallOptions {
  /** Leaves WS-Security out. */
  anonymous?: boolean;
  /** WS-Addressing: whom the message is for, where that takes more than the address (subscriptions); XML already. */
  addressing?: { to: string; action: string; parameters: string };
  /** For this call, milliseconds; default that of the client. */
  timeoutMs?: number;
  /** Ends this call, which throws its reason then. */
  signal?: AbortSignal;
  /** Largest answer that is read; default what the profiles of a large NVR take. */
  maxBytes?: number;
  /** The answer is there, and is read next. */
  onReceived?: () => void;
}

/** The clock of a camera was changed meanwhile when it is off by more than this from what was measured, milliseconds. */
const CLOCK_CHANGE_MS = 2000;

/**
 * SOAP with one device: signs by its clock, logs in by WS-Security or by HTTP Digest, tells refusals from faults. Every call
 * throws a GatewayError: `camera.unreachable`, `.timeout`, `.unavailable`, `.certificate`, `.redirected`, `.unauthorized`,
 * `.not_onvif` or `.fault`; or the reason of the signal that ended it.
 */
export class SoapClient {
  readonly #options: SoapClientOptions;
  readonly #digest: Digest;
  /** Off for cameras that are set to HTTP Digest alone and refuse WS-Security with a fault. */
  usesWsSecurity = true;
  #clockOffsetMs: number | null = null;

  constructor(options: SoapClientOptions) {
    this.#options = options;
    this.#digest = new Digest(options);
  }

  /** The camera's clock minus ours, milliseconds; null where the camera does not tell its UTC time. */
  get clockOffsetMs(): number | null {
    return this.#clockOffsetMs;
  }

  get host(): string {
    return this.#options.host;
  }

  /** `host:port`, for errors. */
  get place(): string {
    return placeOf(this.#options.host, this.#options.port);
  }

  get hasCredentials(): boolean {
    return this.#options.username !== '';
  }

  get deviceService(): ServiceLocation {
    const { secure, port, path } = this.#options;
    return { secure, port, path };
  }

  /** Where an address that the camera gave leads; null where it is of no use. */
  locate(xaddr: string): ServiceLocation | null {
    return serviceLocation(xaddr, this.#options) ?? null;
  }

  /**
   * Asks for the camera's time. ONVIF gives whole seconds: half a second is added, so the result is off by at most half a
   * second and half the round trip.
   */
  async measureClockOffset(): Promise<number | null> {
    const { answer, sentAt } = await this.#askTime();
    const receivedAt = Date.now();
    const cameraTime = answer === undefined ? undefined : parseSystemDateAndTime(answer);
    this.#clockOffsetMs = cameraTime === undefined ? null : Math.round(cameraTime + 500 - (sentAt + receivedAt) / 2);
    return this.#clockOffsetMs;
  }

  /** Posts one request and returns the element in the answer's body. */
  async call(service: ServiceLocation, request: SoapRequest, options: CallOptions = {}): Promise<XmlElement> {
    try {
      return await this.#exchange(service, request, options);
    } catch (error) {
      if (!isOtherWayOpen(error) || !this.#isSigned(options) || !(await this.#clockHasChanged())) throw error;
      return this.#exchange(service, request, options);
    }
  }

  /** GetSystemDateAndTime; without an answer where the camera knows no such request. `sentAt` is by our clock, milliseconds. */
  async #askTime(): Promise<{ answer: XmlElement | undefined; sentAt: number }> {
    const ask = (anonymous: boolean): Promise<XmlElement> =>
      this.#exchange(this.deviceService, deviceRequest('GetSystemDateAndTime'), { anonymous });
    let sentAt = Date.now();
    try {
      return { answer: await ask(true), sentAt };
    } catch (error) {
      if (error instanceof OnvifFault) return { answer: undefined, sentAt };
      if (!isOtherWayOpen(error)) throw error;
    }
    // The specification wants it answered to anybody; Panasonic and Digital Barriers ask for credentials.
    sentAt = Date.now();
    return { answer: await ask(false), sentAt };
  }

  /** A camera refuses what its clock finds old: somebody set its clock, or it has lost it in a power cut. */
  async #clockHasChanged(): Promise<boolean> {
    const before = this.#clockOffsetMs;
    try {
      const now = await this.measureClockOffset();
      return now !== null && Math.abs(now - (before ?? 0)) > CLOCK_CHANGE_MS;
    } catch (error) {
      if (isUnauthorized(error)) return false;
      throw error;
    }
  }

  #isSigned(options: CallOptions): boolean {
    return this.usesWsSecurity && this.hasCredentials && options.anonymous !== true;
  }

  async #exchange(service: ServiceLocation, request: SoapRequest, options: CallOptions): Promise<XmlElement> {
    const { host, tls, username, password, signal } = this.#options;
    // By the camera's clock, which may be years off: it takes nothing else (Dahua, Amcrest: scrypted#1142, agsh/onvif#249, frigate#12352).
    const token = this.#isSigned(options)
      ? { username, password, nonce: randomBytes(16), createdMs: Date.now() + (this.#clockOffsetMs ?? 0) }
      : undefined;
    const { addressing } = options;
    const headers = addressing === undefined ? '' : addressingHeaders({ ...addressing, messageId: randomUUID() });
    const { status, body, digestRefused } = await postSoap({
      host,
      service,
      tls,
      digest: this.#digest,
      action: addressing?.action ?? `${request.namespace}/${request.name}`,
      envelope: buildEnvelope(request.xml, token, headers),
      timeoutMs: options.timeoutMs ?? this.#options.timeoutMs,
      signal: options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]),
      ...(options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes }),
    });
    options.onReceived?.();
    const answer = parseSoapAnswer(body);
    if (answer.type === 'answer') return answer.body;
    if (status === 401 || status === 403 || (answer.type === 'fault' && isRefusal(answer.fault))) {
      throw this.#unauthorized(digestRefused ? DigestRefused : GatewayError);
    }
    const place = placeOf(host, service.port);
    if (answer.type === 'fault') throw new OnvifFault(place, request.name, answer.fault);
    if (status >= 500) throw unavailable(place, request.name, status);
    throw notOnvif(place, `answers ${request.name} with HTTP status ${status} and no SOAP message.`);
  }

  #unauthorized(kind: typeof GatewayError): GatewayError {
    const { username } = this.#options;
    const skew = describeClockOffset(this.#clockOffsetMs);
    const clock = skew === undefined ? '' : ` Set its time, too: ${skew}, and some cameras refuse everybody then.`;
    return new kind(
      'camera.unauthorized',
      username === ''
        ? `The camera at ${this.place} asks for user name and password.`
        : `The camera at ${this.place} refuses user "${username}".`,
      { advice: `Check username and password of this camera in the config (many cameras have separate ONVIF users).${clock}` },
    );
  }
}

/** The camera had the password proved by HTTP Digest and refused it. */
class DigestRefused extends GatewayError {}

/** Refused, yet by another way to log in it may work; each way that is tried counts towards a locked account. */
export function isOtherWayOpen(error: unknown): boolean {
  return isUnauthorized(error) && !(error instanceof DigestRefused);
}

export function isUnauthorized(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'camera.unauthorized';
}
