import { createHash } from 'node:crypto';
import { escapeXml } from '../xml.ts';

/** The namespaces of the services that we call (the ONVIF WSDLs' targetNamespace). */
const DEVICE_NAMESPACE = 'http://www.onvif.org/ver10/device/wsdl';
export const MEDIA1_NAMESPACE = 'http://www.onvif.org/ver10/media/wsdl';
export const MEDIA2_NAMESPACE = 'http://www.onvif.org/ver20/media/wsdl';
export const PTZ_NAMESPACE = 'http://www.onvif.org/ver20/ptz/wsdl';
export const IMAGING_NAMESPACE = 'http://www.onvif.org/ver20/imaging/wsdl';
export const EVENTS_NAMESPACE = 'http://www.onvif.org/ver10/events/wsdl';
export const DEVICE_IO_NAMESPACE = 'http://www.onvif.org/ver10/deviceIO/wsdl';
export const SCHEMA_NAMESPACE = 'http://www.onvif.org/ver10/schema';

export const ADDRESSING_NAMESPACE = 'http://www.w3.org/2005/08/addressing';

const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
const WSU = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';
const PASSWORD_DIGEST = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest';
const BASE64_BINARY = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary';

/** What a WS-Security UsernameToken is made of. */
export interface UsernameToken {
  username: string;
  password: string;
  /** 16 random bytes, never used twice. */
  nonce: Uint8Array;
  /** The time by the camera's clock, milliseconds since 1970: a camera refuses what its own clock finds old. */
  createdMs: number;
}

/** What stands in the body of a SOAP message. */
export interface SoapRequest {
  namespace: string;
  /** Local name, such as `GetProfiles`; with the namespace it makes the SOAP action. */
  name: string;
  xml: string;
}

/** A SOAP 1.2 message; `body` and `headers` are XML already. Without a token it carries no credentials. */
export function buildEnvelope(body: string, token?: UsernameToken, headers = ''): string {
  const blocks = (token === undefined ? '' : securityHeader(token)) + headers;
  const header = blocks === '' ? '' : `<s:Header>${blocks}</s:Header>`;
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">${header}<s:Body>${body}</s:Body></s:Envelope>`
  );
}

/** Header blocks of WS-Addressing 1.0; `parameters` are the reference parameters of the one it is for, XML already. */
export function addressingHeaders(message: { to: string; action: string; messageId: string; parameters: string }): string {
  const block = (name: string, text: string): string =>
    `<wsa:${name} xmlns:wsa="${ADDRESSING_NAMESPACE}">${escapeXml(text)}</wsa:${name}>`;
  return (
    block('Action', message.action) +
    block('MessageID', `urn:uuid:${message.messageId}`) +
    block('To', message.to) +
    message.parameters
  );
}

/** `<name xmlns="namespace">` around content that is XML already. */
export function buildRequest(namespace: string, name: string, content = ''): SoapRequest {
  return { namespace, name, xml: `<${name} xmlns="${namespace}">${content}</${name}>` };
}

/** A request to the device service. */
export function deviceRequest(name: string, content = ''): SoapRequest {
  return buildRequest(DEVICE_NAMESPACE, name, content);
}

/** An element that holds text: a token or a name as the camera or a user wrote it. */
export function textElement(name: string, text: string): string {
  return `<${name}>${escapeXml(text)}</${name}>`;
}

/** WS-Security UsernameToken Profile 1.0 section 3.1: Base64(SHA-1(nonce + created + password)), text as UTF-8. */
function securityHeader(token: UsernameToken): string {
  const created = new Date(token.createdMs).toISOString();
  const digest = createHash('sha1').update(token.nonce).update(created).update(token.password).digest('base64');
  return (
    `<wsse:Security s:mustUnderstand="1" xmlns:wsse="${WSSE}" xmlns:wsu="${WSU}"><wsse:UsernameToken>` +
    `<wsse:Username>${escapeXml(token.username)}</wsse:Username>` +
    `<wsse:Password Type="${PASSWORD_DIGEST}">${digest}</wsse:Password>` +
    `<wsse:Nonce EncodingType="${BASE64_BINARY}">${Buffer.from(token.nonce).toString('base64')}</wsse:Nonce>` +
    `<wsu:Created>${created}</wsu:Created>` +
    '</wsse:UsernameToken></wsse:Security>'
  );
}
