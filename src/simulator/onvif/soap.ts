import { NAMESPACES } from './namespaces.ts';
import { child, childText, MalformedXmlError, parseXml, xml, type Markup, type XmlElement } from './xml.ts';

/**
 * A fault as the ONVIF Core Specification words them: a SOAP 1.2 code, up to two subcodes of the
 * error namespace, and a sentence.
 */
export class SoapFault extends Error {
  readonly code: 'Sender' | 'Receiver' | 'VersionMismatch';
  /** Outer to inner, without the prefix `ter:`. */
  readonly subcodes: readonly string[];
  /** HTTP status: 400 for what the client did wrong, 500 for the rest (SOAP 1.2 part 2 table 20). */
  readonly httpStatus: number;

  constructor(code: SoapFault['code'], subcodes: readonly string[], reason: string) {
    super(reason);
    this.code = code;
    this.subcodes = subcodes;
    this.httpStatus = code === 'Sender' ? 400 : 500;
  }
}

/** env:Sender, ter:InvalidArgVal and an inner subcode such as NoProfile. */
export function invalidArgument(subcode: string, reason: string): SoapFault {
  return new SoapFault('Sender', ['InvalidArgVal', subcode], reason);
}

export function notAuthorized(): SoapFault {
  return new SoapFault('Sender', ['NotAuthorized'], 'Sender not Authorized');
}

export function actionNotSupported(reason: string): SoapFault {
  return new SoapFault('Receiver', ['ActionNotSupported'], reason);
}

export interface SoapRequest {
  /** The header's wsse:Security, where there is one. */
  security: XmlElement | undefined;
  /** WS-Addressing Action and MessageID. */
  action: string | undefined;
  messageId: string | undefined;
  /** The first element of the body: the operation and its arguments. */
  operation: XmlElement;
}

/** Takes a SOAP 1.2 envelope apart; what it cannot read it answers with a {@link SoapFault}. */
export function parseEnvelope(text: string): SoapRequest {
  let root: XmlElement;
  try {
    root = parseXml(text);
  } catch (error) {
    if (!(error instanceof MalformedXmlError)) throw error;
    throw new SoapFault('Sender', ['WellFormed'], `Well-formed Error: ${error.message}`);
  }
  if (root.name !== 'Envelope') throw new SoapFault('Sender', ['WellFormed'], 'The document is not a SOAP envelope');
  if (root.namespace !== NAMESPACES.env) throw new SoapFault('VersionMismatch', [], 'Only SOAP 1.2 is supported');
  const header = child(root, 'Header');
  const operation = child(root, 'Body')?.children[0];
  if (operation === undefined) throw new SoapFault('Sender', ['WellFormed'], 'The SOAP body is empty');
  return {
    security: header?.children.find((block) => block.name === 'Security' && block.namespace === NAMESPACES.wsse),
    action: childText(header, 'Action'),
    messageId: childText(header, 'MessageID'),
    operation,
  };
}

const DECLARATIONS = Object.entries(NAMESPACES)
  .map(([prefix, uri]) => ` xmlns:${prefix}="${uri}"`)
  .join('');

/** The answer's envelope; it relates to the request where that used WS-Addressing. */
export function buildEnvelope(body: Markup, request?: Pick<SoapRequest, 'action' | 'messageId'>): string {
  const header =
    request?.messageId === undefined
      ? ''
      : xml`<env:Header>${request.action === undefined ? undefined : xml`<wsa:Action>${request.action.replace(/Request$/, 'Response')}</wsa:Action>`}<wsa:RelatesTo>${request.messageId}</wsa:RelatesTo></env:Header>`
          .text;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<env:Envelope${DECLARATIONS}>${header}<env:Body>${body.text}</env:Body></env:Envelope>`;
}

export function buildFault(fault: SoapFault): string {
  const subcode = fault.subcodes.reduceRight<Markup | undefined>(
    (inner, name) => xml`<env:Subcode><env:Value>ter:${name}</env:Value>${inner}</env:Subcode>`,
    undefined,
  );
  return buildEnvelope(
    xml`<env:Fault><env:Code><env:Value>env:${fault.code}</env:Value>${subcode}</env:Code><env:Reason><env:Text xml:lang="en">${fault.message}</env:Text></env:Reason></env:Fault>`,
  );
}
