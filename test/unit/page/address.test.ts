import { describe, expect, it } from 'vitest';
import { readAddress, signalingUrl, withoutToken } from '../../../src/page/address.ts';

describe('address of the page', () => {
  it('shows the gateway with a token', () => {
    expect(readAddress('?token=abc')).toEqual({ token: 'abc', single: null });
    expect(readAddress('')).toEqual({ token: null, single: null });
  });

  it('shows one camera at another server', () => {
    expect(readAddress('?server=wss%3A%2F%2Fs.example%2Fonvif&peer=p%201&token=abc&profile=sub')).toEqual({
      token: 'abc',
      single: { server: 'wss://s.example/onvif', peer: 'p 1', profile: 'sub' },
    });
  });

  it('shows one camera at the server that sent the page when none is named', () => {
    expect(readAddress('?peer=p1').single).toEqual({ server: '/signaling', peer: 'p1', profile: null });
  });

  it('loses the token and nothing else', () => {
    expect(withoutToken('?token=abc')).toBe('');
    expect(withoutToken('?peer=p1&token=abc&profile=sub')).toBe('?peer=p1&profile=sub');
  });
});

describe('signaling URL', () => {
  it.each([
    ['/signaling', 'http://127.0.0.1:8080/?x=1', 'ws://127.0.0.1:8080/signaling'],
    ['/signaling', 'https://nvr.example/', 'wss://nvr.example/signaling'],
    ['wss://s.example/onvif', 'http://127.0.0.1:8080/', 'wss://s.example/onvif'],
    ['https://s.example/onvif', 'http://127.0.0.1:8080/', 'wss://s.example/onvif'],
  ])('of %s on %s is %s', (server, page, url) => {
    expect(signalingUrl(server, page)).toBe(url);
  });

  it.each(['ftp://s.example', 'javascript:alert(1)', 'ws://'])('is none for %s', (server) => {
    expect(signalingUrl(server, 'http://127.0.0.1:8080/')).toBeNull();
  });
});
