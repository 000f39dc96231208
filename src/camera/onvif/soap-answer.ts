import { printable } from '../../base/printable.ts';
import { findElement, findElements, parseXml, textAt, type XmlElement } from '../xml.ts';

/** A SOAP fault in words: `ter:InvalidArgVal/ter:NoProfile` and what the camera says about it. */
export interface SoapFault {
  /** Local names of the code and its subcodes, coarse to fine: `['Sender', 'InvalidArgVal', 'NoProfile']`. */
  codes: string[];
  text: string;
}

export type SoapAnswer = { type: 'answer'; body: XmlElement } | { type: 'fault'; fault: SoapFault } | { type: 'not-soap' };

/** Subcodes by which cameras refuse credentials; `FailedAuthentication` and the rest are from WS-Security section 12. */
const REFUSAL_CODES = new Set(['NotAuthorized', 'FailedAuthentication', 'InvalidSecurityToken', 'MessageExpired']);
/** What cameras write whose subcode says nothing of it (Hikvision, Dahua, gSOAP defaults). */
const REFUSAL_TEXT = /not authori[sz]ed|unauthori[sz]ed|authority failure|authentication fail/i;

/** Reads an HTTP body as a SOAP 1.2 (or 1.1) message. `body` is the first element in the SOAP body. Never throws. */
export function parseSoapAnswer(document: string): SoapAnswer {
  const envelope = parseXml(document);
  if (envelope?.name !== 'Envelope') return { type: 'not-soap' };
  const body = findElement(envelope, 'Body')?.children[0];
  if (body === undefined) return { type: 'not-soap' };
  return body.name === 'Fault' ? { type: 'fault', fault: parseFault(body) } : { type: 'answer', body };
}

/** True where the fault says that user name, password or their freshness were not accepted. */
export function isRefusal(fault: SoapFault): boolean {
  return fault.codes.some((code) => REFUSAL_CODES.has(code)) || REFUSAL_TEXT.test(fault.text);
}

function parseFault(fault: XmlElement): SoapFault {
  const codes: string[] = [];
  // SOAP 1.2 nests subcodes (section 5.4.1); 1.1 has one faultcode.
  for (let code = findElement(fault, 'Code'); code !== undefined && codes.length < 8; code = findElement(code, 'Subcode')) {
    codes.push(localName(textAt(code, 'Value') ?? ''));
  }
  if (codes.length === 0) codes.push(localName(textAt(fault, 'faultcode') ?? ''));
  const reasons = findElements(findElement(fault, 'Reason'), 'Text');
  const english = reasons.find((reason) => reason.attributes.get('lang')?.startsWith('en'));
  const text = (english ?? reasons[0])?.text ?? textAt(fault, 'faultstring') ?? '';
  return { codes: codes.filter((code) => code !== ''), text: printable(text) };
}

function localName(qualified: string): string {
  return printable(qualified.slice(qualified.lastIndexOf(':') + 1));
}
