import { printable } from '../../base/printable.ts';
import { findElement, findElements, numberAt, textAt, type XmlElement } from '../xml.ts';

/** GetDeviceInformation; empty where the camera says nothing. */
export interface DeviceInformation {
  manufacturer: string;
  model: string;
  firmware: string;
  serial: string;
  hardware: string;
}

/** One service of a device, as it says. */
export interface OnvifService {
  /** `device`, `media`, `media2`, `ptz`, `imaging`, `events`, `analytics`, `deviceIO` ...; a vendor's own by its namespace. */
  name: string;
  /** Of the specification that it follows, `2.60`; null where it is not told. */
  version: string | null;
  /** Its address as the camera sees itself. */
  xaddr: string;
}

/** Services beyond these are not read. */
const MAX_SERVICES = 64;

/**
 * GetSystemDateAndTime: the camera's UTC time in milliseconds since 1970, whole seconds; undefined where it gives only
 * local time (its time zone strings are too often wrong) or no valid date.
 */
export function parseSystemDateAndTime(answer: XmlElement): number | undefined {
  const utc = findElement(answer, 'SystemDateAndTime', 'UTCDateTime');
  const year = numberAt(utc, 'Date', 'Year');
  const month = numberAt(utc, 'Date', 'Month');
  const day = numberAt(utc, 'Date', 'Day');
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const hour = numberAt(utc, 'Time', 'Hour') ?? 0;
  const minute = numberAt(utc, 'Time', 'Minute') ?? 0;
  const second = numberAt(utc, 'Time', 'Second') ?? 0;
  const time = Date.UTC(year, month - 1, day, hour, minute, second);
  return Number.isFinite(time) ? time : undefined;
}

export function parseDeviceInformation(answer: XmlElement): DeviceInformation {
  return {
    manufacturer: printable(textAt(answer, 'Manufacturer') ?? ''),
    model: printable(textAt(answer, 'Model') ?? ''),
    firmware: printable(textAt(answer, 'FirmwareVersion') ?? ''),
    serial: printable(textAt(answer, 'SerialNumber') ?? ''),
    hardware: printable(textAt(answer, 'HardwareId') ?? ''),
  };
}

/** GetServices. */
export function parseServices(answer: XmlElement): OnvifService[] {
  const services: OnvifService[] = [];
  for (const service of findElements(answer, 'Service').slice(0, MAX_SERVICES)) {
    const namespace = textAt(service, 'Namespace');
    const xaddr = textAt(service, 'XAddr');
    if (namespace === undefined || xaddr === undefined) continue;
    const major = numberAt(service, 'Version', 'Major');
    const minor = numberAt(service, 'Version', 'Minor') ?? 0;
    const version = major === undefined ? null : `${major}.${String(minor).padStart(2, '0')}`;
    services.push({ name: serviceName(namespace), version, xaddr });
  }
  return services;
}

/** GetCapabilities, for devices from before GetServices (ONVIF Core 2.1); they have no Media2. */
export function parseCapabilities(answer: XmlElement): OnvifService[] {
  const capabilities = findElement(answer, 'Capabilities');
  const extension = findElement(capabilities, 'Extension');
  return [...(capabilities?.children ?? []), ...(extension?.children ?? [])].slice(0, MAX_SERVICES).flatMap((element) => {
    const xaddr = textAt(element, 'XAddr');
    const name = element.name === 'DeviceIO' ? 'deviceIO' : element.name.toLowerCase();
    return xaddr === undefined ? [] : [{ name: printable(name), version: null, xaddr }];
  });
}

/** The middle of `http://www.onvif.org/ver20/ptz/wsdl`. */
function serviceName(namespace: string): string {
  const [, version, name] = /onvif\.org\/ver(\d\d)\/([^/]+)\/wsdl\/?$/i.exec(namespace) ?? [];
  if (name === undefined) return printable(namespace);
  return name === 'media' && version === '20' ? 'media2' : printable(name);
}
