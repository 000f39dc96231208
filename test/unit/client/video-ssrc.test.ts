import { describe, expect, it } from 'vitest';
import { videoSsrc } from '../../../src/client/video-ssrc.ts';

const AUDIO = ['m=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:0', 'a=ssrc:111 cname:x', ''];
const VIDEO = [
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97',
  'a=mid:1',
  'a=ssrc-group:FID 222 333',
  'a=ssrc:222 cname:x',
  'a=ssrc:333 cname:x',
  '',
];

const offer = (...lines: string[]): string => ['v=0', 'o=- 1 1 IN IP4 0.0.0.0', 's=-', 't=0 0', ...lines].join('\r\n');

describe('the SSRC by which a session is known', () => {
  it('is that of the pictures, not of sound or retransmissions', () => {
    expect(videoSsrc(offer(...AUDIO, ...VIDEO))).toBe(222);
    expect(videoSsrc(offer(...VIDEO, ...AUDIO))).toBe(222);
  });

  it('is null where an offer names none', () => {
    expect([videoSsrc(offer(...AUDIO)), videoSsrc(offer('m=video 9 RTP/AVP 96')), videoSsrc('')]).toEqual([null, null, null]);
  });
});
