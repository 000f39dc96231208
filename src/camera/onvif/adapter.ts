import type { TlsPolicy } from '../../base/rtsp-transport.ts';
import { textAt } from '../xml.ts';
import {
  parseCapabilities,
  parseDeviceInformation,
  parseServices,
  type DeviceInformation,
  type OnvifService,
} from './device-answers.ts';
import { deviceRequest, textElement } from './envelope.ts';
import { OnvifEvents } from './events.ts';
import { OnvifFault } from './failure.ts';
import { OnvifImaging } from './imaging.ts';
import { OnvifMedia } from './media.ts';
import { ignored, packageRequest } from './package-request.ts';
import type { OnvifProfile } from './profiles.ts';
import { OnvifPtz } from './ptz.ts';
import type { ServiceLocation } from './service-location.ts';
import { SnapshotClient } from './snapshot.ts';
import { isOtherWayOpen, SoapClient } from './soap-client.ts';

export interface OnvifConnectOptions {
  host: string;
  port: number;
  /** By https. */
  secure?: boolean;
  /** Which certificate it may show; default one that the system trusts. */
  tls?: TlsPolicy;
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

/**
 * One ONVIF device (camera, encoder or NVR). Every method throws a GatewayError as {@link SoapClient} and {@link OnvifMedia}
 * say, or the reason of the signal that ended it.
 */
export class OnvifDevice {
  readonly #closing = new AbortController();
  readonly #soap: SoapClient;
  readonly #snapshots: SnapshotClient;
  #information: DeviceInformation = { manufacturer: '', model: '', firmware: '', serial: '', hardware: '' };
  #services: OnvifService[] = [];
  #media: OnvifMedia;
  #ptz: OnvifPtz | null = null;
  #imaging: OnvifImaging | null = null;
  #events: OnvifEvents | null = null;

  private constructor(options: OnvifConnectOptions) {
    const { host, port, secure = false, tls, path = '/onvif/device_service', username, password, timeoutMs = 5000 } = options;
    const signal = options.signal === undefined ? this.#closing.signal : AbortSignal.any([options.signal, this.#closing.signal]);
    this.#soap = new SoapClient({ host, port, secure, tls, path, username, password, timeoutMs, signal });
    this.#media = new OnvifMedia(this.#soap, { media1: null, media2: null, deviceIO: null });
    const locate = (profileToken: string): Promise<ServiceLocation> => this.#media.snapshotLocation(profileToken);
    this.#snapshots = new SnapshotClient({ host, tls, username, password, timeoutMs, signal, locate });
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

  /** The clock of the device minus ours, milliseconds, which it tells without credentials; null where it does not. */
  static async clockOffsetAt(place: Omit<OnvifConnectOptions, 'username' | 'password'>): Promise<number | null> {
    const device = new OnvifDevice({ ...place, username: '', password: '' });
    try {
      return await device.measureClockOffset();
    } finally {
      device.close();
    }
  }

  get information(): DeviceInformation {
    return this.#information;
  }

  /** The services that the device lists. */
  get services(): readonly OnvifService[] {
    return this.#services;
  }

  /** The camera's clock minus ours, milliseconds; null where the camera does not tell its UTC time. */
  get clockOffsetMs(): number | null {
    return this.#soap.clockOffsetMs;
  }

  get media(): OnvifMedia {
    return this.#media;
  }

  /** Null where the device lists no such service; and so the next two. */
  get ptz(): OnvifPtz | null {
    return this.#ptz;
  }

  get imaging(): OnvifImaging | null {
    return this.#imaging;
  }

  get events(): OnvifEvents | null {
    return this.#events;
  }

  /** Asks for the camera's time again; off by at most half a second and half the round trip. */
  measureClockOffset(): Promise<number | null> {
    return this.#soap.measureClockOffset();
  }

  /** As {@link OnvifMedia.profiles}. */
  profiles(): Promise<OnvifProfile[]> {
    return this.#media.profiles();
  }

  /** As {@link OnvifMedia.streamUri}. */
  streamUri(profileToken: string): Promise<string> {
    return this.#media.streamUri(profileToken);
  }

  /** As {@link OnvifMedia.setSynchronizationPoint}. */
  setSynchronizationPoint(profileToken: string): Promise<void> {
    return this.#media.setSynchronizationPoint(profileToken);
  }

  /** As {@link SnapshotClient.fetch}. */
  snapshot(profileToken: string, digestOnly: boolean): Promise<Buffer> {
    return this.#snapshots.fetch(profileToken, digestOnly);
  }

  /** Sets the camera's clock, whole seconds of UTC; it stops following NTP then. The offset is measured again. */
  async setTime(time: Date): Promise<void> {
    // Without a time zone, which the specification lets a device keep as it is.
    const options = { dateTimeType: 'Manual', dateTime: time, daylightSavings: false } as const;
    await this.#soap.call(
      this.#soap.deviceService,
      packageRequest((cam) => cam.setSystemDateAndTime(options, ignored)),
    );
    await this.measureClockOffset();
  }

  /** Returns what the camera says to it, which may be nothing. */
  async reboot(): Promise<string> {
    const answer = await this.#soap.call(
      this.#soap.deviceService,
      packageRequest((cam) => cam.systemReboot(ignored)),
    );
    return textAt(answer, 'Message') ?? '';
  }

  /** Ends what is under way; the device is of no use afterwards. */
  close(): void {
    this.#closing.abort();
  }

  async #logIn(): Promise<void> {
    try {
      await this.#findServices();
      await this.#readInformation();
    } catch (error) {
      if (!isOtherWayOpen(error) || !this.#soap.hasCredentials) throw error;
      // Cameras set to HTTP Digest alone refuse WS-Security with a fault; without it they send their challenge.
      this.#soap.usesWsSecurity = false;
      await this.#findServices();
      await this.#readInformation();
    }
  }

  async #findServices(): Promise<void> {
    this.#services = await this.#listServices();
    const ptz = this.#locate('ptz');
    const imaging = this.#locate('imaging');
    const events = this.#locate('events');
    this.#media = new OnvifMedia(this.#soap, {
      media1: this.#locate('media'),
      media2: this.#locate('media2'),
      deviceIO: this.#locate('deviceIO'),
    });
    this.#ptz = ptz === null ? null : new OnvifPtz(this.#soap, ptz);
    this.#imaging = imaging === null ? null : new OnvifImaging(this.#soap, imaging);
    this.#events = events === null ? null : new OnvifEvents(this.#soap, events, this.#xaddrOf('events') ?? '');
  }

  async #listServices(): Promise<OnvifService[]> {
    const { deviceService } = this.#soap;
    try {
      return parseServices(
        await this.#soap.call(deviceService, deviceRequest('GetServices', textElement('IncludeCapability', 'false'))),
      );
    } catch (error) {
      if (!(error instanceof OnvifFault)) throw error;
      // Devices from before ONVIF Core 2.1.
      const request = deviceRequest('GetCapabilities', textElement('Category', 'All'));
      return parseCapabilities(await this.#soap.call(deviceService, request));
    }
  }

  #xaddrOf(name: string): string | undefined {
    return this.#services.find((service) => service.name === name)?.xaddr;
  }

  #locate(name: string): ServiceLocation | null {
    const xaddr = this.#xaddrOf(name);
    return xaddr === undefined ? null : this.#soap.locate(xaddr);
  }

  async #readInformation(): Promise<void> {
    try {
      this.#information = parseDeviceInformation(
        await this.#soap.call(this.#soap.deviceService, deviceRequest('GetDeviceInformation')),
      );
    } catch (error) {
      // Nice to have; what counts is that the credentials were not refused.
      if (!(error instanceof OnvifFault)) throw error;
    }
  }
}
