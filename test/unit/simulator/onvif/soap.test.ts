import { describe, expect, it } from 'vitest';
import { buildEnvelope, buildFault, invalidArgument, parseEnvelope, SoapFault } from '../../../../src/simulator/onvif/soap.ts';
import { child, childText, parseXml, resolveName, xml } from '../../../../src/simulator/onvif/xml.ts';
import { subcodesOf } from './soap-client.ts';

function faultOf(text: string): SoapFault {
  try {
    parseEnvelope(text);
  } catch (error) {
    if (error instanceof SoapFault) return error;
  }
  throw new Error('There was no fault');
}

describe('parseEnvelope', () => {
  it('finds operation, security and addressing whatever the prefixes', () => {
    const request =
      parseEnvelope(`<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope" xmlns:p="http://www.w3.org/2005/08/addressing">
      <Header><p:MessageID>urn:uuid:1</p:MessageID><p:Action>urn:do</p:Action>
        <Security xmlns="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"/></Header>
      <Body><GetX xmlns="urn:x"/></Body></Envelope>`);
    expect(request).toMatchObject({ messageId: 'urn:uuid:1', action: 'urn:do', operation: { namespace: 'urn:x', name: 'GetX' } });
    expect(request.security?.name).toBe('Security');
  });

  it('says VersionMismatch to SOAP 1.1', () => {
    const fault = faultOf('<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><a/></s:Body></s:Envelope>');
    expect(fault.code).toBe('VersionMismatch');
  });

  it.each([
    ['what is no XML', 'GET / HTTP/1.1'],
    ['XML that is no envelope', '<a/>'],
    ['an empty body', '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body/></s:Envelope>'],
  ])('says WellFormed to %s', (_, text) => {
    expect(faultOf(text)).toMatchObject({ code: 'Sender', subcodes: ['WellFormed'], httpStatus: 400 });
  });
});

describe('buildEnvelope', () => {
  it('relates the answer to the request where that had a message id', () => {
    const answer = parseXml(buildEnvelope(xml`<a/>`, { messageId: 'urn:uuid:7', action: 'urn:PullMessagesRequest' }));
    const header = child(answer, 'Header');
    expect(childText(header, 'RelatesTo')).toBe('urn:uuid:7');
    expect(childText(header, 'Action')).toBe('urn:PullMessagesResponse');
    expect(child(parseXml(buildEnvelope(xml`<a/>`)), 'Header')).toBeUndefined();
  });
});

describe('buildFault', () => {
  it("nests the subcodes in ONVIF's error namespace", () => {
    const fault = child(parseXml(buildFault(invalidArgument('NoProfile', 'No <such> profile'))), 'Body')?.children[0];
    if (fault === undefined) throw new Error('The body is empty');
    expect(childText(child(fault, 'Code'), 'Value')).toBe('env:Sender');
    expect(subcodesOf(fault)).toEqual(['ter:InvalidArgVal', 'ter:NoProfile']);
    expect(resolveName('ter:NoProfile', fault.prefixes).namespace).toBe('http://www.onvif.org/ver10/error');
    expect(childText(child(fault, 'Reason'), 'Text')).toBe('No <such> profile');
  });

  it.each([
    ['Sender', 400],
    ['Receiver', 500],
    ['VersionMismatch', 500],
  ] as const)('%s goes with HTTP status %d', (code, status) => {
    expect(new SoapFault(code, [], '').httpStatus).toBe(status);
  });
});
