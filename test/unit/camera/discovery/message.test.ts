import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildProbe, parseAnnouncement, parseProbeMatches } from '../../../../src/camera/discovery/message.ts';
import { findElement, parseXml, textAt } from '../../../../src/camera/xml.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function message(matches: string, header = '<wsa:RelatesTo>urn:uuid:1</wsa:RelatesTo>'): Uint8Array {
  return bytes(
    `<E:Envelope><E:Header>${header}</E:Header><E:Body><d:ProbeMatches>${matches}</d:ProbeMatches></E:Body></E:Envelope>`,
  );
}

function match(reference: string, xaddrs: string): string {
  return `<d:ProbeMatch><wsa:EndpointReference><wsa:Address>${reference}</wsa:Address></wsa:EndpointReference>
    <d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types>
    <d:Scopes>onvif://www.onvif.org/name/A
      onvif://www.onvif.org/hardware/B</d:Scopes><d:XAddrs>${xaddrs}</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch>`;
}

describe('buildProbe', () => {
  it('asks for one type, with the prefix declared, under the message id', () => {
    const declared = { 'dn:NetworkVideoTransmitter': 'ver10/network/wsdl', 'tds:Device': 'ver10/device/wsdl' } as const;
    for (const type of ['dn:NetworkVideoTransmitter', 'tds:Device'] as const) {
      const text = buildProbe(type, 'urn:uuid:42');
      const envelope = parseXml(text);
      expect(textAt(envelope, 'Body', 'Probe', 'Types')).toBe(type);
      expect(text).toContain(`xmlns:${type.slice(0, type.indexOf(':'))}="http://www.onvif.org/${declared[type]}"`);
      expect(textAt(envelope, 'Header', 'MessageID')).toBe('urn:uuid:42');
      expect(textAt(envelope, 'Header', 'Action')).toBe('http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe');
      expect(textAt(envelope, 'Header', 'To')).toBe('urn:schemas-xmlsoap-org:ws:2005:04:discovery');
      expect(findElement(envelope, 'Header', 'ReplyTo', 'Address')?.text).toMatch(/role\/anonymous$/);
    }
  });
});

describe('parseProbeMatches', () => {
  it('reads several matches with several addresses each', () => {
    const parsed = parseProbeMatches(
      message(match('urn:uuid:a', 'http://10.0.0.1/o http://[fe80::1]/o') + match('urn:uuid:b', 'https://10.0.0.2/o')),
    );
    expect(parsed?.relatesTo).toBe('urn:uuid:1');
    expect(parsed?.matches).toEqual([
      {
        endpointReference: 'urn:uuid:a',
        xaddrs: ['http://10.0.0.1/o', 'http://[fe80::1]/o'],
        types: ['dn:NetworkVideoTransmitter', 'tds:Device'],
        scopes: ['onvif://www.onvif.org/name/A', 'onvif://www.onvif.org/hardware/B'],
      },
      expect.objectContaining({ endpointReference: 'urn:uuid:b', xaddrs: ['https://10.0.0.2/o'] }),
    ]);
  });

  it('leaves out addresses that are no HTTP URL, and takes an address where the endpoint reference is empty', () => {
    const parsed = parseProbeMatches(message(match('', 'file:///etc/passwd nonsense http://10.0.0.1/o')));
    expect(parsed?.matches[0]).toMatchObject({ endpointReference: 'http://10.0.0.1/o', xaddrs: ['http://10.0.0.1/o'] });
    expect(parseProbeMatches(message(match('', 'javascript:alert(1)')))).toBeUndefined();
    // A URL parser leaves the first one's control character out.
    const control = parseProbeMatches(message(match('', '&#x1;http://10.0.0.2/o http://10.0.0.1/o')));
    expect(control?.matches[0]?.xaddrs).toEqual(['http://10.0.0.1/o']);
  });

  it('leaves out what answers as something else than asked, and keeps what does not say its type', () => {
    const printer = match('urn:uuid:p', '').replace('dn:NetworkVideoTransmitter tds:Device', 'p:PrintDeviceType');
    const other = printer.replaceAll('onvif://www.onvif.org/', 'ldap:///');
    const untyped = match('urn:uuid:u', '').replaceAll(/<d:(Types|Scopes)>[^<]*<\/d:\1>/g, '');
    const parsed = parseProbeMatches(message(other + untyped + match('urn:uuid:a', '')));
    expect(parsed?.matches.map(({ endpointReference }) => endpointReference)).toEqual(['urn:uuid:u', 'urn:uuid:a']);
    expect(parseProbeMatches(message(other))).toBeUndefined();
  });

  it('says undefined to what is no answer to a probe', () => {
    const other = [
      '',
      'junk',
      '<a/>',
      '<Envelope><Header/><Body/></Envelope>',
      '<!DOCTYPE x><Envelope/>',
      '<Envelope><Body><Hello/></Body></Envelope>',
    ];
    for (const text of other) expect(parseProbeMatches(bytes(text))).toBeUndefined();
    expect(parseProbeMatches(message(match('urn:uuid:a', 'http://10.0.0.1/'), ''))).toBeUndefined();
    expect(parseProbeMatches(message(''))).toBeUndefined();
  });

  it('is bounded in matches, addresses and scopes', () => {
    const addresses = Array.from({ length: 500 }, (_, index) => `http://10.0.0.1/${index}`).join(' ');
    const many = Array.from({ length: 1000 }, (_, index) => match(`urn:uuid:${index}`, addresses)).join('');
    const parsed = parseProbeMatches(message(many));
    expect(parsed?.matches).toHaveLength(256);
    expect(parsed?.matches[0]?.xaddrs).toHaveLength(64);
    expect(parseProbeMatches(message(match('x'.repeat(5000), '')))).toBeUndefined();
  });

  it('never throws on random bytes, nor on an answer with random bytes in it', () => {
    const good = message(match('urn:uuid:a', 'http://10.0.0.1/o'));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(good.length), (random, at) => {
        expect(() => parseProbeMatches(random)).not.toThrow();
        const damaged = Buffer.concat([good.subarray(0, at), random.subarray(0, 8), good.subarray(at)]);
        expect(() => parseProbeMatches(damaged)).not.toThrow();
        expect(() => parseAnnouncement(damaged)).not.toThrow();
      }),
    );
  });
});

describe('parseAnnouncement', () => {
  const announcement = (body: string): Uint8Array =>
    bytes(`<E:Envelope><E:Header><wsa:MessageID>urn:uuid:m</wsa:MessageID></E:Header><E:Body>${body}</E:Body></E:Envelope>`);
  const reference = '<wsa:EndpointReference><wsa:Address>urn:uuid:a</wsa:Address></wsa:EndpointReference>';

  it('reads Hello with what the device says of itself, and Bye with its name alone', () => {
    const hello = announcement(`<d:Hello>${reference}<d:Scopes>a b</d:Scopes><d:XAddrs>http://10.0.0.1/o</d:XAddrs></d:Hello>`);
    expect(parseAnnouncement(hello)).toEqual({
      kind: 'hello',
      messageId: 'urn:uuid:m',
      device: { endpointReference: 'urn:uuid:a', xaddrs: ['http://10.0.0.1/o'], types: [], scopes: ['a', 'b'] },
    });
    expect(parseAnnouncement(announcement(`<d:Bye>${reference}</d:Bye>`))).toMatchObject({
      kind: 'bye',
      device: { endpointReference: 'urn:uuid:a', xaddrs: [] },
    });
  });

  it('says undefined to what is a PC or a printer', () => {
    const pc =
      '<E:Envelope xmlns:wsdp="http://schemas.xmlsoap.org/ws/2006/02/devprof" xmlns:pub="http://schemas.microsoft.com/windows/pub/2005/07">' +
      `<E:Header/><E:Body><d:KIND>${reference}<d:Types>wsdp:Device pub:Computer</d:Types></d:KIND></E:Body></E:Envelope>`;
    for (const kind of ['Hello', 'Bye']) expect(parseAnnouncement(bytes(pc.replaceAll('KIND', kind)))).toBeUndefined();
  });

  it.each([
    ['another prefix', 'xmlns:x="http://www.onvif.org/ver10/device/wsdl"', 'x:Device', ''],
    ['the default namespace', 'xmlns="http://www.onvif.org/ver10/device/wsdl"', 'Device', ''],
    ['a prefix that is not declared', '', 'tds:Device', ''],
    ['a namespace that is wrong', 'xmlns:dn="http://example.com"', 'dn:NetworkVideoTransmitter', ''],
    [
      'the type of a PC and scopes of ONVIF',
      'xmlns:p="http://schemas.xmlsoap.org/ws/2006/02/devprof"',
      'p:Device',
      'onvif://a/b',
    ],
  ])('reads the Hello of a camera that gives its type by %s', (_by, declaration, type, scopes) => {
    const body = `<d:Hello>${reference}<Types ${declaration}>${type}</Types><d:Scopes>${scopes}</d:Scopes></d:Hello>`;
    expect(parseAnnouncement(announcement(body))).toMatchObject({ kind: 'hello', device: { types: [type] } });
  });

  it('says undefined to what is neither, or names nobody', () => {
    const other = ['<d:Probe/>', '<d:Hello/>', `<d:Resolve>${reference}</d:Resolve>`, ''];
    for (const body of other) expect(parseAnnouncement(announcement(body))).toBeUndefined();
    expect(parseAnnouncement(bytes('junk'))).toBeUndefined();
    expect(parseAnnouncement(message(match('urn:uuid:a', 'http://10.0.0.1/o')))).toBeUndefined();
  });
});
