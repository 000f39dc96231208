import { beforeEach, describe, expect, it } from 'vitest';
import { deviceService } from '../../../../src/simulator/onvif/device-service.ts';
import { imagingService } from '../../../../src/simulator/onvif/imaging-service.ts';
import type { Service } from '../../../../src/simulator/onvif/service.ts';
import { child, childText } from '../../../../src/simulator/onvif/xml.ts';
import { Timeline } from '../../../../src/simulator/timeline.ts';
import { faultOf, invoke } from './invoke.ts';
import { find, findAll } from './soap-client.ts';

const HOST_TIME = Date.parse('2026-11-21T10:20:30.400Z');
let timeline: Timeline;
let device: Service;

beforeEach(() => {
  timeline = new Timeline({ now: () => HOST_TIME });
  device = deviceService({
    identity: {
      name: 'Yard',
      manufacturer: 'Maker',
      model: 'Model',
      firmwareVersion: '1',
      serialNumber: 'S-1',
      hardwareId: 'H',
      endpointReference: 'urn:uuid:1',
      hardwareAddress: '02:00:00:00:00:01',
      scopes: ['onvif://www.onvif.org/name/Yard'],
    },
    timeline,
    username: 'viewer',
    address: '127.0.0.1',
    services: [imagingService()],
    onReboot: () => undefined,
  });
});

describe('deviceService', () => {
  it("tells its own clock's time", async () => {
    timeline.clockOffsetMs = 86_400_000;
    const utc = find(await invoke(device, 'tds:GetSystemDateAndTime'), 'UTCDateTime');
    const numbers = [...(child(utc, 'Date')?.children ?? []), ...(child(utc, 'Time')?.children ?? [])].map(({ text }) =>
      Number(text),
    );
    expect(numbers).toEqual([2026, 11, 22, 10, 20, 30]);
  });

  it('is set to another time', async () => {
    const dateTime = `<tds:UTCDateTime><tt:Time><tt:Hour>10</tt:Hour><tt:Minute>20</tt:Minute><tt:Second>0</tt:Second></tt:Time>
      <tt:Date><tt:Year>2026</tt:Year><tt:Month>11</tt:Month><tt:Day>20</tt:Day></tt:Date></tds:UTCDateTime>`;
    await invoke(device, 'tds:SetSystemDateAndTime', `<tds:DateTimeType>Manual</tds:DateTimeType>${dateTime}`);
    expect(timeline.clockOffsetMs).toBe(-86_400_000 - 30_400);
    expect(await faultOf(device, 'tds:SetSystemDateAndTime', '<tds:DateTimeType>NTP</tds:DateTimeType>')).toEqual([
      'InvalidArgVal',
      'InvalidDateTime',
    ]);
  });

  it('lists services under the address that the client used, with capabilities only where asked for', async () => {
    const listing = await invoke(device, 'tds:GetServices', '<tds:IncludeCapability>true</tds:IncludeCapability>', {
      authority: 'camera.example:81',
    });
    expect(findAll(listing, 'XAddr').map(({ text }) => text)).toEqual([
      'http://camera.example:81/onvif/device_service',
      'http://camera.example:81/onvif/imaging_service',
    ]);
    expect(find(listing, 'Capabilities')).toBeDefined();
    const short = await invoke(device, 'tds:GetServices', '<tds:IncludeCapability>false</tds:IncludeCapability>');
    expect(find(short, 'Capabilities')).toBeUndefined();
  });

  it('limits GetCapabilities to the category that was asked for', async () => {
    const capabilities = await invoke(device, 'tds:GetCapabilities', '<tds:Category>Imaging</tds:Category>');
    expect(child(capabilities, 'Capabilities')?.children.map(({ name }) => name)).toEqual(['Imaging']);
  });

  it('makes a host name of model and serial number', async () => {
    expect(childText(child(await invoke(device, 'tds:GetHostname'), 'HostnameInformation'), 'Name')).toBe('model-s-1');
  });
});
