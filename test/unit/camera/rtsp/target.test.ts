import { describe, expect, it } from 'vitest';
import { redirectTarget, rtspTarget, type RtspTarget } from '../../../../src/camera/rtsp/target.ts';

describe('what is dialled and asked for', () => {
  it('names no user, and nothing but printable ASCII', () => {
    expect(rtspTarget('rtsp://u:p@192.168.1.20:8554/Tür\u{d800}?x=ü&y=%20|')).toMatchObject({
      host: '192.168.1.20',
      credentials: { username: 'u', password: 'p' },
      path: '/T%C3%BCr%EF%BF%BD?x=%C3%BC&y=%20|',
      uri: 'rtsp://192.168.1.20:8554/T%C3%BCr%EF%BF%BD?x=%C3%BC&y=%20|',
    });
    expect(rtspTarget('rtsp://[fe80::1%eth0]/a')).toMatchObject({ host: 'fe80::1%eth0', uri: 'rtsp://[fe80::1]/a' });
  });

  it.each(['rtsp:///live', 'rtsp://:554/', 'http://h/', 'rtsp://h/a b'])('is not %j', (url) => {
    expect(rtspTarget(url)).toBeUndefined();
  });
});

describe('where a redirect leads', () => {
  const target = (url: string): RtspTarget => rtspTarget(url) as RtspTarget;
  const led = (location: string, from: string, reached: string): string | undefined => {
    const found = redirectTarget(location, target(from), reached);
    return found === undefined ? undefined : `${found.secure ? 'tls ' : ''}${found.host} ${found.port ?? ''}${found.path}`;
  };

  it.each([
    { to: 'another path of the same host', location: '/new?x=1', went: 'nvr.local 554/new?x=1' },
    { to: 'its own address', location: 'rtsp://192.168.1.20:8554/b', went: 'nvr.local 8554/b' },
    { to: 'the same name in capitals, with TLS', location: 'rtsps://NVR.local/b', went: 'tls nvr.local /b' },
    { to: 'a neighbour', location: 'rtsp://u:p@192.168.1.21/b', went: '192.168.1.21 /b' },
    { to: 'the next network', location: 'rtsp://192.168.2.21/b', went: undefined },
    { to: 'a public address', location: 'rtsp://203.0.113.7/b', went: undefined },
    { to: 'this machine', location: 'rtsp://127.0.0.1/b', went: undefined },
    { to: 'an address written to mislead', location: 'rtsp://0xC0A80115/b', went: undefined },
    { to: 'IPv6', location: 'rtsp://[fd00::1]/b', went: undefined },
    { to: 'a name', location: 'rtsp://camera-2/b', went: undefined },
    { to: 'something else', location: 'http://192.168.1.20/b', went: undefined },
    { to: 'nothing', location: ' ', went: undefined },
  ])('from a private address to $to', ({ location, went }) => {
    expect(led(location, 'rtsp://nvr.local:554/a', '192.168.1.20')).toBe(went);
  });

  it('stays within one host where that is public', () => {
    expect(led('rtsp://198.51.100.8/', 'rtsp://198.51.100.7/', '198.51.100.7')).toBeUndefined();
    expect(led('rtsp://[2001:db8::2]/', 'rtsp://[2001:db8::1]/', '2001:db8::1')).toBeUndefined();
  });

  it('knows the neighbours of unique local IPv6 addresses', () => {
    expect(led('rtsp://[fd00:0:0:1::2]/', 'rtsp://[fd00:0:0:1::1]/', 'fd00:0:0:1::1')).toBe('fd00:0:0:1::2 /');
    expect(led('rtsp://[fd00:0:0:2::2]/', 'rtsp://[fd00:0:0:1::1]/', 'fd00:0:0:1::1')).toBeUndefined();
  });

  it('does not leave TLS', () => {
    expect(led('rtsp://192.168.1.20/', 'rtsps://192.168.1.20/', '192.168.1.20')).toBeUndefined();
    expect(led('rtsps://192.168.1.20/x', 'rtsps://192.168.1.20/', '192.168.1.20')).toBe('tls 192.168.1.20 /x');
  });
});
