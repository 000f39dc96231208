import { createHash } from 'node:crypto';

/**
 * The id of a camera that stands in no list: from what it calls itself in discovery, so that it is the same after restarts of
 * camera and gateway, and at any address.
 *
 * @param length Of the digest in it, hexadecimal digits; more where the usual one is taken.
 */
export function adoptedId(endpointReference: string, length = 8): string {
  return `cam-${createHash('sha256').update(endpointReference).digest('hex').slice(0, length)}`;
}

/** Whether an id may be that of an adopted camera; which there will be nobody knows beforehand. */
export function isAdoptedId(id: string): boolean {
  return /^cam-[0-9a-f]{8,64}$/.test(id);
}
