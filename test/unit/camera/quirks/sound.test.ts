import { describe, expect, it } from 'vitest';
import { isReceived, parseSessionDescription } from '../../../../src/camera/rtsp/sdp.ts';
import { isPassedSound } from '../../../../src/media/sound-track.ts';
import { Stream } from '../../../../src/media/stream.ts';
import { streamMedia } from '../../../../src/plane/stream-media.ts';
import type { StreamMedia } from '../../../../src/plane/messages.ts';
import { sdp } from './described-stream.ts';

/* Rows 12 and 13 of docs/camera-quirks.md: descriptions of sound. */

/** What is pulled of a description, and what is said of the rest. */
function described(text: string): { chosen: string[]; media: StreamMedia } {
  const sent = parseSessionDescription(text).tracks.filter(isReceived);
  const chosen = Stream.choose(sent);
  return { chosen: chosen.map(({ encodingName }) => encodingName), media: streamMedia(sent, chosen) };
}

const VIDEO = ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=recvonly'];

describe('quirk 12: descriptions of AAC and backchannels (mediamtx#3669, #3590, gortsplib#479)', () => {
  it('reads AAC whose fmtp names another payload type than its rtpmap (HIK Media Server V5.03.010)', () => {
    const text = sdp(
      ...['v=0', 'o=- 1109162014219182 0 IN IP4 0.0.0.0', 's=HIK Media Server V5.03.010', 'e=NONE', 'c=IN IP4 0.0.0.0', 't=0 0'],
      ...[...VIDEO, 'a=fmtp:96 profile-level-id=4D0014;packetization-mode=0', 'm=audio 0 RTP/AVP 104', 'a=recvonly'],
      ...['a=control:trackID=audio', 'a=rtpmap:104 MPEG4-GENERIC/16000'],
      'a=fmtp:97 streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1408',
    );
    const [, sound] = parseSessionDescription(text).tracks;
    expect(sound).toMatchObject({ payloadType: 104, encodingName: 'MPEG4-GENERIC', clockRate: 16_000 });
    expect(sound?.fmtp.get('config')).toBe('1408');
    expect(described(text)).toMatchObject({
      chosen: ['H264', 'MPEG4-GENERIC'],
      media: { audio: 'MPEG4-GENERIC', sound: true, warnings: [] },
    });
  });

  it('plays the picture beside LATM without its config, whose fmtp is of payload type 40', () => {
    const text = sdp(
      ...['v=0', ...VIDEO, 'm=audio 0 RTP/AVP 97', 'a=control:track2', 'a=rtpmap:97 MP4A-LATM/16000/1'],
      'a=fmtp:40 profile-level-id=1709392648;cpresent=0;config=',
    );
    const [, sound] = parseSessionDescription(text).tracks;
    expect([sound?.encodingName, sound?.fmtp.get('config'), sound?.fmtp.get('cpresent')]).toEqual(['MP4A-LATM', '', '0']);
    expect(described(text)).toMatchObject({ chosen: ['H264', 'MP4A-LATM'], media: { audio: 'MP4A-LATM', sound: true } });
  });

  it('takes the sound that is sent, not the backchannel of 20 payload types beside it (Dahua)', () => {
    const text = sdp(
      ...['v=0', 's=Media Server', 'a=control:*', 'a=packetization-supported:DH', ...VIDEO, 'm=audio 0 RTP/AVP 8'],
      ...['a=control:trackID=1', 'a=rtpmap:8 PCMA/8000', 'a=recvonly'],
      ...['m=application 0 RTP/AVP 107', 'a=rtpmap:107 vnd.onvif.metadata/90000', 'a=recvonly'],
      'm=audio 0 RTP/AVP 116 115 114 113 112 111 110 109 108 97 107 106 105 104 0 103 102 101 100 8',
      ...[
        'a=control:trackID=5',
        'a=rtpmap:116 MPEG4-GENERIC/64000',
        'a=rtpmap:115 MPEG4-GENERIC/48000',
        'a=rtpmap:97 PCMU/16000',
      ],
      ...['a=rtpmap:0 PCMU/8000', 'a=rtpmap:8 PCMA/8000', 'a=sendonly'],
    );
    expect(parseSessionDescription(text).tracks.at(-1)).toMatchObject({ payloadType: 116, direction: 'sendonly' });
    expect(described(text)).toMatchObject({
      chosen: ['H264', 'PCMA', 'vnd.onvif.metadata'],
      media: { audio: 'PCMA', sound: true, warnings: [] },
    });
  });

  it('leaves a track alone whose payload type 20 means nothing, with an rtpmap and without', () => {
    for (const rtpmap of [[], ['a=rtpmap:20 PCM/8000']]) {
      const text = sdp('v=0', ...VIDEO, 'm=audio 0 RTP/AVP 0', 'm=audio 0 RTP/AVP 20', ...rtpmap, 'a=sendonly');
      expect(described(text)).toMatchObject({ chosen: ['H264', 'PCMU'], media: { warnings: [] } });
      expect(described(text.replace('a=sendonly', 'a=recvonly')).chosen).toEqual(['H264', 'PCMU']);
    }
  });

  it('takes the microphone, not the loudspeaker, in whatever order a camera lists them before its video (Avigilon)', () => {
    const microphone = ['m=audio 0 RTP/AVP 0', 'a=control:rtsp://c/micCfg0/trackID=9?mtu=1440', 'a=recvonly'];
    const loudspeaker = [
      ...['m=audio 0 RTP/AVP 0 97', 'c=SM SM spk0_trackID2', 'a=control:rtsp://c/spk0/trackID=2?mtu=1440', 'a=sendonly'],
      ...['a=rtpmap:0 pcmu/8000', 'a=rtpmap:97 opus/48000/2'],
    ];
    for (const sound of [
      [...microphone, ...loudspeaker],
      [...loudspeaker, ...microphone],
    ]) {
      const { tracks } = parseSessionDescription(sdp('v=0', 's=Live', 't=0 0', ...sound, ...VIDEO));
      const chosen = Stream.choose(tracks.filter(isReceived));
      expect(chosen.map(({ control }) => control)).toEqual(['', 'rtsp://c/micCfg0/trackID=9?mtu=1440']);
    }
  });
});

describe('quirk 13: G.711 at 16 kHz (mediamtx#2848)', () => {
  it.each(['PCMU/16000', 'PCMA/16000/1', 'PCMA/48000/1', 'PCMU/8000/2'])(
    'is heard converted, not passed on as G.711 at 8 kHz: %s',
    (rtpmap) => {
      for (const payloadType of [97, rtpmap.startsWith('PCMU') ? 0 : 8]) {
        const text = sdp('v=0', ...VIDEO, `m=audio 0 RTP/AVP ${payloadType}`, `a=rtpmap:${payloadType} ${rtpmap}`);
        const { tracks } = parseSessionDescription(text);
        expect(tracks.filter(({ kind }) => kind === 'audio').map(isPassedSound)).toEqual([false]);
        expect(described(text).media).toMatchObject({ sound: true, warnings: [] });
      }
    },
  );

  it.each(['PCMU/8000', 'pcma/8000/1'])('is what browsers play at 8 kHz, under any payload type: %s', (rtpmap) => {
    const { chosen, media } = described(sdp('v=0', ...VIDEO, 'm=audio 0 RTP/AVP 98', `a=rtpmap:98 ${rtpmap}`));
    expect([chosen[1], media.sound, media.warnings]).toEqual([rtpmap.slice(0, 4).toUpperCase(), true, []]);
  });
});
