import { describe, expect, it } from 'vitest';
import { splitStreamUri, withoutCredentials } from '../../../src/camera/stream-uri.ts';

function reached(uri: string, host = '198.51.100.7'): string | undefined {
  const parts = splitStreamUri(uri);
  return parts === undefined ? undefined : withoutCredentials(parts, host);
}

describe('stream URIs', () => {
  it('are pulled from the host that was reached, with the port, path and query to the letter', () => {
    expect(reached('rtsp://192.168.1.64:554/Streaming/Channels/101?transportmode=unicast&profile=Profile_1')).toBe(
      'rtsp://198.51.100.7:554/Streaming/Channels/101?transportmode=unicast&profile=Profile_1',
    );
    expect(reached('rtsp://10.0.0.1/a//b/%2e%2E?x=&y')).toBe('rtsp://198.51.100.7/a//b/%2e%2E?x=&y');
    expect(reached('RTSP://cam')).toBe('rtsp://198.51.100.7');
    expect(reached('rtsp://[fe80::1]:8554/x', 'fd00::5')).toBe('rtsp://[fd00::5]:8554/x');
  });

  it('lose their credentials, also where the password holds an @', () => {
    expect(reached('rtsp://admin:p@ss@10.0.0.1:554/x@y')).toBe('rtsp://198.51.100.7:554/x@y');
    expect(splitStreamUri('rtsp://admin:p@ss%3A1@10.0.0.1/x')?.credentials).toEqual({ username: 'admin', password: 'p@ss:1' });
    expect(splitStreamUri('rtsp://admin@10.0.0.1/x')?.credentials).toEqual({ username: 'admin', password: '' });
    expect(splitStreamUri('rtsp://10.0.0.1/x')?.credentials).toBeUndefined();
  });

  it('are refused where they are none, or could smuggle lines into a request', () => {
    for (const uri of [
      '',
      'http://10.0.0.1/',
      'rtsp:/10.0.0.1',
      'rtsp://host:port/x',
      'rtsp://host/x\r\nTEARDOWN',
      'rtsp://a b/',
    ]) {
      expect(splitStreamUri(uri)).toBeUndefined();
    }
  });
});
