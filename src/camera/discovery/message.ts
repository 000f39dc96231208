import { deviceTypeOf } from './device-type.ts';
import { escapeXml, findElement, findElements, parseXml, textAt, type XmlElement } from '../xml.ts';

/** What a Probe looks for: every ONVIF device answers to one of the two, few to both. */
export type ProbeType = 'dn:NetworkVideoTransmitter' | 'tds:Device';

/** A device as it describes itself in a ProbeMatch or a Hello. */
export interface DeviceDescription {
  /** Stable name of the device, mostly `urn:uuid:...`. */
  endpointReference: string;
  /** URLs of the device service, as the device believes them to be. */
  xaddrs: string[];
  types: string[];
  scopes: string[];
}

export interface ProbeMatches {
  /** MessageID of the Probe that this answers. */
  relatesTo: string;
  matches: DeviceDescription[];
}

/** What a device says unasked: that it is there (again), or that it leaves; a Bye often has the endpoint reference alone. */
export interface Announcement {
  kind: 'hello' | 'bye';
  /** Undefined where the device gives none. Copies of one announcement have the same. */
  messageId: string | undefined;
  device: DeviceDescription;
}

const SOAP = 'http://www.w3.org/2003/05/soap-envelope';
const ADDRESSING = 'http://schemas.xmlsoap.org/ws/2004/08/addressing';
const DISCOVERY = 'http://schemas.xmlsoap.org/ws/2005/04/discovery';
const NAMESPACES: Readonly<Record<ProbeType, string>> = {
  'dn:NetworkVideoTransmitter': 'xmlns:dn="http://www.onvif.org/ver10/network/wsdl"',
  'tds:Device': 'xmlns:tds="http://www.onvif.org/ver10/device/wsdl"',
};

/** A discovery proxy may answer for a whole site in one datagram; more than this does not fit into one. */
const MAX_MATCHES = 256;
/** Most addresses, types and scopes kept of one match, and the longest of them, characters. */
const MAX_ITEMS = 64;
const MAX_ITEM_LENGTH = 1024;

/** A WS-Discovery (2005/04, as ONVIF Core 7.3 says) Probe; `messageId` is a fresh `urn:uuid:...`. */
export function buildProbe(type: ProbeType, messageId: string): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    `<s:Envelope xmlns:s="${SOAP}" xmlns:a="${ADDRESSING}" xmlns:d="${DISCOVERY}" ${NAMESPACES[type]}>` +
    `<s:Header><a:Action s:mustUnderstand="1">${DISCOVERY}/Probe</a:Action>` +
    `<a:MessageID>${escapeXml(messageId)}</a:MessageID>` +
    `<a:ReplyTo><a:Address>${ADDRESSING}/role/anonymous</a:Address></a:ReplyTo>` +
    '<a:To s:mustUnderstand="1">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>' +
    `<s:Body><d:Probe><d:Types>${type}</d:Types></d:Probe></s:Body></s:Envelope>`
  );
}

/** Reads one datagram; undefined where it is no ProbeMatches message with at least one usable match: printers answer to everything. Never throws. */
export function parseProbeMatches(datagram: Uint8Array): ProbeMatches | undefined {
  const envelope = parseEnvelope(datagram);
  const relatesTo = textAt(envelope, 'Header', 'RelatesTo');
  const body = findElement(envelope, 'Body', 'ProbeMatches');
  if (relatesTo === undefined || body === undefined) return undefined;
  const matches = findElements(body, 'ProbeMatch')
    .slice(0, MAX_MATCHES)
    .flatMap((element) => descriptionOf(element) ?? []);
  return matches.length === 0 ? undefined : { relatesTo, matches };
}

/** Reads one datagram; undefined where it is no Hello or Bye of a device that names itself and may be one of ONVIF. Never throws. */
export function parseAnnouncement(datagram: Uint8Array): Announcement | undefined {
  const envelope = parseEnvelope(datagram);
  const hello = findElement(envelope, 'Body', 'Hello');
  const element = hello ?? findElement(envelope, 'Body', 'Bye');
  const device = element === undefined ? undefined : descriptionOf(element);
  if (device === undefined) return undefined;
  const messageId = textAt(envelope, 'Header', 'MessageID')?.slice(0, MAX_ITEM_LENGTH);
  return { kind: hello === undefined ? 'bye' : 'hello', messageId, device };
}

function parseEnvelope(datagram: Uint8Array): XmlElement | undefined {
  const root = parseXml(new TextDecoder().decode(datagram));
  return root?.name === 'Envelope' ? root : undefined;
}

function descriptionOf(element: XmlElement): DeviceDescription | undefined {
  const xaddrs = listAt(element, 'XAddrs').filter(isHttpUrl);
  // Some cameras leave the endpoint reference empty; their address names them as well as can be.
  const endpointReference = textAt(element, 'EndpointReference', 'Address') ?? xaddrs[0];
  if (endpointReference === undefined || endpointReference.length > MAX_ITEM_LENGTH) return undefined;
  const [types, scopes] = [listAt(element, 'Types'), listAt(element, 'Scopes')];
  // Windows PCs and printers speak the same language.
  if (deviceTypeOf(element, types, scopes) === 'other') return undefined;
  return { endpointReference, xaddrs, types, scopes };
}

/** An XML list: items apart by white space. */
function listAt(element: XmlElement, name: string): string[] {
  const items = (textAt(element, name) ?? '').split(/\s+/).filter((item) => item !== '' && item.length <= MAX_ITEM_LENGTH);
  return [...new Set(items)].slice(0, MAX_ITEMS);
}

function isHttpUrl(text: string): boolean {
  // A URL may not begin with control characters, which the parser leaves out in silence.
  return /^https?:/i.test(text) && URL.canParse(text);
}
