import { findElement, namespaceOf, type XmlElement } from '../xml.ts';

/** The types of ONVIF devices by namespace (ONVIF Core 7.3.3.1); `Device` alone is also what Windows PCs and printers are (DPWS). */
const NETWORK = 'http://www.onvif.org/ver10/network/wsdl';
const DEVICE = 'http://www.onvif.org/ver10/device/wsdl';

/** What the Types and Scopes of an announcement or answer show. */
export type DeviceType = 'onvif' | 'other' | 'unknown';

/** @param element a ProbeMatch, Hello or Bye, with these types and scopes */
export function deviceTypeOf(element: XmlElement, types: readonly string[], scopes: readonly string[]): DeviceType {
  if (hasOnvifScope(scopes)) return 'onvif';
  if (types.length === 0) return 'unknown';
  const holder = findElement(element, 'Types') ?? element;
  return types.some((type) => isOnvifType(type, (prefix) => namespaceOf(holder, prefix))) ? 'onvif' : 'other';
}

/** Whether nothing in a Hello shows that it is of an ONVIF device: WS-Discovery lets devices leave out their types. */
export function isUntyped({ types, scopes }: { types: readonly string[]; scopes: readonly string[] }): boolean {
  return types.length === 0 && !hasOnvifScope(scopes);
}

function hasOnvifScope(scopes: readonly string[]): boolean {
  return scopes.some((scope) => scope.toLowerCase().startsWith('onvif://'));
}

function isOnvifType(type: string, resolve: (prefix: string) => string | undefined): boolean {
  const colon = type.indexOf(':');
  const prefix = type.slice(0, Math.max(0, colon));
  const name = type.slice(colon + 1);
  // Nothing else is called so, and some cameras get the namespace wrong or do not declare the prefix.
  if (name === 'NetworkVideoTransmitter') return true;
  const namespace = resolve(prefix) ?? (prefix === 'tds' ? DEVICE : undefined);
  return name === 'Device' && (namespace === DEVICE || namespace === NETWORK);
}
