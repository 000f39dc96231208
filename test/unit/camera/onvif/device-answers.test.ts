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

  it('name the services by their namespace, whatever the prefixes, with the version of their specification', () => {
    const service = (namespace: string, address: string, more = ''): string =>
      `<tds:Service><tds:Namespace>${namespace}</tds:Namespace><tds:XAddr>${address}</tds:XAddr>${more}</tds:Service>`;
    const services =
      service('http://www.onvif.org/ver10/media/wsdl', 'http://a/m1', '<v><Major>9</Major></v>') +
      service('http://www.onvif.org/ver20/media/wsdl', 'http://a/m2', '<tds:Version><tt:Major>2</tt:Major></tds:Version>') +
      service(
        'http://www.onvif.org/ver20/ptz/wsdl',
        'http://a/p?x=1&amp;y=2',
        '<tds:Version><tt:Major>19</tt:Major><tt:Minor>6</tt:Minor></tds:Version>',
      ) +
      service('http://www.vendor.example/schema', 'http://a/v') +
      service('http://www.onvif.org/ver10/events/wsdl', '');
    expect(parseServices(xml(`<r>${services}</r>`))).toEqual([
      { name: 'media', version: null, xaddr: 'http://a/m1' },
      { name: 'media2', version: '2.00', xaddr: 'http://a/m2' },
      { name: 'ptz', version: '19.06', xaddr: 'http://a/p?x=1&y=2' },
      { name: 'http://www.vendor.example/schema', version: null, xaddr: 'http://a/v' },
    ]);
    expect(parseServices(xml('<r/>'))).toEqual([]);
  });

  it('name the services of the older GetCapabilities in the same way', () => {
    const capability = (name: string): string => `<tt:${name}><tt:XAddr>http://a/${name}</tt:XAddr></tt:${name}>`;
    const extension = `<tt:Extension>${capability('DeviceIO')}<tt:Vendor/></tt:Extension>`;
    const listed = ['Media', 'PTZ', 'Events', 'Imaging'].map(capability).join('');
    const services = parseCapabilities(xml(`<r><tds:Capabilities>${listed}${extension}</tds:Capabilities></r>`));
    expect(services.map(({ name, xaddr }) => `${name} ${xaddr}`)).toEqual([
      'media http://a/Media',
      'ptz http://a/PTZ',
      'events http://a/Events',
      'imaging http://a/Imaging',
      'deviceIO http://a/DeviceIO',
    ]);
    expect(parseCapabilities(xml('<r/>'))).toEqual([]);
  });
});

describe('serviceLocation', () => {
  const reached = { host: '203.0.113.9', port: 8080, secure: false };

  it('keeps to the host that was reached: an address behind NAT, or of somebody else, is not followed', () => {
    const at = (path: string): unknown => ({ secure: false, port: 8080, path });
    expect(serviceLocation('http://192.168.1.64/onvif/Media?Idx=2', reached)).toEqual(at('/onvif/Media?Idx=2'));
    expect(serviceLocation('http://attacker.example:22/x', reached)).toEqual(at('/x'));
    expect(serviceLocation('https://203.0.113.9:443/x', reached)).toEqual(at('/x'));
  });

  it('takes another port of that host', () => {
    const port = (xaddr: string, from: typeof reached): number | undefined => serviceLocation(xaddr, from)?.port;
    expect(port('http://203.0.113.9:2020/onvif/media', reached)).toBe(2020);
    expect(port('http://203.0.113.9/onvif/media', reached)).toBe(80);
    expect(port('http://[fd00::1]:81/m', { host: 'fd00::1', port: 80, secure: false })).toBe(81);
  });

  it('stays with https where the camera was reached by it, whatever the camera writes', () => {
    const secure = { host: '203.0.113.9', port: 8443, secure: true };
    expect(serviceLocation('http://203.0.113.9/onvif/media', secure)).toEqual({ secure: true, port: 8443, path: '/onvif/media' });
    expect(serviceLocation('https://203.0.113.9/onvif/media', secure)).toEqual({ secure: true, port: 443, path: '/onvif/media' });
    expect(serviceLocation('https://192.168.1.64/x', secure)).toEqual({ secure: true, port: 8443, path: '/x' });
  });

  it('is none where the address is no HTTP URL', () => {
    for (const address of ['', 'media', 'ftp://203.0.113.9/x', 'file:///etc/passwd'])
      expect(serviceLocation(address, reached)).toBeUndefined();
  });
});
