/**
 * Whether an endpoint reference is a name of the device's own (`urn:uuid:...`), by which it is known at any address. Where a device
 * leaves it empty it goes by the URL of its service, which changes with its address.
 */
export function isOwnName(endpointReference: string): boolean {
  return /^(?:urn|uuid):[\w:.-]{1,200}$/i.test(endpointReference);
}
