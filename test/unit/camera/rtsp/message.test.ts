import { describe, expect, it } from 'vitest';
import { encodeRequest, encodeResponse, parseHeaders, parseStartLine, RtspHeaders } from '../../../../src/camera/rtsp/message.ts';

describe('RTSP message', () => {
  it('encodes a request with its body and the length of it', () => {
    const headers = new RtspHeaders([['CSeq', '7']]);
    const bytes = encodeRequest({
      method: 'SET_PARAMETER',
      uri: 'rtsp://cam/live',
      headers,
      body: Buffer.from('barparam: 1\r\n'),
    });
    expect(bytes.toString()).toBe(
      'SET_PARAMETER rtsp://cam/live RTSP/1.0\r\nCSeq: 7\r\nContent-Length: 13\r\n\r\nbarparam: 1\r\n',
    );
  });

  it('encodes a response without a body', () => {
    const headers = new RtspHeaders([
      ['CSeq', '1'],
      ['WWW-Authenticate', 'Basic realm="a"'],
      ['WWW-Authenticate', 'Digest realm="b", nonce="c"'],
    ]);
    expect(encodeResponse({ status: 401, reason: 'Unauthorized', headers, body: Buffer.alloc(0) }).toString()).toBe(
      'RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nWWW-Authenticate: Basic realm="a"\r\nWWW-Authenticate: Digest realm="b", nonce="c"\r\n\r\n',
    );
  });

  it('lets no line break in a value start a header of its own', () => {
    const headers = new RtspHeaders([['User-Agent', 'x\r\nInjected: yes\n\nbody']]);
    const text = encodeRequest({
      method: 'OPTIONS',
      uri: 'rtsp://cam/\r\nInjected: too',
      headers,
      body: Buffer.alloc(0),
    }).toString();
    expect(text.split('\r\n')).toEqual([
      'OPTIONS rtsp://cam/ Injected: too RTSP/1.0',
      'User-Agent: x Injected: yes body',
      '',
      '',
    ]);
  });

  it('keeps the bytes of another character set as they came', () => {
    const gbk = Buffer.from([0xc9, 0xe3, 0xcf, 0xf1]).toString('latin1');
    const bytes = encodeRequest({ method: 'OPTIONS', uri: '*', headers: new RtspHeaders([['X', gbk]]), body: Buffer.alloc(0) });
    expect(bytes.includes(Buffer.from([0xc9, 0xe3, 0xcf, 0xf1]))).toBe(true);
  });

  it('finds headers whatever their case, with all their values', () => {
    const headers = parseHeaders([
      'www-authenticate: one',
      'cseq:2',
      'WWW-Authenticate:  two ',
      'no colon',
      ': no name',
      'Public: A,',
      '\tB',
    ]);
    expect(headers.getAll('WWW-Authenticate')).toEqual(['one', 'two']);
    expect(headers.get('CSeq')).toBe('2');
    expect(headers.get('public')).toBe('A, B');
    expect(headers.get('Session')).toBeUndefined();
    expect([...headers]).toHaveLength(4);
  });

  it.each([
    ['RTSP/1.0 200 OK', { kind: 'response', status: 200, reason: 'OK' }],
    ['RTSP/1.0 454 Session Not Found ', { kind: 'response', status: 454, reason: 'Session Not Found' }],
    ['RTSP/1.0 200', { kind: 'response', status: 200, reason: '' }],
    ['HTTP/1.1 401 Unauthorized', { kind: 'response', status: 401, reason: 'Unauthorized' }],
    ['OPTIONS * RTSP/1.0', { kind: 'request', method: 'OPTIONS', uri: '*' }],
    ['GET_PARAMETER rtsp://h/a?b=c RTSP/1.0', { kind: 'request', method: 'GET_PARAMETER', uri: 'rtsp://h/a?b=c' }],
    ['GET / HTTP/1.1', undefined],
    ['RTSP/1.0 OK', undefined],
    [`RTSP/1.0 200${' '.repeat(8000)}\rx`, undefined],
    ['', undefined],
  ])('reads the start line %j', (line, expected) => {
    expect(parseStartLine(line)).toEqual(expected);
  });
});
