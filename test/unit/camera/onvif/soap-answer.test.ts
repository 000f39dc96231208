import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRefusal, parseSoapAnswer, type SoapFault } from '../../../../src/camera/onvif/soap-answer.ts';

function faultOf(body: string): SoapFault {
  const answer = parseSoapAnswer(`<e:Envelope xmlns:e="x"><e:Body>${body}</e:Body></e:Envelope>`);
  if (answer.type !== 'fault') throw new Error(`no fault but ${answer.type}`);
  return answer.fault;
}

describe('parseSoapAnswer', () => {
  it('gives the element in the body', () => {
    const answer = parseSoapAnswer('<S:Envelope><S:Header/><S:Body><t:GetProfilesResponse/></S:Body></S:Envelope>');
    expect(answer.type === 'answer' && answer.body.name).toBe('GetProfilesResponse');
  });

  it('reads codes and text of a SOAP 1.2 fault, English before other languages', () => {
    const fault = faultOf(
      '<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:InvalidArgVal</s:Value>' +
        '<s:Subcode><s:Value>ter:NoProfile</s:Value></s:Subcode></s:Subcode></s:Code>' +
        '<s:Reason><s:Text xml:lang="de">Kein Profil</s:Text><s:Text xml:lang="en">No such profile</s:Text></s:Reason></s:Fault>',
    );
    expect(fault).toEqual({ codes: ['Sender', 'InvalidArgVal', 'NoProfile'], text: 'No such profile' });
    expect(isRefusal(fault)).toBe(false);
  });

  it('knows a refusal of credentials by its subcode, by SOAP 1.1 faults and by what vendors write', () => {
    const subcode = (code: string): string =>
      `<Fault><Code><Value>s:Sender</Value><Subcode><Value>${code}</Value></Subcode></Code><Reason><Text>x</Text></Reason></Fault>`;
    expect(isRefusal(faultOf(subcode('ter:NotAuthorized')))).toBe(true);
    expect(isRefusal(faultOf(subcode('wsse:FailedAuthentication')))).toBe(true);
    expect(
      isRefusal(faultOf('<Fault><faultcode>ns1:FailedAuthentication</faultcode><faultstring>no</faultstring></Fault>')),
    ).toBe(true);
    expect(
      isRefusal(faultOf('<Fault><faultcode>e:Client</faultcode><faultstring>Sender not Authorized</faultstring></Fault>')),
    ).toBe(true);
    expect(isRefusal(faultOf(subcode('ter:ActionNotSupported')))).toBe(false);
  });

  it('makes of the text one bounded line', () => {
    const { text } = faultOf(`<Fault><Reason><Text>a\n\tb\u001b[31m${'c'.repeat(5000)}</Text></Reason></Fault>`);
    expect(text.startsWith('a b [31mccc')).toBe(true);
    expect(text.length).toBeLessThanOrEqual(200);
  });

  it('tells what is no SOAP message', () => {
    for (const text of ['', '<html><body>404</body></html>', '<Envelope/>', '<Envelope><Body/></Envelope>', 'RTSP/1.0 200 OK']) {
      expect(parseSoapAnswer(text)).toEqual({ type: 'not-soap' });
    }
  });

  it('never throws, whatever elements come', () => {
    const names = fc.constantFrom('Envelope', 'Body', 'Fault', 'Code', 'Subcode', 'Value', 'Reason', 'Text', 'faultcode');
    const tree = fc.letrec<{ node: string }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 6 },
        fc.string(),
        fc.tuple(names, fc.array(tie('node'), { maxLength: 3 })).map(([name, inner]) => `<${name}>${inner.join('')}</${name}>`),
      ),
    })).node;
    fc.assert(
      fc.property(tree, (inner) => {
        const answer = parseSoapAnswer(`<Envelope><Body><Fault>${inner}</Fault></Body></Envelope>`);
        expect(['fault', 'not-soap']).toContain(answer.type);
      }),
    );
  });
});
