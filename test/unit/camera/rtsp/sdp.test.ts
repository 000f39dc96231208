import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isReceived, parseSessionDescription } from '../../../../src/camera/rtsp/sdp.ts';

function lines(...each: string[]): string {
  return `${each.join('\r\n')}\r\n`;
}

it('reads all forms of a backchannel, and how long its packets are to be', () => {
  const { tracks } = parseSessionDescription(
    lines(
      'v=0',
      'm=video 0 RTP/AVP 96',
      'a=rtpmap:96 H264/90000',
      'a=recvonly',
      'm=audio 0 RTP/AVP 0 97 104 999 x',
      'a=rtpmap:97 G726-32/8000',
      'a=rtpmap:104 mpeg4-generic/16000/1',
      'a=fmtp:104 mode=AAC-hbr; sizeLength=13',
      'a=ptime:40',
      'a=sendonly',
    ),
  );
  const backchannel = tracks.find((track) => !isReceived(track));
  expect(backchannel).toMatchObject({ encodingName: 'PCMU', payloadType: 0, packetMs: 40 });
  expect(backchannel?.formats?.map(({ payloadType, encodingName, clockRate }) => [payloadType, encodingName, clockRate])).toEqual(
    [
      [0, 'PCMU', 8000],
      [97, 'G726-32', 8000],
      [104, 'MPEG4-GENERIC', 16_000],
    ],
  );
  expect(backchannel?.formats?.[2]?.fmtp.get('sizelength')).toBe('13');
});

const ONVIF_CAMERA = lines(
  'v=0',
  'o=- 1 1 IN IP4 192.168.1.20',
  's=Media Server',
  'c=IN IP4 0.0.0.0',
  't=0 0',
  'a=control:rtsp://192.168.1.20/live/',
  'm=video 0 RTP/AVP 96',
  'b=AS:2048',
  'a=recvonly',
  'a=control:trackID=0',
  'a=rtpmap:96 h264/90000',
  'a=fmtp:96 packetization-mode=1; profile-level-id=640032; sprop-parameter-sets=Z2QAMqw=,aO48sA==',
  'm=audio 0 RTP/AVP 97',
  'a=control:trackID=1',
  'a=rtpmap:97 mpeg4-generic/48000/2',
  'a=fmtp:97 StreamType=5; config=1190',
  'm=application 0 RTP/AVP 107',
  'a=control:trackID=2',
  'a=rtpmap:107 vnd.onvif.metadata/90000',
  'm=audio 0 RTP/AVP 0',
  'a=sendonly',
  'a=control:backchannel',
);

describe('session description', () => {
  it('takes no number that 32 bits cannot hold', () => {
    const endless = '9'.repeat(400);
    const { tracks } = parseSessionDescription(
      lines(
        'v=0',
        'm=video 0 RTP/AVP 96',
        `b=AS:${endless}`,
        `a=rtpmap:96 H264/${endless}`,
        'm=audio 0 RTP/AVP 97',
        `a=rtpmap:97 L16/44100/${endless}`,
      ),
    );
    expect(tracks.map(({ clockRate, channels, bandwidth }) => [clockRate, channels, bandwidth])).toEqual([
      [90_000, 1, undefined],
      [44_100, 1, undefined],
    ]);
  });

  it('lists the tracks of an ONVIF camera', () => {
    const { control, tracks } = parseSessionDescription(ONVIF_CAMERA);
    expect(control).toBe('rtsp://192.168.1.20/live/');
    expect(tracks).toEqual([
      {
        kind: 'video',
        index: 0,
        control: 'trackID=0',
        payloadType: 96,
        encodingName: 'H264',
        clockRate: 90_000,
        channels: 1,
        fmtp: new Map([
          ['packetization-mode', '1'],
          ['profile-level-id', '640032'],
          ['sprop-parameter-sets', 'Z2QAMqw=,aO48sA=='],
        ]),
        direction: 'recvonly',
        bandwidth: 2048,
      },
      {
        kind: 'audio',
        index: 1,
        control: 'trackID=1',
        payloadType: 97,
        encodingName: 'MPEG4-GENERIC',
        clockRate: 48_000,
        channels: 2,
        fmtp: new Map([
          ['streamtype', '5'],
          ['config', '1190'],
        ]),
        direction: undefined,
      },
      {
        kind: 'application',
        index: 2,
        control: 'trackID=2',
        payloadType: 107,
        encodingName: 'vnd.onvif.metadata',
        clockRate: 90_000,
        channels: 1,
        fmtp: new Map(),
        direction: undefined,
      },
      {
        kind: 'audio',
        index: 3,
        control: 'backchannel',
        payloadType: 0,
        encodingName: 'PCMU',
        clockRate: 8000,
        channels: 1,
        fmtp: new Map(),
        direction: 'sendonly',
      },
    ]);
  });

  it('tells the backchannel from what the camera sends', () => {
    expect(parseSessionDescription(ONVIF_CAMERA).tracks.map(isReceived)).toEqual([true, true, true, false]);
  });

  it('reads a description without v=, with a bare c=IN, without control, with bare line feeds', () => {
    const { control, tracks } = parseSessionDescription('c=IN\nm=video 0 RTP/AVP 35\nc=IN\na=rtpmap:35 H264/90000\n');
    expect(control).toBeUndefined();
    expect(tracks).toMatchObject([{ control: '', payloadType: 35, encodingName: 'H264', fmtp: new Map() }]);
  });

  it('knows the static payload types that come without rtpmap', () => {
    const { tracks } = parseSessionDescription(lines('m=audio 0 RTP/AVP 0', 'm=audio 0 RTP/AVP 8', 'm=video 0 RTP/AVP 26'));
    expect(tracks.map((track) => `${track.encodingName}/${track.clockRate}`)).toEqual(['PCMU/8000', 'PCMA/8000', 'JPEG/90000']);
  });

  it('lets an rtpmap have the last word on a static payload type (G.711 at 16 kHz)', () => {
    expect(parseSessionDescription(lines('m=audio 0 RTP/AVP 0', 'a=rtpmap:0 PCMU/16000')).tracks).toMatchObject([
      { clockRate: 16_000 },
    ]);
  });

  it('takes the only fmtp of a track though it names another payload type', () => {
    const { tracks } = parseSessionDescription(
      lines('m=audio 0 RTP/AVP 104', 'a=rtpmap:104 mpeg4-generic/16000/1', 'a=fmtp:96 config=1408;mode=AAC-hbr'),
    );
    expect(tracks[0]?.fmtp.get('config')).toBe('1408');
  });

  it('leaves a static payload type what it is, though the track lists another one with rtpmap', () => {
    const { tracks } = parseSessionDescription(lines('m=audio 0 RTP/AVP 0 97', 'a=rtpmap:97 mpeg4-generic/16000'));
    expect(tracks).toMatchObject([{ payloadType: 0, encodingName: 'PCMU', clockRate: 8000 }]);
  });

  it('takes the right fmtp of several', () => {
    const { tracks } = parseSessionDescription(
      lines('m=video 0 RTP/AVP 97 96', 'a=rtpmap:96 H265/90000', 'a=rtpmap:97 H264/90000', 'a=fmtp:96 a=1', 'a=fmtp:97 a=2'),
    );
    expect(tracks).toMatchObject([{ payloadType: 97, encodingName: 'H264', fmtp: new Map([['a', '2']]) }]);
  });

  it('inherits the direction of the session', () => {
    expect(
      parseSessionDescription(lines('a=recvonly', 'm=video 0 RTP/AVP 26', 'm=audio 0 RTP/AVP 0', 'a=sendonly')).tracks,
    ).toMatchObject([{ direction: 'recvonly' }, { direction: 'sendonly' }]);
  });

  it('leaves out media that it cannot name, and keeps the index of the others', () => {
    const { tracks } = parseSessionDescription(
      lines('m=text 0 RTP/AVP 98', 'm=video', 'm=video 0 RTP/AVP x', 'm=audio 0 RTP/AVP 8'),
    );
    expect(tracks).toMatchObject([{ kind: 'audio', index: 3 }]);
  });

  it('takes nothing into an encoding name that does not belong there', () => {
    const { tracks } = parseSessionDescription(
      lines('m=video 0 RTP/AVP 96', `a=rtpmap:96 X\x1b[2J/90000`, 'm=audio 0 RTP/AVP 96'),
    );
    expect(tracks.map((track) => track.encodingName)).toEqual(['X', '']);
  });

  it('leaves out lines beyond 16 KiB', () => {
    const { tracks } = parseSessionDescription(
      lines('m=video 0 RTP/AVP 96', `a=control:${'x'.repeat(20_000)}`, 'a=rtpmap:96 H264/90000'),
    );
    expect(tracks).toMatchObject([{ control: '', encodingName: 'H264' }]);
  });

  it('reads no more than 32 media', () => {
    expect(parseSessionDescription('m=audio 0 RTP/AVP 0\r\n'.repeat(1000)).tracks).toHaveLength(32);
  });

  it('never throws', () => {
    const line = fc
      .tuple(fc.constantFrom('m=video 0 RTP/AVP ', 'm=', 'a=rtpmap:', 'a=fmtp:96 ', 'b=AS:', 'a=', ''), fc.string())
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(line), (all) => {
        expect(() => parseSessionDescription(all.join('\r\n'))).not.toThrow();
      }),
    );
  });
});
