import { child, childText, MalformedXmlError, parseXml, resolveName, xml, type Markup, type XmlElement } from './onvif/xml.ts';

/* WS-Discovery (April 2005) as the ONVIF Core Specification section 7 profiles it: the messages of a device. */

const NAMESPACES = {
  env: 'http://www.w3.org/2003/05/soap-envelope',
  wsa: 'http://schemas.xmlsoap.org/ws/2004/08/addressing',
  wsd: 'http://schemas.xmlsoap.org/ws/2005/04/discovery',
  dn: 'http://www.onvif.org/ver10/network/wsdl',
  tds: 'http://www.onvif.org/ver10/device/wsdl',
} as const;

/** The well-known multicast destinations of target services are this URN. */
const EVERYBODY = 'urn:schemas-xmlsoap-org:ws:2005:04:discovery';
const ANONYMOUS = `${NAMESPACES.wsa}/role/anonymous`;

/** A device as it announces itself. */
export interface DiscoverableDevice {
  /** `urn:uuid:...` */
  endpointReference: string;
  scopes: readonly string[];
  /** Service addresses, absolute URLs. */
  xAddrs: readonly string[];
}

/** What a client may ask. */
export type DiscoveryQuery =
  | {
      kind: 'probe';
      messageId: string;
      types: { namespace: string; name: string }[];
      scopes: { rule: string; values: string[] };
    }
  | { kind: 'resolve'; messageId: string; endpointReference: string };

/** Who sends, for the receivers' ordering (WS-Discovery's AppSequence). */
export interface MessageOrigin {
  messageId: string;
  instanceId: number;
  messageNumber: number;
}

/** Reads a datagram; undefined where it is no query (answers and announcements of others), or is malformed. */
export function parseQuery(text: string): DiscoveryQuery | undefined {
  let envelope: XmlElement;
  try {
    envelope = parseXml(text);
  } catch (error) {
    if (error instanceof MalformedXmlError) return undefined;
    throw error;
  }
  const messageId = childText(child(envelope, 'Header'), 'MessageID');
  const request = child(envelope, 'Body')?.children[0];
  if (messageId === undefined || request?.namespace !== NAMESPACES.wsd) return undefined;
  if (request.name === 'Resolve') {
    const endpointReference = childText(child(request, 'EndpointReference'), 'Address') ?? '';
    return { kind: 'resolve', messageId, endpointReference };
  }
  if (request.name !== 'Probe') return undefined;
  const types = child(request, 'Types');
  const scopes = child(request, 'Scopes');
  return {
    kind: 'probe',
    messageId,
    types: types === undefined ? [] : words(types.text).map((type) => resolveName(type, types.prefixes)),
    scopes: {
      rule: scopes?.attributes.get('MatchBy') ?? `${NAMESPACES.wsd}/rfc3986`,
      values: words(scopes?.text ?? ''),
    },
  };
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** Whether a query means this device: all of its types and all of its scopes fit, or it names the endpoint. */
export function isMeant(query: DiscoveryQuery, device: DiscoverableDevice): boolean {
  if (query.kind === 'resolve') return query.endpointReference === device.endpointReference;
  const hasTypes = query.types.every(
    ({ namespace, name }) =>
      (namespace === NAMESPACES.dn && name === 'NetworkVideoTransmitter') || (namespace === NAMESPACES.tds && name === 'Device'),
  );
  return (
    hasTypes &&
    query.scopes.values.every((wanted) => device.scopes.some((scope) => isScopeMatch(query.scopes.rule, wanted, scope)))
  );
}

/** WS-Discovery section 5.1: `rfc3986` compares whole path segments from the start, `strcmp0` the text. */
function isScopeMatch(rule: string, wanted: string, scope: string): boolean {
  if (rule === `${NAMESPACES.wsd}/strcmp0`) return wanted === scope;
  if (rule !== `${NAMESPACES.wsd}/rfc3986`) return false;
  const [wantedUrl, scopeUrl] = [URL.parse(wanted), URL.parse(scope)];
  if (wantedUrl === null || scopeUrl === null) return false;
  if (wantedUrl.protocol !== scopeUrl.protocol || wantedUrl.host.toLowerCase() !== scopeUrl.host.toLowerCase()) return false;
  const segments = (url: URL): string[] => url.pathname.split('/').filter((segment) => segment !== '');
  const have = segments(scopeUrl);
  return segments(wantedUrl).every((segment, index) => segment === have[index]);
}

export function buildMatches(query: DiscoveryQuery, device: DiscoverableDevice, origin: MessageOrigin): string {
  const relatesTo = query.messageId;
  return query.kind === 'probe'
    ? envelope(
        'ProbeMatches',
        ANONYMOUS,
        origin,
        relatesTo,
        xml`<wsd:ProbeMatches><wsd:ProbeMatch>${description(device)}</wsd:ProbeMatch></wsd:ProbeMatches>`,
      )
    : envelope(
        'ResolveMatches',
        ANONYMOUS,
        origin,
        relatesTo,
        xml`<wsd:ResolveMatches><wsd:ResolveMatch>${description(device)}</wsd:ResolveMatch></wsd:ResolveMatches>`,
      );
}

export function buildHello(device: DiscoverableDevice, origin: MessageOrigin): string {
  return envelope('Hello', EVERYBODY, origin, undefined, xml`<wsd:Hello>${description(device)}</wsd:Hello>`);
}

export function buildBye(device: DiscoverableDevice, origin: MessageOrigin): string {
  return envelope('Bye', EVERYBODY, origin, undefined, xml`<wsd:Bye>${endpoint(device)}</wsd:Bye>`);
}

function endpoint(device: DiscoverableDevice): Markup {
  return xml`<wsa:EndpointReference><wsa:Address>${device.endpointReference}</wsa:Address></wsa:EndpointReference>`;
}

function description(device: DiscoverableDevice): Markup {
  return xml`${endpoint(device)}<wsd:Types>dn:NetworkVideoTransmitter tds:Device</wsd:Types><wsd:Scopes>${device.scopes.join(' ')}</wsd:Scopes><wsd:XAddrs>${device.xAddrs.join(' ')}</wsd:XAddrs><wsd:MetadataVersion>1</wsd:MetadataVersion>`;
}

const DECLARATIONS = Object.entries(NAMESPACES)
  .map(([prefix, uri]) => ` xmlns:${prefix}="${uri}"`)
  .join('');

function envelope(action: string, to: string, origin: MessageOrigin, relatesTo: string | undefined, body: Markup): string {
  const header = xml`<wsa:MessageID>${origin.messageId}</wsa:MessageID>${relatesTo === undefined ? undefined : xml`<wsa:RelatesTo>${relatesTo}</wsa:RelatesTo>`}<wsa:To>${to}</wsa:To><wsa:Action>${NAMESPACES.wsd}/${action}</wsa:Action><wsd:AppSequence InstanceId="${origin.instanceId}" MessageNumber="${origin.messageNumber}"/>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<env:Envelope${DECLARATIONS}><env:Header>${header.text}</env:Header><env:Body>${body.text}</env:Body></env:Envelope>`;
}
