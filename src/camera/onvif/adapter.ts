import { randomBytes } from 'node:crypto';
import { GatewayError } from '../../base/errors.ts';
import { describeClockOffset } from '../clock-offset.ts';
import { splitStreamUri, withoutCredentials } from '../stream-uri.ts';
import type { XmlElement } from '../xml.ts';
import {
  parseCapabilities,
  parseDeviceInformation,
  parseServices,
  parseSystemDateAndTime,
  type DeviceInformation,
  type ServiceAddresses,
} from './device-answers.ts';
import {
  buildEnvelope,
  buildRequest,
  DEVICE_NAMESPACE,
  MEDIA1_NAMESPACE,
  MEDIA2_NAMESPACE,
  SCHEMA_NAMESPACE,
  textElement,
} from './envelope.ts';
import { parseMedia1Profiles, parseMedia2Profiles, parseStreamUri, type OnvifProfile } from './profiles.ts';
import { serviceLocation, type ServiceLocation } from './service-location.ts';
import { isRefusal, parseSoapAnswer, type SoapFault } from './soap-answer.ts';
import { notOnvif, postSoap } from './transport.ts';

export interface OnvifConnectOptions {
  host: string;
  port: number;
  /** Of the device service; default `/onvif/device_service`, which the ONVIF specification prescribes. */
  path?: string;
  /** Empty: no credentials are sent. */
  username: string;
  password: string;
  /** For each call, milliseconds; default 5000. */
  timeoutMs?: number;
  /** Ends the connect, and every later call. */
  signal?: AbortSignal;
}

/** Media1 StreamSetup: RTP over the RTSP connection's host, whichever transport RTSP then negotiates. */
const RTP_OVER_RTSP =
  `<Stream xmlns="${SCHEMA_NAMESPACE}">RTP-Unicast</Stream>` +
  `<Transport xmlns="${SCHEMA_NAMESPACE}"><Protocol>RTSP</Protocol></Transport>`;

/** A fault that is no refusal of credentials; callers that can do without the answer look for it. */
class OnvifFault extends GatewayError {
  constructor(place: string, name: string, fault: SoapFault) {
    const code = fault.codes.slice(1).join('/') || fault.codes.join('/') || 'no fault code';
    super('camera.fault', `The camera at ${place} refused ${name}: ${fault.text === '' ? code : `${fault.text} (${code})`}.`);
  }
}

/**
 * One ONVIF device (camera, encoder or NVR) over SOAP. Every method throws a GatewayError: `camera.unreachable`,
 * `camera.timeout`, `camera.unauthorized`, `camera.not_onvif`, `camera.fault` or `camera.no_profiles`; or the reason of
 * the signal that ended it.
 */
export class OnvifDevice {
  readonly #options: OnvifConnectOptions;
  readonly #closing = new AbortController();
  readonly #signal: AbortSignal;
  #information: DeviceInformation = { manufacturer: '', model: '', firmware: '', serial: '', hardware: '' };
  #clockOffsetMs: number | null = null;
  #usesWsSecurity = true;
  #media1: ServiceLocation | null = null;
  #media2: ServiceLocation | null = null;

  private constructor(options: OnvifConnectOptions) {
    this.#options = options;
    this.#signal = options.signal === undefined ? this.#closing.signal : AbortSignal.any([options.signal, this.#closing.signal]);
  }

  /**
   * Measures the camera's clock, finds its services and asks for the device information, which takes valid credentials
   * (ONVIF Core, access class READ_SYSTEM): a wrong password fails here and not later.
   */
  static async connect(options: OnvifConnectOptions): Promise<OnvifDevice> {
    const device = new OnvifDevice(options);
    try {
      await device.measureClockOffset();
      await device.#logIn();
      return device;
    } catch (error) {
      device.close();
      throw error;
    }
  }

  get information(): DeviceInformation {
    return this.#information;
  }

  /** The camera's clock minus ours, milliseconds; null where the camera does not tell its UTC time. */
  get clockOffsetMs(): number | null {
    return this.#clockOffsetMs;
  }

  /**
   * Asks for the camera's time again. ONVIF gives whole seconds: half a second is added, so the result is off by at most
   * half a second and half the round trip.
   */
  async measureClockOffset(): Promise<number | null> {
    const { answer, sentAt } = await this.#askTime();
    const receivedAt = Date.now();
    const cameraTime = answer === undefined ? undefined : parseSystemDateAndTime(answer);
    this.#clockOffsetMs = cameraTime === undefined ? null : Math.round(cameraTime + 500 - (sentAt + receivedAt) / 2);
    return this.#clockOffsetMs;
  }

  /** The media profiles, by Media2 where the camera has it (H.265 is only listed there), else by Media1; never empty. */
  async profiles(): Promise<OnvifProfile[]> {
    let profiles = await this.#media2Profiles();
    if (profiles.length === 0 && this.#media1 !== null) {
      profiles = parseMedia1Profiles(await this.#call(this.#media1, MEDIA1_NAMESPACE, 'GetProfiles'));
    }
    if (profiles.length > 0) return profiles;
    throw new GatewayError('camera.no_profiles', `The camera at ${this.#place} lists no media profile.`, {
      advice: "Make a profile with a video encoder on the camera's own web page.",
    });
  }

  /** Where the profile is pulled by RTSP: without credentials, at the host by which we reached the camera. */
  async streamUri(profileToken: string): Promise<string> {
    const token = textElement('ProfileToken', profileToken);
    const answer = await this.#mediaCall('GetStreamUri', {
      media1: `<StreamSetup>${RTP_OVER_RTSP}</StreamSetup>${token}`,
      media2: `${textElement('Protocol', 'RTSP')}${token}`,
    });
    const uri = splitStreamUri(parseStreamUri(answer) ?? '');
    if (uri !== undefined) return withoutCredentials(uri, this.#options.host);
    throw new GatewayError('camera.fault', `The camera at ${this.#place} gave no RTSP address for profile "${profileToken}".`);
  }

  /** Asks the camera for a keyframe at once on every stream of the profile (ONVIF Media, SetSynchronizationPoint). */
  async setSynchronizationPoint(profileToken: string): Promise<void> {
    const token = textElement('ProfileToken', profileToken);
    await this.#mediaCall('SetSynchronizationPoint', { media1: token, media2: token });
  }

  /** Ends what is under way; the device is of no use afterwards. */
  close(): void {
    this.#closing.abort();
  }

  get #place(): string {
    return `${this.#options.host}:${this.#options.port}`;
  }

  get #deviceService(): ServiceLocation {
    return { port: this.#options.port, path: this.#options.path ?? '/onvif/device_service' };
  }

  /** GetSystemDateAndTime; without an answer where the camera knows no such request. `sentAt` is by our clock, milliseconds. */
  async #askTime(): Promise<{ answer: XmlElement | undefined; sentAt: number }> {
    const ask = (anonymous: boolean): Promise<XmlElement> =>
      this.#call(this.#deviceService, DEVICE_NAMESPACE, 'GetSystemDateAndTime', { anonymous });
    let sentAt = Date.now();
    try {
      return { answer: await ask(true), sentAt };
    } catch (error) {
      if (error instanceof OnvifFault) return { answer: undefined, sentAt };
      if (!(error instanceof GatewayError && error.code === 'camera.unauthorized')) throw error;
    }
    // The specification wants it answered to anybody; Panasonic and Digital Barriers ask for credentials.
    sentAt = Date.now();
    return { answer: await ask(false), sentAt };
  }

  async #logIn(): Promise<void> {
    try {
      await this.#findServices();
      await this.#readInformation();
    } catch (error) {
      if (!(error instanceof GatewayError && error.code === 'camera.unauthorized') || this.#options.username === '') throw error;
      // Cameras set to HTTP Digest alone refuse WS-Security with a fault; without it they send their challenge.
      this.#usesWsSecurity = false;
      await this.#findServices();
      await this.#readInformation();
    }
  }

  async #findServices(): Promise<void> {
    let addresses: ServiceAddresses;
    try {
      const content = textElement('IncludeCapability', 'false');
      addresses = parseServices(await this.#call(this.#deviceService, DEVICE_NAMESPACE, 'GetServices', { content }));
    } catch (error) {
      if (!(error instanceof OnvifFault)) throw error;
      // Devices from before ONVIF Core 2.1.
      const content = textElement('Category', 'All');
      addresses = parseCapabilities(await this.#call(this.#deviceService, DEVICE_NAMESPACE, 'GetCapabilities', { content }));
    }
    this.#media1 = this.#locate(addresses.media1);
    this.#media2 = this.#locate(addresses.media2);
  }

  #locate(xaddr: string | null): ServiceLocation | null {
    return xaddr === null ? null : (serviceLocation(xaddr, this.#options) ?? null);
  }

  async #readInformation(): Promise<void> {
    try {
      this.#information = parseDeviceInformation(await this.#call(this.#deviceService, DEVICE_NAMESPACE, 'GetDeviceInformation'));
    } catch (error) {
      // Nice to have; what counts is that the credentials were not refused.
      if (!(error instanceof OnvifFault)) throw error;
    }
  }

  async #media2Profiles(): Promise<OnvifProfile[]> {
    if (this.#media2 === null) return [];
    let profiles: OnvifProfile[] = [];
    try {
      const content = textElement('Type', 'All');
      profiles = parseMedia2Profiles(await this.#call(this.#media2, MEDIA2_NAMESPACE, 'GetProfiles', { content }));
    } catch (error) {
      if (!(error instanceof OnvifFault && this.#media1 !== null)) throw error;
    }
    // D-Link DCS-8635LH announces a Media2 that does not work; from here on Media1 is asked alone.
    if (profiles.length === 0 && this.#media1 !== null) this.#media2 = null;
    return profiles;
  }

  /** A call that both media services have, by Media2 where there is one; Media1 is the second try where Media2 faults. */
  async #mediaCall(name: string, content: { media1: string; media2: string }): Promise<XmlElement> {
    if (this.#media2 !== null) {
      try {
        return await this.#call(this.#media2, MEDIA2_NAMESPACE, name, { content: content.media2 });
      } catch (error) {
        if (!(error instanceof OnvifFault && this.#media1 !== null)) throw error;
      }
    }
    if (this.#media1 !== null) return this.#call(this.#media1, MEDIA1_NAMESPACE, name, { content: content.media1 });
    throw new GatewayError('camera.no_profiles', `The device at ${this.#place} has no media service.`);
  }

  /** Posts one request and returns the element in the answer's body. `anonymous` leaves WS-Security out. */
  async #call(
    service: ServiceLocation,
    namespace: string,
    name: string,
    options: { content?: string; anonymous?: boolean } = {},
  ): Promise<XmlElement> {
    const { host, username, password, timeoutMs = 5000 } = this.#options;
    const token =
      options.anonymous === true || username === '' || !this.#usesWsSecurity
        ? undefined
        : { username, password, nonce: randomBytes(16), createdMs: Date.now() + (this.#clockOffsetMs ?? 0) };
    const { status, body } = await postSoap(
      { host, port: service.port, username, password },
      {
        path: service.path,
        action: `${namespace}/${name}`,
        envelope: buildEnvelope(buildRequest(namespace, name, options.content), token),
        timeoutMs,
        signal: this.#signal,
      },
    );
    const answer = parseSoapAnswer(body);
    if (answer.type === 'answer') return answer.body;
    if (status === 401 || status === 403 || (answer.type === 'fault' && isRefusal(answer.fault))) throw this.#unauthorized();
    if (answer.type === 'fault') throw new OnvifFault(this.#place, name, answer.fault);
    throw notOnvif(host, service.port, `answers ${name} with HTTP status ${status} and no SOAP message.`);
  }

  #unauthorized(): GatewayError {
    const { username } = this.#options;
    const skew = describeClockOffset(this.#clockOffsetMs);
    const clock = skew === undefined ? '' : ` Set its time, too: ${skew}, and some cameras refuse everybody then.`;
    return new GatewayError(
      'camera.unauthorized',
      username === ''
        ? `The camera at ${this.#place} asks for user name and password.`
        : `The camera at ${this.#place} refuses user "${username}".`,
      { advice: `Check username and password of this camera in the config (many cameras have separate ONVIF users).${clock}` },
    );
  }
}
