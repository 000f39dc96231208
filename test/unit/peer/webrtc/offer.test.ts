import { describe, expect, it } from 'vitest';
import type { VideoCodec } from '../../../../src/media/viewer-codecs.ts';
import { offeredMedia } from '../../../../src/peer/webrtc/offer.ts';

const FEEDBACK = [
  { type: 'nack' },
  { type: 'nack', parameter: 'pli' },
  { type: 'ccm', parameter: 'fir' },
  { type: 'ccm', parameter: 'tmmbr' },
  { type: 'goog-remb' },
  { type: 'transport-cc' },
];

describe('offered media', () => {
  it.each<[string, VideoCodec, string[]]>([
    [
      'H.264 as browsers take it: 42e01f, packetization-mode 1',
      'H264',
      ['level-asymmetry-allowed=1', 'packetization-mode=1', 'profile-level-id=42e01f'],
    ],
    ['H.265 as Main in one stream (RFC 7798)', 'H265', ['level-id=180', 'profile-id=1', 'tier-flag=0', 'tx-mode=SRST']],
  ])('list %s, with NACK, PLI, FIR, TMMBR, REMB, transport-wide feedback, and its retransmission', (_, codec, parameters) => {
    const { codecs } = offeredMedia([codec]);
    const [video, rtx] = Array.isArray(codecs?.video) ? codecs.video : [];
    expect([video?.mimeType, video?.clockRate]).toEqual([`video/${codec}`, 90_000]);
    expect(video?.parameters?.split(';').sort()).toEqual(parameters);
    expect(video?.rtcpFeedback).toEqual(FEEDBACK);
    expect(rtx?.parameters).toBe(`apt=${video?.payloadType}`);
  });
});
