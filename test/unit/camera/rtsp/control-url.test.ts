import { describe, expect, it } from 'vitest';
import { baseUrl, controlUrl } from '../../../../src/camera/rtsp/control-url.ts';

const ASKED = 'rtsp://192.168.1.20:554/live?channel=1&subtype=0';

describe('base URL', () => {
  it('is Content-Base, else Content-Location, else what was asked for', () => {
    expect(baseUrl(ASKED, 'rtsp://192.168.1.20/base/', 'rtsp://192.168.1.20/location')).toBe('rtsp://192.168.1.20/base/');
    expect(baseUrl(ASKED, undefined, 'rtsp://192.168.1.20/location')).toBe('rtsp://192.168.1.20/location');
    expect(baseUrl(ASKED, '', ' ')).toBe(ASKED);
  });

  it.each([
    ['rtsp://rtsp://192.168.1.20:554/live/', 'rtsp://192.168.1.20:554/live/'],
    ['192.168.1.20:554/live/', 'rtsp://192.168.1.20:554/live/'],
    ['192.168.1.20', 'rtsp://192.168.1.20'],
    ['/live/', 'rtsp://192.168.1.20:554/live/'],
    ['rtsp:///live', ASKED],
    ['nonsense', ASKED],
  ])('repairs a broken Content-Base: %s', (given, expected) => {
    expect(baseUrl(ASKED, given, undefined)).toBe(expected);
  });
});

describe('control URL', () => {
  it.each([
    ['rtsp://h/live/', 'trackID=1', 'rtsp://h/live/trackID=1'],
    ['rtsp://h/live', 'trackID=1', 'rtsp://h/live/trackID=1'],
    ['rtsp://h/live/', '/trackID=1', 'rtsp://h/live/trackID=1'],
    ['rtsp://h/live?channel=1&subtype=0', 'trackID=1', 'rtsp://h/live?channel=1&subtype=0/trackID=1'],
    ['rtsp://h/live', '?ctype=video', 'rtsp://h/live?ctype=video'],
    ['rtsp://h/live', 'rtsp://other/live/video', 'rtsp://other/live/video'],
    ['rtsp://h/live', 'rtsp://rtsp://h/live/video', 'rtsp://h/live/video'],
    ['rtsp://h/live', '*', 'rtsp://h/live'],
    ['rtsp://h/live', '', 'rtsp://h/live'],
    ['rtsp://h/live', undefined, 'rtsp://h/live'],
  ])('of base %s and control %s', (base, control, expected) => {
    expect(controlUrl(base, control)).toBe(expected);
  });
});
