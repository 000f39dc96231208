import { GatewayError } from '../base/errors.ts';
import type { DeviceInformation } from './onvif/device-answers.ts';

/** By what a device is known again at another address. Null and empty: not known. */
export interface DeviceIdentity {
  /** What it calls itself in discovery; some choose anew whenever they start. */
  endpointReference: string | null;
  manufacturer: string;
  model: string;
  serial: string;
}

type Known = Pick<DeviceIdentity, 'manufacturer' | 'model' | 'serial'>;
type Said = Pick<DeviceInformation, 'manufacturer' | 'model' | 'serial'>;

/** Shorter ones, one digit over and over, and those of the factory's example are on many devices. */
const COMMON_SERIAL = /^(?:.{0,3}|(.)\1*|0*1234(?:5(?:6(?:7(?:8(?:90?)?)?)?)?)?|unknown|default|none|n\/a|null|serial ?number)$/i;

/** Whether what a device says of itself shows that it is not the one that is known; what either leaves out shows nothing. */
function isOtherDevice(known: Known, said: Said): boolean {
  // Firmware writes maker and model differently from version to version.
  if (hasOwnSerial(known) && known.serial === said.serial) return false;
  const differs = (key: keyof Known): boolean => known[key] !== '' && said[key] !== '' && known[key] !== said[key];
  return differs('serial') || (differs('manufacturer') && differs('model'));
}

/**
 * Addresses are given away anew (DHCP): whoever has the one of a camera now need not be it. Throws `camera.other_device`.
 *
 * @param known Null: nothing is known of the camera.
 */
export function assertOwnDevice(
  known: Known | null,
  said: Said,
  { cameraId, address, advice }: { cameraId: string; address: string; advice: string },
): void {
  if (known === null || !isOtherDevice(known, said)) return;
  throw new GatewayError(
    'camera.other_device',
    `At ${address} is another device (${describeDevice(said)}) than camera ${cameraId} (${describeDevice(known)}).`,
    { advice },
  );
}

/** Whether a device can be told from others of its kind by its serial number. */
export function hasOwnSerial({ serial }: Pick<Known, 'serial'>): boolean {
  return !COMMON_SERIAL.test(serial);
}

/** Whether what a device says of itself proves that it is the one that is known. */
export function isSameDevice(known: Known, said: Said): boolean {
  if (!hasOwnSerial(known)) return false;
  return known.serial === said.serial && known.manufacturer === said.manufacturer && known.model === said.model;
}

/** `Acme X100, serial number 42`; what is not known is left out. */
export function describeDevice({ manufacturer, model, serial }: Said): string {
  const device = `${manufacturer} ${model}`.trim();
  return [device, serial === '' ? '' : `serial number ${serial}`].filter((part) => part !== '').join(', ');
}
