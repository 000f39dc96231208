import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { child, childText, parseXml, type XmlElement } from '../../../../src/simulator/onvif/xml.ts';

export const DEVICE = 'http://www.onvif.org/ver10/device/wsdl';
export const MEDIA2 = 'http://www.onvif.org/ver20/media/wsdl';
export const EVENTS = 'http://www.onvif.org/ver10/events/wsdl';
export const NOTIFICATION = 'http://docs.oasis-open.org/wsn/b-2';

const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
const WSU = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';
const PASSWORD_DIGEST = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest';

/** A wsse:Security header as a client makes it. */
export function securityHeader(credentials: { username: string; password: string; created: string; nonce?: Buffer }): string {
  const { username, password, created, nonce = randomBytes(16) } = credentials;
  const digest = createHash('sha1').update(nonce).update(created).update(password).digest('base64');
  return `<o:Security xmlns:o="${WSSE}" xmlns:u="${WSU}"><o:UsernameToken><o:Username>${username}</o:Username>
    <o:Password Type="${PASSWORD_DIGEST}">${digest}</o:Password><o:Nonce>${nonce.toString('base64')}</o:Nonce>
    <u:Created>${created}</u:Created></o:UsernameToken></o:Security>`;
}

/** The envelope of an operation; its arguments are written with the prefix `a`, those of the schema with `tt`. */
export function soapEnvelope(namespace: string, operation: string, content = '', header = ''): string {
  return `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header>${header}</s:Header><s:Body>
    <a:${operation} xmlns:a="${namespace}" xmlns:tt="http://www.onvif.org/ver10/schema">${content}</a:${operation}></s:Body></s:Envelope>`;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** The body's element: the response, or the fault. */
  body: XmlElement;
}

export async function post(url: string, envelope: string, headers: Record<string, string> = {}): Promise<Answer> {
  const sent = request(url, { method: 'POST', headers: { 'content-type': 'application/soap+xml', ...headers } });
  sent.end(envelope);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const answer = await text(response);
  const body = answer === '' ? undefined : child(parseXml(answer), 'Body')?.children[0];
  const nothing = { namespace: '', name: '', attributes: new Map(), prefixes: new Map(), children: [], text: '' };
  return { status: response.statusCode ?? 0, headers: response.headers, text: answer, body: body ?? nothing };
}

/** The fault's subcodes, outer to inner, as they are written. */
export function subcodesOf(fault: XmlElement): string[] {
  const codes: string[] = [];
  for (let code = child(child(fault, 'Code'), 'Subcode'); code !== undefined; code = child(code, 'Subcode')) {
    codes.push(childText(code, 'Value') ?? '');
  }
  return codes;
}

/** The first element of that local name at any depth. */
export function find(element: XmlElement, name: string): XmlElement | undefined {
  for (const candidate of element.children) {
    const found = candidate.name === name ? candidate : find(candidate, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** All elements of that local name at any depth, in document order. */
export function findAll(element: XmlElement, name: string): XmlElement[] {
  return element.children.flatMap((candidate) => [...(candidate.name === name ? [candidate] : []), ...findAll(candidate, name)]);
}
