import { describe, expect, it } from 'vitest';
import {
  isIceServerUrl,
  isWebSocketUrl,
  parseHostAndPort,
  parseOnvifAddress,
  parsePortRange,
  parseRtspAddress,
} from '../../../src/config/addresses.ts';

describe('host:port', () => {
  it.each([
    ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
    ['nvr.local:0', { host: 'nvr.local', port: 0 }],
    ['[::1]:65535', { host: '::1', port: 65_535 }],
  ])('reads %s', (text, expected) => expect(parseHostAndPort(text)).toEqual(expected));

  it.each([
    '8080',
    ':8080',
    '127.0.0.1',
    '127.0.0.1:65536',
    '::1:80',
    '[127.0.0.1]:80',
    '192.168.1.300:80',
    'a b:80',
    '-a:80',
    'a:80x',
  ])('refuses %s', (text) => expect(parseHostAndPort(text)).toBeUndefined());
});

describe('a range of ports', () => {
  it.each([
    ['50000-50199', { first: 50_000, last: 50_199 }],
    ['7-8', { first: 7, last: 8 }],
    ['1 - 65535', { first: 1, last: 65_535 }],
  ])('reads %s', (text, expected) => expect(parsePortRange(text)).toEqual(expected));

  it.each(['50000', '2-1', '7-7', '0-5', '1-65536', 'a-b', '1-2-3'])('refuses %s', (text) =>
    expect(parsePortRange(text)).toBeUndefined(),
  );
});

describe('an ONVIF address', () => {
  it.each([
    ['192.168.1.20', { host: '192.168.1.20', port: 80 }],
    ['cam.local:8000', { host: 'cam.local', port: 8000 }],
    ['fe80::1', { host: 'fe80::1', port: 80 }],
    ['http://192.168.1.20', { host: '192.168.1.20', port: 80 }],
    ['http://192.168.1.20:8899/onvif/devices?x=1', { host: '192.168.1.20', port: 8899, path: '/onvif/devices?x=1' }],
    ['https://192.168.1.20', { host: '192.168.1.20', port: 443, secure: true }],
    ['https://cam.local:8443/onvif/s', { host: 'cam.local', port: 8443, secure: true, path: '/onvif/s' }],
    ['http://[fe80::1]:80/onvif/device_service', { host: 'fe80::1', port: 80, path: '/onvif/device_service' }],
  ])('reads %s', (text, expected) => expect(parseOnvifAddress(text)).toEqual(expected));

  it.each([
    '192.168.1',
    '192.168.1.20:0',
    'https://admin:pw@192.168.1.20',
    'rtsp://192.168.1.20',
    'http://admin:pw@192.168.1.20',
    'http://',
    'a b',
  ])('refuses %s', (text) => expect(parseOnvifAddress(text)).toBeUndefined());
});

describe('an RTSP URL', () => {
  it('is kept as written where it has no credentials', () => {
    const url = 'rtsp://192.168.1.21:554/cam/realmonitor?channel=1&subtype=0';
    expect(parseRtspAddress(url)).toEqual({ url, host: '192.168.1.21' });
  });

  it('may be one of RTSP inside TLS', () => {
    expect(parseRtspAddress('RTSPS://10.0.0.1/1')).toEqual({ url: 'rtsps://10.0.0.1/1', host: '10.0.0.1' });
  });

  it.each([
    ['rtsp://u:p@10.0.0.1/1', { username: 'u', password: 'p' }],
    ['RTSP://u%40x:p%3Aq@10.0.0.1/1', { username: 'u@x', password: 'p:q' }],
    ['rtsp://u:p@ss:100%@10.0.0.1/1', { username: 'u', password: 'p@ss:100%' }],
    ['rtsp://u@10.0.0.1/1', { username: 'u', password: '' }],
  ])('gives the credentials of %s apart', (text, credentials) => {
    expect(parseRtspAddress(text)).toEqual({ url: 'rtsp://10.0.0.1/1', host: '10.0.0.1', credentials });
  });

  it.each([
    'http://10.0.0.1/1',
    'rtspt://10.0.0.1/1',
    'rtsp://',
    'rtsp:///1',
    'rtsp://10.0.0.1/a b',
    'rtsp://10.0.0.300/1',
    'rtsp://10.0.0.1:99999/',
  ])('refuses %s', (text) => expect(parseRtspAddress(text)).toBeUndefined());
});

describe('URLs of servers', () => {
  it('of signaling are WebSocket URLs without credentials', () => {
    expect(['wss://signaling.example.com/onvif', 'ws://127.0.0.1:8080/signaling?x=1'].every(isWebSocketUrl)).toBe(true);
    expect(['https://a/b', 'wss://u:p@a/b', 'wss://a/b#c', 'a'].filter(isWebSocketUrl)).toEqual([]);
  });

  it('of ICE are STUN and TURN URIs', () => {
    const valid = ['stun:a.example', 'stun:a.example:3478', 'turns:[::1]:5349?transport=tcp', 'turn:192.0.2.1?transport=udp'];
    expect(valid.filter((url) => !isIceServerUrl(url))).toEqual([]);
    const invalid = [
      'stun://a.example',
      'stun:a.example?transport=udp',
      'turn:a?transport=sctp',
      'turn:',
      'http://a',
      'turn:a:b:c',
    ];
    expect(invalid.filter(isIceServerUrl)).toEqual([]);
  });
});
