import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { VideoCodec } from '../../../../src/media/viewer-codecs.ts';
import { readAnswer, type Answer } from '../../../../src/peer/webrtc/answer.ts';

const MID = 'urn:ietf:params:rtp-hdrext:sdes:mid';
const CAPTURE_TIME = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time';
const SEND_TIME = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time';
const TRANSPORT_SEQUENCE = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';
const PLAYOUT_DELAY = 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay';

/** A session description of the sections, each without its `m=` line's transport. */
function answer(...sections: string[][]): string {
  const session = ['v=0', 'o=- 4611 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0 1 2', 'a=msid-semantic: WMS'];
  return `${[...session, ...sections.flat()].join('\r\n')}\r\n`;
}

/** What Chromium answers to the offer: its own order of lines, `recvonly`, and the payload types of the offer. */
const CHROMIUM = answer(
  [
    'm=video 9 UDP/TLS/RTP/SAVPF 102 103',
    'c=IN IP4 0.0.0.0',
    'a=rtcp:9 IN IP4 0.0.0.0',
    'a=ice-ufrag:Ab1c',
    'a=ice-pwd:0123456789012345678901',
    'a=fingerprint:sha-256 00:11',
    'a=setup:active',
    'a=mid:0',
    `a=extmap:1 ${MID}`,
    `a=extmap:3 ${CAPTURE_TIME}`,
    `a=extmap:4 ${SEND_TIME}`,
    `a=extmap:5 ${TRANSPORT_SEQUENCE}`,
    `a=extmap:6 ${PLAYOUT_DELAY}`,
    'a=recvonly',
    'a=rtcp-mux',
    'a=rtpmap:102 H264/90000',
    'a=rtcp-fb:102 ccm fir',
    'a=rtcp-fb:102 nack',
    'a=rtcp-fb:102 nack pli',
    'a=rtcp-fb:102 transport-cc',
    'a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
    'a=rtpmap:103 rtx/90000',
    'a=fmtp:103 apt=102',
  ],
  [
    'm=audio 9 UDP/TLS/RTP/SAVPF 111 0 8',
    'a=mid:1',
    `a=extmap:1 ${MID}`,
    'a=recvonly',
    'a=rtpmap:111 opus/48000/2',
    'a=fmtp:111 minptime=10;useinbandfec=1',
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
  ],
  ['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'a=mid:2', 'a=sctp-port:5000', 'a=max-message-size:262144'],
);

/** @param offered codecs of the picture */
function read(sdp: string, ...offered: VideoCodec[]): Answer {
  return readAnswer(sdp, offered.length === 0 ? ['H264'] : offered);
}

const H264 = ['a=rtpmap:102 H264/90000', 'a=fmtp:102 packetization-mode=1;profile-level-id=42e01f'];

/** The section of the picture of browsers that play H.265, to an offer of it and H.264. Written by what is known of them: none was at hand. */
const CHROME_136 = [
  'm=video 9 UDP/TLS/RTP/SAVPF 104 102 103 105',
  'c=IN IP4 0.0.0.0',
  'a=rtcp:9 IN IP4 0.0.0.0',
  'a=mid:0',
  `a=extmap:1 ${MID}`,
  'a=recvonly',
  'a=rtcp-mux',
  'a=rtcp-rsize',
  'a=rtpmap:104 H265/90000',
  'a=rtcp-fb:104 ccm fir',
  'a=rtcp-fb:104 nack',
  'a=rtcp-fb:104 nack pli',
  'a=fmtp:104 level-id=180;profile-id=1;tier-flag=0;tx-mode=SRST',
  'a=rtpmap:102 H264/90000',
  'a=rtcp-fb:102 ccm fir',
  'a=rtcp-fb:102 nack',
  'a=rtcp-fb:102 nack pli',
  'a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  'a=rtpmap:103 rtx/90000',
  'a=fmtp:103 apt=102',
  'a=rtpmap:105 rtx/90000',
  'a=fmtp:105 apt=104',
];
/** It says a lower level, and in older releases nothing of tier and mode. */
const SAFARI = CHROME_136.map((line) => (line.startsWith('a=fmtp:104') ? 'a=fmtp:104 level-id=93;profile-id=1' : line));

describe('answer', () => {
  it('reads what Chromium accepts', () => {
    expect(read(CHROMIUM)).toEqual({
      video: {
        mid: '0',
        payloadTypes: new Map([['H264', 102]]),
        retransmissions: new Map([[102, 103]]),
        midExtensionId: 1,
        captureTimeExtensionId: 3,
        sendTimeExtensionId: 4,
        playoutDelayExtensionId: 6,
        transportSequenceExtensionId: 5,
      },
      audio: {
        mid: '1',
        payloadTypes: new Map([
          ['PCMU', 0],
          ['PCMA', 8],
          ['OPUS', 111],
        ]),
        retransmissions: new Map(),
        midExtensionId: 1,
        captureTimeExtensionId: undefined,
        sendTimeExtensionId: undefined,
        playoutDelayExtensionId: undefined,
        transportSequenceExtensionId: undefined,
      },
      talk: new Map(),
      dataChannels: true,
    });
  });

  it('takes transport-wide numbers only from a viewer that gives the feedback on them, for whichever codec', () => {
    const ids = (sdp: string): (number | undefined)[] => {
      const { video } = read(sdp);
      return [video?.transportSequenceExtensionId, video?.sendTimeExtensionId];
    };
    expect(ids(CHROMIUM.replace('a=rtcp-fb:102 transport-cc\r\n', ''))).toEqual([undefined, 4]);
    expect(ids(CHROMIUM.replace('a=rtcp-fb:102 transport-cc', 'a=rtcp-fb:* transport-cc'))).toEqual([5, 4]);
    expect(ids(CHROMIUM.replace(`a=extmap:5 ${TRANSPORT_SEQUENCE}\r\n`, ''))).toEqual([undefined, 4]);
  });

  it.each([
    ['has port 0', 'm=video 0 UDP/TLS/RTP/SAVPF 102', 'a=recvonly'],
    ['is inactive', 'm=video 9 UDP/TLS/RTP/SAVPF 102', 'a=inactive'],
    ['will not receive', 'm=video 9 UDP/TLS/RTP/SAVPF 102', 'a=sendonly'],
  ])('leaves out a section that %s', (_, line, direction) => {
    const audio = ['m=audio 9 UDP/TLS/RTP/SAVPF 0', 'a=mid:1', 'a=recvonly'];
    const found = read(answer([line, 'a=mid:0', direction, ...H264], audio));
    expect([found.video, found.audio?.mid]).toEqual([undefined, '1']);
  });

  it('takes sendrecv, and a section without a direction, for one that receives', () => {
    for (const direction of ['a=sendrecv', 'a=rtcp-mux']) {
      const found = read(answer(['m=video 9 UDP/TLS/RTP/SAVPF 102', 'a=mid:video', direction, ...H264]));
      expect(found.video).toMatchObject({ mid: 'video', payloadTypes: new Map([['H264', 102]]), midExtensionId: undefined });
    }
  });

  it('uses the payload types of the answer, whatever the offer named', () => {
    const { video } = read(
      answer([
        'm=video 9 UDP/TLS/RTP/SAVPF 10 109 110 35 36',
        'a=mid:0',
        `a=extmap:7 ${MID}`,
        'a=rtpmap:10 VP8/90000',
        'a=rtpmap:110 rtx/90000',
        'a=fmtp:110 apt=10',
        'a=rtpmap:109 H264/90000',
        'a=fmtp:109 profile-level-id=42e01f;packetization-mode=0',
        'a=rtpmap:35 h264/90000',
        'a=fmtp:35 profile-level-id=42e01f;packetization-mode=1',
        'a=rtpmap:36 RTX/90000',
        'a=fmtp:36 apt=35;rtx-time=3000',
      ]),
    );
    expect(video?.payloadTypes.get('H264')).toBe(35);
    expect(video?.retransmissions.get(35)).toBe(36);
    expect(video?.midExtensionId).toBe(7);
  });

  it('does not mistake the retransmission of payload type 102 for that of 10', () => {
    const { video } = read(
      answer([
        'm=video 9 UDP/TLS/RTP/SAVPF 10 102 103',
        'a=mid:0',
        'a=rtpmap:10 H264/90000',
        'a=fmtp:10 packetization-mode=1',
        'a=rtpmap:102 VP8/90000',
        'a=rtpmap:103 rtx/90000',
        'a=fmtp:103 apt=102',
      ]),
    );
    expect(video?.retransmissions.get(10)).toBeUndefined();
  });

  it.each([
    ['PCMU', 0],
    ['PCMA', 8],
  ])('takes %s by its static payload type alone, as the only format and without rtpmap (RFC 3551)', (codec, payloadType) => {
    const { audio } = read(answer([`m=audio 9 UDP/TLS/RTP/SAVPF ${payloadType}`, 'a=mid:1', 'a=recvonly']));
    expect(audio?.payloadTypes).toEqual(new Map([[codec, payloadType]]));
  });

  it('lists no H264 for a viewer that takes packetization-mode 0 alone', () => {
    const { video } = read(answer(['m=video 9 UDP/TLS/RTP/SAVPF 102', 'a=mid:0', 'a=rtpmap:102 H264/90000']));
    expect(video?.payloadTypes.has('H264')).toBe(false);
  });

  it.each([
    ['a payload type', 300, 1, '0'],
    ['a payload type with zeros in front', '0102', 1, '0'],
    ['a mid extension id', 102, 15, '0'],
    ['a mid extension id', 102, 0, '0'],
    ['a mid extension id', 102, 4096, '0'],
    ['a mid extension id with zeros in front', 102, '01', '0'],
    ['a mid', 102, 1, 'x'.repeat(17)],
  ])('takes no value that a packet cannot carry: %s (%s, %s)', (_, payloadType, extensionId, mid) => {
    const lines = [`m=video 9 UDP/TLS/RTP/SAVPF ${payloadType}`, `a=mid:${mid}`, `a=extmap:${extensionId} ${MID}`];
    const formats = [`a=rtpmap:${payloadType} H264/90000`, `a=fmtp:${payloadType} packetization-mode=1`];
    const { video } = read(answer([...lines, ...formats]));
    expect([video?.payloadTypes.has('H264'), video?.midExtensionId]).toEqual(
      payloadType === 102 ? [true, undefined] : [false, 1],
    );
  });

  it('reads formats and codecs that look like numbers', () => {
    const { video } = read(
      answer([
        'm=video 9 UDP/TLS/RTP/SAVPF 96 97 102',
        'a=mid:0',
        'a=rtpmap:96 5/90000',
        'a=rtpmap:97 rtx/90000',
        'a=fmtp:97 10',
        ...H264,
      ]),
    );
    expect(video?.payloadTypes.get('H264')).toBe(102);
  });

  it.each<[string, string[]]>([
    ['Chrome from 136 on, where the machine decodes it', CHROME_136],
    ['Safari', SAFARI],
  ])('reads H.265 before H.264 as %s accepts them, each with its retransmission', (_, section) => {
    const { video } = read(answer(section), 'H265', 'H264');
    expect([...(video?.payloadTypes ?? [])]).toEqual([
      ['H265', 104],
      ['H264', 102],
    ]);
    expect(video?.retransmissions).toEqual(
      new Map([
        [102, 103],
        [104, 105],
      ]),
    );
  });

  it('leaves out H.265 that was not offered, and H.265 in several streams', () => {
    expect(read(answer(CHROME_136), 'H264').video?.payloadTypes).toEqual(new Map([['H264', 102]]));
    const several = CHROME_136.map((line) => line.replace('tx-mode=SRST', 'tx-mode=MRST'));
    expect(read(answer(several), 'H265', 'H264').video?.payloadTypes).toEqual(new Map([['H264', 102]]));
  });

  it('is refused where it is longer than any that a browser makes', () => {
    const long = (lines: number): string =>
      answer(['m=video 9 UDP/TLS/RTP/SAVPF 102', 'a=mid:0', ...Array.from({ length: lines }, () => 'a=recvonly')]);
    expect(read(long(2000)).video?.mid).toBe('0');
    expect(() => read(long(3000))).toThrow('longer than 32768 characters');
  });

  it('never throws for lines mixed up in any way', () => {
    const lines = [...CHROMIUM.split('\r\n'), 'm=', 'm=video', 'a=mid:', 'a=rtpmap:', 'a=fmtp:1', 'a=extmap:'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...lines), { maxLength: 20 }), (picked) => {
        expect(Object.keys(read(picked.join('\r\n'))).length).toBeLessThanOrEqual(4);
      }),
    );
  });
});
