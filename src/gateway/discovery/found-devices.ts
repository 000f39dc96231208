import type { FoundDevice } from '../../base/api.ts';
import { onvifAddressOf } from '../../camera/discovery/device-address.ts';
import type { PresentDevice } from '../../camera/discovery/present-devices.ts';
import { printable } from '../../base/printable.ts';
import { describePlace } from '../../camera/whereabouts.ts';
import { entriesOf, itemLines } from '../../config/camera-entries.ts';

/** Devices that are shown; on a larger network `discover --write` is the better tool. */
const MAX_SHOWN = 256;
const MAX_REFERENCE = 256;
/** Where the dashes of a list stand in the example and in what `discover --write` makes. */
const COLUMN = 2;

/**
 * Devices as the API shows them, each with the lines that make it a camera of the config.
 *
 * @param ids Those that the lines must not use.
 */
export function describeFound(devices: readonly PresentDevice[], ids: ReadonlySet<string>): FoundDevice[] {
  const shown = devices.toSorted((a, b) => a.since - b.since).slice(0, MAX_SHOWN);
  const places = shown.map(({ addresses, answering, xaddrs }) => {
    return onvifAddressOf({ addresses: answering.length === 0 ? addresses : answering, xaddrs });
  });
  const entries = entriesOf(
    shown.map(({ name, endpointReference }, index) => ({
      name,
      onvif: places[index] ?? { host: '', port: 80 },
      endpointReference,
    })),
    ids,
    '',
  );
  return shown.flatMap(({ endpointReference, name, hardware, location, since }, index) => {
    const [place, entry] = [places[index], entries[index]];
    if (place === undefined || entry === undefined) return [];
    return {
      endpointReference: printable(endpointReference, MAX_REFERENCE),
      address: describePlace(place),
      name,
      hardware,
      location,
      since: new Date(since).toISOString(),
      yaml: `${itemLines([entry], COLUMN).join('\n')}\n`,
    };
  });
}
