import { printable } from '../printable.ts';
import { findElement, findElements, numberAt, textAt, type XmlElement } from '../xml.ts';
import { MEDIA1_NAMESPACE, MEDIA2_NAMESPACE } from './envelope.ts';

/** GetDeviceInformation; empty where the camera says nothing. */
export interface DeviceInformation {
  manufacturer: string;
  model: string;
  firmware: string;
  serial: string;
  hardware: string;
}

/** Where the services are, as the camera says; null where it has no such service. */
export interface ServiceAddresses {
  media1: string | null;
  media2: string | null;
}

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
export function parseServices(answer: XmlElement): ServiceAddresses {
  const addressOf = (namespace: string): string | null => {
    const service = findElements(answer, 'Service').find((candidate) => textAt(candidate, 'Namespace') === namespace);
    return textAt(service, 'XAddr') ?? null;
  };
  return { media1: addressOf(MEDIA1_NAMESPACE), media2: addressOf(MEDIA2_NAMESPACE) };
}

/** GetCapabilities, for devices from before GetServices (ONVIF Core 2.1). */
export function parseCapabilities(answer: XmlElement): ServiceAddresses {
  return { media1: textAt(answer, 'Capabilities', 'Media', 'XAddr') ?? null, media2: null };
}
