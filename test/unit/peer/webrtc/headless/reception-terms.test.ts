import { expect, it } from 'vitest';
import { readTerms } from '../../../../../src/peer/webrtc/headless/reception-terms.ts';

const OFFER = `v=0
m=video 9 UDP/TLS/RTP/SAVPF 96 97
m=audio 9 UDP/TLS/RTP/SAVPF 0 8
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
`;
const ANSWER = `v=0
m=video 9 UDP/TLS/RTP/SAVPF 96 97
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtcp-fb:96 transport-cc
a=fmtp:96 packetization-mode=1
a=fmtp:97 rtx-time=300;apt=96
a=extmap:7/sendonly urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:8/sendonly http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
m=audio 9 UDP/TLS/RTP/SAVPF 0
`;

it('offer and answer say what is of which kind, what repairs what, what may be asked for, and where packets are numbered', () => {
  expect(readTerms(OFFER, ANSWER)).toEqual({
    kinds: new Map([
      [96, 'video'],
      [97, 'video'],
      [0, 'audio'],
      [8, 'audio'],
    ]),
    repairedTypes: new Map([[97, 96]]),
    asksForMissing: true,
    transportSequenceId: 8,
  });
});

it('nothing is asked for that was not agreed on', () => {
  const without = ANSWER.replace('a=rtcp-fb:96 nack\n', '').replace('a=rtcp-fb:96 transport-cc\n', '');
  expect(readTerms(OFFER, without)).toMatchObject({ asksForMissing: false, transportSequenceId: undefined });
  const ofSound = `${without}a=rtcp-fb:0 nack\n`;
  expect(readTerms(OFFER, ofSound).asksForMissing).toBe(false);
});
