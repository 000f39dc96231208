import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { encodeInterleaved } from '../../../../src/camera/rtsp/interleaved.ts';
import { RtspSource } from '../../../../src/camera/rtsp/source.ts';
import { rtpBytes } from '../../media/rtp-bytes.ts';
import { cameraWith, clientOf, started } from '../rtsp/pull.ts';
import type { Script, ScriptedCamera } from '../rtsp/scripted-camera.ts';
import { sdp } from './described-stream.ts';
import { soon } from './soon.ts';

/* Rows 14 to 19 of docs/camera-quirks.md: what cameras get wrong with RTSP. */

const PACKET = rtpBytes({ payload: Buffer.alloc(20, 0x41) });
const CREDENTIALS = { username: 'viewer', password: 'secret-word' };

/** What a camera was asked, as `METHOD URI`. */
function asked(camera: ScriptedCamera, ...methods: string[]): string[] {
  return methods.flatMap((method) => camera.asked(method).map(({ uri }) => `${method} ${uri}`));
}

describe('quirk 14: other interleaved channels than asked, odd ones, or none (gortsplib#72, #142, mediamtx#1762)', () => {
  it.each([
    { what: 'pairs of its own', transports: ['interleaved=8-9;ssrc=2A27A3FB', 'interleaved=4-5'], channels: [8, 9, 4, 5] },
    { what: 'odd ones', transports: ['interleaved=1-2', 'interleaved=3-4'], channels: [1, 2, 3, 4] },
    { what: 'them the other way round', transports: ['interleaved=2-3', 'interleaved=0-1'], channels: [2, 3, 0, 1] },
    { what: 'the first of a pair', transports: ['interleaved=6', 'interleaved=10'], channels: [6, 7, 10, 11] },
    { what: 'none', transports: ['', ''], channels: [0, 1, 2, 3] },
    { what: 'the same for all', transports: ['interleaved=0-1', 'interleaved=0-1'], channels: [0, 1, 2, 3] },
    { what: 'what are no channels', transports: ['interleaved=300-301', 'interleaved=x'], channels: [0, 1, 2, 3] },
  ])('takes what comes, and answers, on those of a camera that answers $what', async ({ transports, channels }) => {
    const camera = await cameraWith({
      SETUP: (_, count) => {
        const transport = `RTP/AVP/TCP;unicast;${transports[count]}`.replace(/;$/, '');
        return { headers: transports[count] === '' ? [] : [['Transport', transport]] };
      },
    });
    const { client, told } = clientOf(camera.url);
    const { tracks } = await client.start();
    for (const channel of channels) camera.sendFrame(channel, PACKET);
    const heard = ['rtp H264', 'rtcp H264', 'rtp PCMU', 'rtcp PCMU'];
    await soon(() => expect(told.slice(1).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(heard));
    for (const track of tracks) client.sendRtcp(track, Buffer.from([1]));
    await soon(() => expect(camera.frames.map(({ channel }) => channel)).toEqual([channels[1], channels[3]]));
  });
});

describe('quirk 15: garbage between interleaved frames (gortsplib#653, go2rtc#231, frigate#5323)', () => {
  it.each([
    ['a packet whose frame header is missing (Canon VB-H47)', PACKET],
    ['zeros', Buffer.alloc(700)],
    ['what looks like a frame and leads nowhere', Buffer.from([0x24, 0, 0, 9, 0x80, 0x60, 1, 2, 3, 4, 5, 6, 7, 0xff, 0xff])],
    ['a line of text', Buffer.from('Connection: Keep-Alive\r\n\r\n')],
  ])('is passed over and counted, and the session goes on: %s', async (_, garbage) => {
    const camera = await cameraWith();
    const { client, told, closed } = clientOf(camera.url);
    await client.start();
    const frame = encodeInterleaved(0, PACKET);
    camera.sendRaw(Buffer.concat([frame, garbage, frame, frame, frame]));
    await soon(() => expect(told.filter((line) => line.startsWith('rtp H264 32')).length).toBeGreaterThanOrEqual(3));
    expect(client.counters.garbageBytes).toBeGreaterThan(0);
    camera.sendRequest('OPTIONS');
    await soon(() => expect(camera.responses.map(({ status }) => status)).toEqual([200]));
    expect(closed).toEqual([]);
  });
});

describe('quirk 16: broken Content-Base or control (go2rtc#208, #1852, #1236, mediamtx#683)', () => {
  it.each([
    {
      what: 'a doubled scheme (icamra)',
      contentBase: 'rtsp://rtsp://turret2-cam.lan:554/stream1/',
      control: ['*', 'trackID=1'],
      requests: ['SETUP rtsp://turret2-cam.lan:554/stream1/trackID=1', 'PLAY rtsp://turret2-cam.lan:554/stream1/'],
    },
    {
      what: 'no scheme (Anjvision)',
      contentBase: '192.168.253.220:1935/',
      control: ['*', 'trackID=1'],
      requests: ['SETUP rtsp://192.168.253.220:1935/trackID=1', 'PLAY rtsp://192.168.253.220:1935/'],
    },
    {
      what: 'a control that begins with a slash, behind a base that ends with one (Verint S1816e)',
      contentBase: 'rtsp://192.168.101.22/',
      control: ['*', '/media/1/video/1'],
      requests: ['SETUP rtsp://192.168.101.22/media/1/video/1', 'PLAY rtsp://192.168.101.22/'],
    },
    {
      what: 'a query, which stands before the track (Dahua)',
      contentBase: 'rtsp://10.0.0.8:554/cam/realmonitor?channel=1&subtype=0&unicast=true&proto=Onvif/',
      control: ['*', 'trackID=0'],
      requests: [
        'SETUP rtsp://10.0.0.8:554/cam/realmonitor?channel=1&subtype=0&unicast=true&proto=Onvif/trackID=0',
        'PLAY rtsp://10.0.0.8:554/cam/realmonitor?channel=1&subtype=0&unicast=true&proto=Onvif/',
      ],
    },
    {
      what: 'an absolute control with a query of its own, and no base',
      contentBase: undefined,
      control: ['rtsp://192.168.1.63/live/?mtu=1440', 'rtsp://192.168.1.63/live/trackID=3?mtu=1440&streamType=u'],
      requests: ['SETUP rtsp://192.168.1.63/live/trackID=3?mtu=1440&streamType=u', 'PLAY rtsp://192.168.1.63/live/?mtu=1440'],
    },
    {
      what: 'a doubled scheme in the control',
      contentBase: undefined,
      control: ['rtsp://rtsp://c.lan/live', 'rtsp://rtsp://c.lan/live/track1'],
      requests: ['SETUP rtsp://c.lan/live/track1', 'PLAY rtsp://c.lan/live'],
    },
  ])('asks for what the camera means: $what', async ({ contentBase, control, requests }) => {
    const [session, track] = control;
    const camera = await cameraWith({
      DESCRIBE: () => ({
        headers: contentBase === undefined ? [] : [['Content-Base', contentBase]],
        body: sdp('v=0', `a=control:${session}`, 'm=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', `a=control:${track}`),
      }),
    });
    await clientOf(camera.url).client.start();
    expect(asked(camera, 'SETUP', 'PLAY')).toEqual(requests);
  });

  it('asks for the URL itself where there is neither base nor control (VStarcam: retina#9)', async () => {
    const camera = await cameraWith({ DESCRIBE: () => ({ body: sdp('m=video 0 RTP/AVP 96', 'a=control:track0') }) });
    const { client } = clientOf(`${camera.url}?channel=1`);
    await client.start();
    expect(asked(camera, 'SETUP', 'PLAY')).toEqual([`SETUP ${camera.url}?channel=1/track0`, `PLAY ${camera.url}?channel=1`]);
  });
});

describe('quirk 17: authentication (mediamtx#3116, SharpRTSP#126, go2rtc#235, retina#87)', () => {
  const digest = (nonce: string): string => `Digest realm="b4a38201a73f", nonce="${nonce}", stale="FALSE"`;
  const basic = 'Basic realm="b4a38201a73f"';
  const answered = (header: string | undefined, nonce: string): boolean => header?.includes(`nonce="${nonce}"`) === true;

  it.each([
    ['Digest first (Hikvision)', [digest('n1'), basic]],
    ['Basic first', [basic, digest('n1')]],
    ['both in one header', [`${basic}, ${digest('n1')}`]],
  ])('never sends the password itself where Basic and Digest are offered together: %s', async (_, challenges) => {
    const camera = await cameraWith({
      DESCRIBE: ({ headers }) =>
        answered(headers.get('Authorization'), 'n1')
          ? { body: sdp('m=video 0 RTP/AVP 96') }
          : { status: 401, headers: challenges.map((challenge) => ['WWW-Authenticate', challenge]) },
    });
    await clientOf(camera.url, { credentials: CREDENTIALS }).client.start();
    const sent = camera.requests.flatMap(({ headers }) => headers.getAll('Authorization'));
    expect(sent.length).toBeGreaterThan(1);
    expect(sent.every((value) => value.startsWith('Digest '))).toBe(true);
  });

  it('goes on with the new nonce of a camera that changes it on a keep-alive (Axis M5525)', async () => {
    let nonce = 'n1';
    const guarded: Script[string] = ({ headers }) =>
      answered(headers.get('Authorization'), nonce) ? {} : { status: 401, headers: [['WWW-Authenticate', digest(nonce)]] };
    const camera = await cameraWith({
      OPTIONS: () => ({ headers: [['Public', 'DESCRIBE, SETUP, PLAY, GET_PARAMETER']] }),
      DESCRIBE: (request, count) => ({ ...guarded(request, count), body: sdp('m=video 0 RTP/AVP 96') }),
      GET_PARAMETER: guarded,
      TEARDOWN: guarded,
    });
    const { client, closed } = clientOf(camera.url, { credentials: CREDENTIALS });
    await client.start();
    for (const next of ['n1', 'n2', 'n3']) {
      nonce = next;
      expect(await client.keepAlive()).toBe(true);
    }
    await client.close();
    const nonces = camera.requests.slice(2).map(({ headers }) => /nonce="(\w+)"/.exec(headers.get('Authorization') ?? '')?.[1]);
    // DESCRIBE again, SETUP, PLAY and the first; then each new nonce is refused once, and answered.
    expect(nonces).toEqual(['n1', 'n1', 'n1', 'n1', 'n1', 'n2', 'n2', 'n3', 'n3']);
    expect(closed).toEqual([]);
  });

  it('says who it is in every request: some answer 401 to whoever does not (SV3C)', async () => {
    const anonymous: Script[string] = ({ headers }) => (headers.get('User-Agent') ? {} : { status: 401 });
    const camera = await cameraWith({
      OPTIONS: anonymous,
      DESCRIBE: (request, count) => ({ ...anonymous(request, count), body: sdp('m=video 0 RTP/AVP 96') }),
      SETUP: (request, count) => ({ ...anonymous(request, count), headers: [['Session', '1']] }),
      PLAY: anonymous,
      TEARDOWN: anonymous,
    });
    const { client } = clientOf(camera.url);
    await client.start();
    await client.keepAlive();
    await client.close();
    expect(camera.requests.filter(({ headers }) => !headers.get('User-Agent'))).toEqual([]);
    expect(camera.methods).toEqual(['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY', 'OPTIONS', 'TEARDOWN']);
  });
});

describe('quirk 18: keep-alive and stalls (mediamtx#1066, #4210, go2rtc#2409, #1256, janus-gateway#693)', () => {
  it.each([
    { publicMethods: ['OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER'], method: 'GET_PARAMETER' },
    { publicMethods: ['options, describe, get_parameter'], method: 'GET_PARAMETER' },
    { publicMethods: ['OPTIONS, DESCRIBE', 'PLAY, GET_PARAMETER'], method: 'GET_PARAMETER' },
    { publicMethods: ['OPTIONS, DESCRIBE, SETUP, PLAY, SET_PARAMETER'], method: 'OPTIONS' },
    { publicMethods: [], method: 'OPTIONS' },
  ])('uses $method where the camera lists $publicMethods', async ({ publicMethods, method }) => {
    const camera = await cameraWith({ OPTIONS: () => ({ headers: publicMethods.map((value) => ['Public', value]) }) });
    const { client } = await started(camera);
    await client.keepAlive();
    expect(camera.methods.at(-1)).toBe(method);
  });

  it('turns to OPTIONS where GET_PARAMETER is listed and answered with 400', async () => {
    const camera = await cameraWith({
      OPTIONS: () => ({ headers: [['Public', 'OPTIONS, GET_PARAMETER']] }),
      GET_PARAMETER: () => ({ status: 400 }),
    });
    const { client, closed } = await started(camera);
    await client.keepAlive();
    await client.keepAlive();
    expect(camera.methods.slice(-2)).toEqual(['GET_PARAMETER', 'OPTIONS']);
    expect(closed).toEqual([]);
  });

  it.each([
    { session: '12345678;timeout=60', afterMs: 30_000 },
    { session: '12345678; Timeout = 15', afterMs: 7500 },
    { session: '"abc" ;timeout=10;x=1', afterMs: 5000 },
    { session: '12345678;timeout=0', afterMs: 30_000 },
    { session: '12345678;timeout=', afterMs: 30_000 },
    { session: '12345678', afterMs: 30_000 },
    { session: '12345678;timeout=86400', afterMs: 30_000 },
  ])('comes at half the time-out, and each 30 s at least: $session', async ({ session, afterMs }) => {
    const intervals = vi.spyOn(globalThis, 'setInterval');
    onTestFinished(() => intervals.mockRestore());
    const camera = await cameraWith({ SETUP: () => ({ headers: [['Session', session]] }) });
    await started(camera);
    const timers = intervals.mock.calls.filter(([, ms]) => (ms ?? 0) >= 1000);
    expect(timers.map(([, ms]) => ms)).toEqual([afterMs]);
    const before = camera.requests.length;
    timers[0]?.[0]();
    await soon(() => expect(camera.requests).toHaveLength(before + 1));
    expect(camera.requests.at(-1)?.headers.get('Session')).toBe(session.split(';')[0]?.trim());
  });

  it('is no reason to end a session that plays when it is not answered, or with the number of another request (retina#133)', async () => {
    const camera = await cameraWith({ OPTIONS: (_, count) => ({ silent: count > 0 }) });
    const { client, told, closed } = clientOf(camera.url, { requestTimeoutMs: 300 });
    await client.start();
    const alive = client.keepAlive();
    await soon(() => expect(camera.asked('OPTIONS')).toHaveLength(2));
    const number = Number(camera.requests.at(-1)?.headers.get('CSeq'));
    camera.sendRaw(Buffer.from(`RTSP/1.0 400 Bad Request\r\nCSeq: ${number - 1}\r\n\r\n`));
    expect(await alive).toBe(false);
    camera.sendFrame(0, PACKET);
    await soon(() => expect(told.at(-1)).toContain('rtp H264'));
    expect(closed).toEqual([]);
  });

  it('connects anew when a camera goes silent and leaves the connection open', async () => {
    const camera = await cameraWith({
      OPTIONS: (_, count) => ({ silent: count === 1 }),
      PLAY: () => ({ behind: encodeInterleaved(0, PACKET) }),
      TEARDOWN: () => ({ hangUp: true }),
    });
    const states: string[] = [];
    const source = new RtspSource({
      url: camera.url,
      stallMs: 200,
      backoff: { firstMs: 1, maxMs: 5 },
      onState: (state, reason) => states.push(reason?.code ?? state),
      onTracks: () => undefined,
      onRtp: () => undefined,
    });
    source.start();
    const expected = ['connecting', 'playing', 'rtsp.stalled', 'playing'];
    await soon(() => expect(states.slice(0, 4)).toEqual(expected));
    await source.close();
  });
});

describe('quirk 19: asking for the backchannel disables a doorbell (go2rtc#247, #95, #830)', () => {
  it('no request of a pull has a Require, and a backchannel that is listed all the same is not set up', async () => {
    const camera = await cameraWith({
      OPTIONS: () => ({ headers: [['Public', 'OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN']] }),
      DESCRIBE: () => ({
        body: sdp(
          ...['v=0', 'm=video 0 RTP/AVP 96', 'a=control:trackID=0', 'a=rtpmap:96 H264/90000', 'a=recvonly'],
          ...['m=audio 0 RTP/AVP 97', 'a=control:trackID=1', 'a=rtpmap:97 MPEG4-GENERIC/16000', 'a=recvonly'],
          ...['m=audio 0 RTP/AVP 8', 'a=control:trackID=5', 'a=rtpmap:8 PCMA/8000', 'a=sendonly'],
        ),
      }),
    });
    const { client } = clientOf(camera.url);
    await client.start();
    await client.keepAlive();
    await client.close();
    expect(camera.methods).toEqual(['OPTIONS', 'DESCRIBE', 'SETUP', 'SETUP', 'PLAY', 'GET_PARAMETER', 'TEARDOWN']);
    expect(camera.requests.flatMap(({ headers }) => headers.getAll('Require'))).toEqual([]);
    expect(asked(camera, 'SETUP').filter((each) => each.endsWith('trackID=5'))).toEqual([]);
  });
});
