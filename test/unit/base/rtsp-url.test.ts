import { describe, expect, it } from 'vitest';
import { bracketHost, formatRtspUrl, parseRtspUrl } from '../../../src/base/rtsp-url.ts';

/** The URL as it is after it was taken apart, at another host where one is given. */
function again(url: string, host?: string): string | undefined {
  const parsed = parseRtspUrl(url);
  return parsed === undefined ? undefined : formatRtspUrl({ ...parsed, ...(host === undefined ? {} : { host }) });
}

describe('RTSP URLs', () => {
  it.each([
    [
      'rtsp://us%40er:p%3Aw@192.168.1.20/live?channel=1',
      {
        secure: false,
        credentials: { username: 'us@er', password: 'p:w' },
        host: '192.168.1.20',
        port: undefined,
        path: '/live?channel=1',
      },
    ],
    ['RTSPS://[fe80::1]:8554', { secure: true, credentials: undefined, host: 'fe80::1', port: 8554, path: '' }],
    [' rtsp://cam?x=1 ', { secure: false, credentials: undefined, host: 'cam', port: undefined, path: '?x=1' }],
    ['rtsp:///live', { secure: false, credentials: undefined, host: '', port: undefined, path: '/live' }],
  ])('come apart: %s', (url, parts) => {
    expect(parseRtspUrl(url)).toEqual(parts);
  });

  it.each([
    ['rtsp://admin:p@ss%3A1@10.0.0.1/x', { username: 'admin', password: 'p@ss:1' }],
    ['rtsp://admin:a:b@10.0.0.1/x', { username: 'admin', password: 'a:b' }],
    ['rtsp://admin:50%@10.0.0.1/x', { username: 'admin', password: '50%' }],
    ['rtsp://admin@10.0.0.1/x', { username: 'admin', password: '' }],
    ['rtsp://@10.0.0.1/x', undefined],
    ['rtsp://10.0.0.1/x@y', undefined],
  ])('tell the credentials of %s', (url, credentials) => {
    expect(parseRtspUrl(url)).toMatchObject({ host: '10.0.0.1', credentials });
  });

  it('keep port, path and query to the letter, and lose credentials', () => {
    const path = '/Streaming//Channels/../101/%2e%2E?transportmode=unicast&x=&y|z#f';
    expect(again(`rtsp://a:b@10.0.0.1:554${path}`)).toBe(`rtsp://10.0.0.1:554${path}`);
    expect(again('rtsp://admin:p@ss@10.0.0.1/x@y', '198.51.100.7')).toBe('rtsp://198.51.100.7/x@y');
    expect(again('rtsps://[fe80::1]:8554/x', 'fd00::5')).toBe('rtsps://[fd00::5]:8554/x');
    expect(again('RTSP://cam')).toBe('rtsp://cam');
  });

  it.each([
    '',
    'http://h/',
    'rtsp:',
    'rtsp:/h/live',
    'h/live',
    'rtsp://host:port/x',
    'rtsp://host:65536/x',
    'rtsp://[10.0.0.1]/x',
    'rtsp://[::g]/x',
    'rtsp://a b/',
    'rtsp://h/x\r\nTEARDOWN',
  ])('are not %j', (url) => {
    expect(parseRtspUrl(url)).toBeUndefined();
  });

  it('have IPv6 addresses in brackets', () => {
    expect(['::1', '[::1]', '10.0.0.1', 'cam'].map(bracketHost)).toEqual(['[::1]', '[::1]', '10.0.0.1', 'cam']);
  });
});
