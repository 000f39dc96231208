import { describe, expect, it } from 'vitest';
import {
  parseCapabilities,
  parseDeviceInformation,
  parseServices,
  parseSystemDateAndTime,
} from '../../../../src/camera/onvif/device-answers.ts';
import { serviceLocation } from '../../../../src/camera/onvif/service-location.ts';
import { parseXml, type XmlElement } from '../../../../src/camera/xml.ts';

function xml(text: string): XmlElement {
  const root = parseXml(text);
  if (root === undefined) throw new Error('not XML');
  return root;
}

describe('GetSystemDateAndTime', () => {
  const dateTime = (kind: string, month = '2'): string =>
    `<tt:${kind}><tt:Time><tt:Hour>23</tt:Hour><tt:Minute>59</tt:Minute><tt:Second>58</tt:Second></tt:Time>` +
    `<tt:Date><tt:Year>2024</tt:Year><tt:Month>${month}</tt:Month><tt:Day>29</tt:Day></tt:Date></tt:${kind}>`;
  const answer = (inner: string): XmlElement => xml(`<r><tds:SystemDateAndTime>${inner}</tds:SystemDateAndTime></r>`);

  it('gives UTC', () => {
    const local = dateTime('LocalDateTime', '1');
    expect(parseSystemDateAndTime(answer(dateTime('UTCDateTime') + local))).toBe(Date.parse('2024-02-29T23:59:58Z'));
  });

  it('is unknown where there is local time only, or no date', () => {
    expect(parseSystemDateAndTime(answer(dateTime('LocalDateTime')))).toBeUndefined();
    expect(parseSystemDateAndTime(answer(dateTime('UTCDateTime', 'March')))).toBeUndefined();
    expect(parseSystemDateAndTime(answer(dateTime('UTCDateTime', '1e300')))).toBeUndefined();
    expect(parseSystemDateAndTime(answer(''))).toBeUndefined();
  });
});

describe('device answers', () => {
  it('give the device information as text on one line', () => {
    const information = parseDeviceInformation(
      xml('<r><Manufacturer>Acme</Manufacturer><Model>X&#10;100</Model><SerialNumber>000123</SerialNumber></r>'),
    );
    expect(information).toEqual({ manufacturer: 'Acme', model: 'X 100', firmware: '', serial: '000123', hardware: '' });
  });

  it('give the media services of GetServices and of GetCapabilities', () => {
    const service = (namespace: string, address: string): string =>
      `<tds:Service><tds:Namespace>${namespace}</tds:Namespace><tds:XAddr>${address}</tds:XAddr></tds:Service>`;
    const both =
      service('http://www.onvif.org/ver10/media/wsdl', 'http://a/m1') +
      service('http://www.onvif.org/ver20/media/wsdl', 'http://a/m2');
    expect(parseServices(xml(`<r>${both}</r>`))).toEqual({ media1: 'http://a/m1', media2: 'http://a/m2' });
    expect(parseServices(xml('<r/>'))).toEqual({ media1: null, media2: null });
    const capabilities = xml('<r><Capabilities><tt:Media><tt:XAddr>http://a/m</tt:XAddr></tt:Media></Capabilities></r>');
    expect(parseCapabilities(capabilities)).toEqual({ media1: 'http://a/m', media2: null });
  });
});

describe('serviceLocation', () => {
  const reached = { host: '203.0.113.9', port: 8080 };

  it('keeps to the host that was reached: an address behind NAT, or of somebody else, is not followed', () => {
    expect(serviceLocation('http://192.168.1.64/onvif/Media?Idx=2', reached)).toEqual({ port: 8080, path: '/onvif/Media?Idx=2' });
    expect(serviceLocation('http://attacker.example:22/x', reached)).toEqual({ port: 8080, path: '/x' });
    expect(serviceLocation('https://203.0.113.9:443/x', reached)).toEqual({ port: 8080, path: '/x' });
  });

  it('takes another port of that host', () => {
    expect(serviceLocation('http://203.0.113.9:2020/onvif/media', reached)).toEqual({ port: 2020, path: '/onvif/media' });
    expect(serviceLocation('http://203.0.113.9/onvif/media', reached)).toEqual({ port: 80, path: '/onvif/media' });
    expect(serviceLocation('http://[fd00::1]:81/m', { host: 'fd00::1', port: 80 })).toEqual({ port: 81, path: '/m' });
  });

  it('is none where the address is no HTTP URL', () => {
    for (const address of ['', 'media', 'ftp://203.0.113.9/x', 'file:///etc/passwd'])
      expect(serviceLocation(address, reached)).toBeUndefined();
  });
});
