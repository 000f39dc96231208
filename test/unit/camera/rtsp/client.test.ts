import { describe, expect, it, vi } from 'vitest';
import { encodeInterleaved } from '../../../../src/camera/rtsp/interleaved.ts';
import { cameraWith, clientOf, NOW, started } from './pull.ts';

const PACKET = Buffer.from([0x80, 0x60, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9]);
describe('RTSP client: a session', () => {
  it('goes from OPTIONS to PLAY to TEARDOWN, and never for the backchannel', async () => {
    const camera = await cameraWith();
    const { client } = clientOf(camera.url);
    const { tracks } = await client.start();
    await client.close();
    expect(tracks.map((track) => track.encodingName)).toEqual(['H264', 'PCMU']);
    expect(camera.requests.map((request) => `${request.method} ${request.uri.slice(camera.url.length)}`)).toEqual([
      'OPTIONS ',
      'DESCRIBE ',
      'SETUP /v',
      'SETUP /a',
      'PLAY ',
      'TEARDOWN ',
    ]);
    expect(camera.requests.map((request) => request.headers.get('CSeq'))).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(camera.requests.every((request) => request.headers.get('User-Agent') !== undefined)).toBe(true);
    expect(camera.requests.map((request) => request.headers.get('Session'))).toEqual([
      ...[undefined, undefined, undefined],
      ...['12345678', '12345678', '12345678'],
    ]);
    expect(camera.asked('SETUP').map((request) => request.headers.get('Transport'))).toEqual([
      'RTP/AVP/TCP;unicast;interleaved=0-1',
      'RTP/AVP/TCP;unicast;interleaved=2-3',
    ]);
    expect(camera.asked('PLAY')[0]?.headers.get('Range')).toBe('npt=0-');
  });

  it('follows Content-Base and the control of the session', async () => {
    const camera = await cameraWith({
      DESCRIBE: () => ({
        headers: [['Content-Base', 'rtsp://10.0.0.9/base?x=1']],
        body: 'a=control:*\r\nm=video 0 RTP/AVP 96\r\na=control:trackID=0\r\n',
      }),
    });
    const { client } = clientOf(camera.url);
    await client.start();
    expect(camera.asked('SETUP')[0]?.uri).toBe('rtsp://10.0.0.9/base?x=1/trackID=0');
    expect(camera.asked('PLAY')[0]?.uri).toBe('rtsp://10.0.0.9/base?x=1');
  });

  it('sets up only the tracks that are wanted', async () => {
    const camera = await cameraWith();
    const { client } = clientOf(camera.url, { choose: (tracks) => tracks.filter(({ kind }) => kind === 'audio') });
    await client.start();
    expect(camera.asked('SETUP').map((request) => request.uri)).toEqual([`${camera.url}/a`]);
  });

  it('names the tracks before it hands on packets that come together with the answer to PLAY', async () => {
    const camera = await cameraWith({
      PLAY: () => ({
        behind: Buffer.concat([
          encodeInterleaved(0, PACKET),
          encodeInterleaved(3, Buffer.alloc(8)),
          encodeInterleaved(9, PACKET),
        ]),
      }),
    });
    const { client, told } = clientOf(camera.url);
    await client.start();
    await vi.waitFor(() => expect(told).toEqual(['tracks H264 PCMU', `rtp H264 12 ${NOW}`, 'rtcp PCMU 8']));
  });

  it.each([
    { answered: 'RTP/AVP/TCP;unicast;interleaved=7-8', rtp: 7, rtcp: 8 },
    { answered: 'RTP/AVP/TCP;interleaved=5', rtp: 5, rtcp: 6 },
    { answered: 'RTP/AVP/TCP;unicast;interleaved=1-2', rtp: 1, rtcp: 2 },
    { answered: '', rtp: 0, rtcp: 1 },
    { answered: 'RTP/AVP/TCP;unicast', rtp: 0, rtcp: 1 },
    { answered: 'RTP/AVP/TCP;interleaved=300-301', rtp: 0, rtcp: 1 },
  ])('uses the channels that the camera answers: $answered', async ({ answered, rtp, rtcp }) => {
    const camera = await cameraWith({ SETUP: () => ({ headers: [['Transport', answered]] }) });
    const { client, told } = clientOf(camera.url, { choose: (tracks) => tracks.filter(({ kind }) => kind === 'video') });
    const { tracks } = await client.start();
    camera.sendFrame(rtp, PACKET);
    camera.sendFrame(rtcp, PACKET);
    await vi.waitFor(() => expect(told.slice(1)).toEqual([`rtp H264 12 ${NOW}`, 'rtcp H264 12']));
    expect(tracks[0] !== undefined && client.sendRtcp(tracks[0], Buffer.from([1, 2]))).toBe(true);
    await vi.waitFor(() => expect(camera.frames).toEqual([{ channel: rtcp, payload: Buffer.from([1, 2]) }]));
  });

  it('asks for channels that are free where the camera chose those of the next track', async () => {
    const camera = await cameraWith({
      SETUP: (request, count) => ({
        headers: [['Transport', count === 0 ? 'RTP/AVP/TCP;interleaved=2-3' : (request.headers.get('Transport') ?? '')]],
      }),
    });
    const { client, told } = clientOf(camera.url);
    await client.start();
    camera.sendFrame(2, PACKET);
    camera.sendFrame(0, PACKET);
    await vi.waitFor(() => expect(told.slice(1)).toEqual([`rtp H264 12 ${NOW}`, `rtp PCMU 12 ${NOW}`]));
  });

  it('names the SSRC that the camera announces', async () => {
    const camera = await cameraWith({ SETUP: () => ({ headers: [['Transport', 'RTP/AVP/TCP;interleaved=0-1;ssrc=1A2B3C4D']] }) });
    const { client } = clientOf(camera.url);
    expect((await client.start()).tracks.map((track) => track.ssrc)).toEqual([0x1a2b3c4d, 0x1a2b3c4d]);
  });

  it('keeps the tracks apart for a camera that answers the same channels to all', async () => {
    const camera = await cameraWith({ SETUP: () => ({ headers: [['Transport', 'RTP/AVP/TCP;interleaved=0-1']] }) });
    const { client, told } = clientOf(camera.url);
    await client.start();
    camera.sendFrame(2, PACKET);
    await vi.waitFor(() => expect(told.slice(1)).toEqual([`rtp PCMU 12 ${NOW}`]));
  });

  it('plays the picture of a camera that refuses its sound', async () => {
    const camera = await cameraWith({ SETUP: (request) => (request.uri.endsWith('/a') ? { status: 461 } : {}) });
    const { client } = clientOf(camera.url);
    expect((await client.start()).tracks.map((track) => track.kind)).toEqual(['video']);
  });

  it('plays although OPTIONS is refused', async () => {
    const camera = await cameraWith({ OPTIONS: () => ({ status: 501 }) });
    await clientOf(camera.url).client.start();
    expect(camera.methods).toContain('PLAY');
  });

  it('waits on after 100 Continue, and takes an answer without CSeq for the one it waits for', async () => {
    const camera = await cameraWith({ DESCRIBE: () => ({ silent: true }) });
    const start = clientOf(camera.url).client.start();
    await vi.waitFor(() => expect(camera.methods).toContain('DESCRIBE'));
    camera.sendRaw(Buffer.from('RTSP/1.0 100 Continue\r\nCSeq: 2\r\n\r\n'));
    camera.sendRaw(Buffer.from('RTSP/1.0 200 OK\r\nContent-Length: 24\r\n\r\nm=video 0 RTP/AVP 26\r\n\r\n'));
    expect((await start).tracks.map((track) => track.encodingName)).toEqual(['JPEG']);
  });

  it('answers what the camera asks', async () => {
    const camera = await cameraWith();
    await clientOf(camera.url).client.start();
    for (const method of ['OPTIONS', 'GET_PARAMETER', 'SET_PARAMETER', 'ANNOUNCE', 'FROBNICATE']) camera.sendRequest(method);
    camera.sendRaw(Buffer.from('GET_PARAMETER * RTSP/1.0\r\nCSeq: 78\r\nSession: abc\r\nContent-Length: 6\r\n\r\njitter'));
    await vi.waitFor(() => expect(camera.responses.map(({ status }) => status)).toEqual([200, 200, 200, 200, 501, 451]));
    expect(camera.responses.map(({ headers }) => headers.get('CSeq'))).toEqual(['77', '77', '77', '77', '77', '78']);
    expect(camera.responses[0]?.headers.get('Public')).toContain('GET_PARAMETER');
    expect(camera.responses.map(({ headers }) => headers.get('Session')).slice(4)).toEqual([undefined, 'abc']);
  });
});

describe('RTSP client: keep-alive', () => {
  it.each([
    { publicMethods: 'OPTIONS, GET_PARAMETER, SET_PARAMETER', method: 'GET_PARAMETER' },
    { publicMethods: 'OPTIONS, SET_PARAMETER', method: 'OPTIONS' },
  ])('with $method where the camera lists $publicMethods', async ({ publicMethods, method }) => {
    const camera = await cameraWith({
      OPTIONS: () => ({ headers: [['Public', publicMethods]] }),
      SETUP: () => ({ headers: [['Session', 'abc; timeout=1']] }),
    });
    const { closed } = await started(camera);
    const before = camera.requests.length;
    await vi.waitFor(() => expect(camera.requests.length).toBeGreaterThanOrEqual(before + 2), { timeout: 4000 });
    for (const request of camera.requests.slice(before)) {
      expect([request.method, request.headers.get('Session'), request.uri]).toEqual([method, 'abc', camera.url]);
    }
    expect(closed).toEqual([]);
  });

  it('turns to OPTIONS where GET_PARAMETER is listed and refused', async () => {
    const camera = await cameraWith({
      OPTIONS: () => ({ headers: [['Public', 'GET_PARAMETER']] }),
      GET_PARAMETER: () => ({ status: 451 }),
      SETUP: () => ({ headers: [['Session', 'abc;timeout=1']] }),
    });
    await started(camera);
    await vi.waitFor(() => expect(camera.methods.slice(-2)).toEqual(['GET_PARAMETER', 'OPTIONS']), { timeout: 4000 });
  });

  it('ends when the camera has forgotten the session', async () => {
    const camera = await cameraWith({
      OPTIONS: (_, count) => ({ status: count === 0 ? 200 : 454 }),
      SETUP: () => ({ headers: [['Session', 'abc;timeout=1']] }),
    });
    const { closed } = await started(camera);
    await vi.waitFor(() => expect(closed.map((error) => error.code)).toEqual(['rtsp.closed']), { timeout: 4000 });
  });
});
