import { describe, expect, it, vi } from 'vitest';
import { encodeInterleaved } from '../../../../src/camera/rtsp/interleaved.ts';
import type { RtspRequest } from '../../../../src/camera/rtsp/message.ts';
import { cameraWith, clientOf, NOW } from './pull.ts';
import type { Answer } from './scripted-camera.ts';

const BACKCHANNEL = 'www.onvif.org/ver20/backchannel';
const REPLAY = 'onvif-replay';

/** Does not know `tag`; says so in Unsupported, as `said`. */
function without(tag: string, said: [string, string][] = [['Unsupported', tag]]): (request: RtspRequest) => Answer {
  return (request) => (request.headers.getAll('Require').includes(tag) ? { status: 551, headers: said } : {});
}

function required(requests: readonly RtspRequest[]): string[][] {
  return requests.map((request) => [request.method, ...request.headers.getAll('Require')]);
}

describe('RTSP client: what it requires of a camera', () => {
  it('is nothing, where nothing was said', async () => {
    const camera = await cameraWith();
    const { client } = clientOf(camera.url);
    await client.start();
    await client.keepAlive();
    await client.close();
    expect(required(camera.requests)).toEqual(
      ['OPTIONS', 'DESCRIBE', 'SETUP', 'SETUP', 'PLAY', 'OPTIONS', 'TEARDOWN'].map((method) => [method]),
    );
  });

  it('stands in DESCRIBE, SETUP and PLAY', async () => {
    const camera = await cameraWith();
    const { client } = clientOf(camera.url, { require: [BACKCHANNEL] });
    await client.start();
    expect(required(camera.requests)).toEqual([
      ['OPTIONS'],
      ...['DESCRIBE', 'SETUP', 'SETUP', 'PLAY'].map((method) => [method, BACKCHANNEL]),
    ]);
    expect(client.agreed).toEqual([BACKCHANNEL]);
  });

  it.each([
    { answer: 'names it', said: [['Unsupported', `x, ${BACKCHANNEL.toUpperCase()}`]] as [string, string][], agreed: [REPLAY] },
    { answer: 'names nothing', said: [], agreed: [] },
    { answer: 'names something else', said: [['Unsupported', 'play.basic']] as [string, string][], agreed: [] },
  ])('is taken back when it is answered with 551 that $answer', async ({ said, agreed }) => {
    const camera = await cameraWith({ PLAY: without(BACKCHANNEL, said) });
    const { client } = clientOf(camera.url, { require: [BACKCHANNEL, REPLAY] });
    await client.start();
    expect(required(camera.asked('PLAY'))).toEqual([
      ['PLAY', BACKCHANNEL, REPLAY],
      ['PLAY', ...agreed],
    ]);
    expect(client.agreed).toEqual(agreed);
    expect(new Set(camera.requests.map((request) => request.headers.get('CSeq'))).size).toBe(camera.requests.length);
  });

  it('is asked for no second time when 551 comes without need', async () => {
    const camera = await cameraWith({ PLAY: () => ({ status: 551 }) });
    await expect(clientOf(camera.url, { require: [REPLAY] }).client.start()).rejects.toMatchObject({ code: 'rtsp.status' });
    expect(required(camera.asked('PLAY'))).toEqual([['PLAY', REPLAY], ['PLAY']]);
  });
});

describe('RTSP client: where the tracks begin', () => {
  const full = { sequenceNumber: 65535, timestamp: 4294967295 };
  it.each([
    {
      form: 'full URLs',
      value: (url: string) => `url=${url}/v;seq=65535;rtptime=4294967295,url=${url}/a;seq=7;rtptime=0`,
      starts: { H264: full, PCMU: { sequenceNumber: 7, timestamp: 0 } },
    },
    {
      form: 'relative URLs in another order',
      value: () => 'url="a"; seq=7 , url="v"; rtptime=4294967295; seq=65535',
      starts: { H264: full, PCMU: { sequenceNumber: 7 } },
    },
    {
      form: 'URLs of its own, told apart by their order',
      value: () => 'url=rtsp://cam/x,y;z;seq=1;rtptime=2,url=;seq=3;rtptime=4',
      starts: { H264: { sequenceNumber: 1, timestamp: 2 }, PCMU: { sequenceNumber: 3, timestamp: 4 } },
    },
    { form: 'one track only', value: (url: string) => `url=${url}/a;seq=9`, starts: { PCMU: { sequenceNumber: 9 } } },
    { form: 'numbers that are none', value: (url: string) => `url=${url}/a;seq=70000;rtptime=x`, starts: { PCMU: {} } },
    { form: 'nonsense', value: () => ';;seq=1,,url', starts: {} },
  ])('is read from RTP-Info with $form', async ({ value, starts }) => {
    let url = '';
    const camera = await cameraWith({ PLAY: () => ({ headers: [['RTP-Info', value(url)]] }) });
    ({ url } = camera);
    const found = (await clientOf(camera.url).client.start()).starts;
    expect(Object.fromEntries([...found].map(([track, start]) => [track.encodingName, start]))).toEqual(starts);
  });
});

describe('RTSP client: a pause', () => {
  it('is asked for and taken up again in the same session', async () => {
    const camera = await cameraWith({
      PLAY: (_, count) => ({
        headers: [['RTP-Info', `url=v;seq=${count}`]],
        behind: encodeInterleaved(0, Buffer.alloc(12, 0x80)),
      }),
    });
    const { client, told } = clientOf(camera.url);
    await client.start();
    await client.pause();
    const [start] = (await client.resume()).values();
    expect(start).toEqual({ sequenceNumber: 1 });
    expect(
      camera.requests.slice(-3).map(({ method, uri, headers }) => [method, uri, headers.get('Session'), headers.get('Range')]),
    ).toEqual([
      ['PLAY', camera.url, '12345678', 'npt=0-'],
      ['PAUSE', camera.url, '12345678', undefined],
      ['PLAY', camera.url, '12345678', undefined],
    ]);
    await vi.waitFor(() => expect(told.slice(1)).toEqual(Array(2).fill(`rtp H264 12 ${NOW}`)));
  });

  it('that the camera cannot make leaves the session as it is', async () => {
    const camera = await cameraWith({ PAUSE: () => ({ status: 455, reason: 'Method Not Valid in This State' }) });
    const { client, closed } = clientOf(camera.url);
    await client.start();
    await expect(client.pause()).rejects.toMatchObject({
      code: 'rtsp.status',
      message: expect.stringContaining('455') as string,
    });
    expect([await client.keepAlive(), closed]).toEqual([true, []]);
  });
});
