import { describe, expect, it } from 'vitest';
import { cameraLadders, type LadderProfile } from '../../../src/gateway/camera-ladders.ts';
import { streamStats } from '../http/stub-view.ts';

const profile = (token: string, change: Partial<LadderProfile> = {}): LadderProfile => ({
  token,
  video: { codec: 'H264', bitrateKbps: 4000 },
  videoSource: null,
  ...change,
});

describe('the ladders of a camera', () => {
  it('are ordered by what profiles were measured to take, not by what the camera claims', () => {
    const streams = [
      streamStats({ profile: 'claims-little', measuredKbps: 6000 }),
      streamStats({ profile: 'claims-much', measuredKbps: 900 }),
    ];
    const claimsLittle = profile('claims-little', { video: { codec: 'H264', bitrateKbps: 512 } });
    const claimsMuch = profile('claims-much', { video: { codec: 'H264', bitrateKbps: 8000 } });
    expect(cameraLadders([claimsLittle, claimsMuch], streams)).toEqual([
      {
        videoSource: null,
        codec: 'H264',
        rungs: [
          { profile: 'claims-much', measuredKbps: 900, configuredKbps: 8000 },
          { profile: 'claims-little', measuredKbps: 6000, configuredKbps: 512 },
        ],
      },
    ]);
  });

  it('go by what is claimed before it was measured, and take what is unknown for the highest', () => {
    const unknown = profile('unknown', { video: { codec: 'H264', bitrateKbps: null } });
    const low = profile('low', { video: { codec: 'H264', bitrateKbps: 300 } });
    const [ladder] = cameraLadders([unknown, profile('high'), low], [streamStats({ profile: 'high', measuredKbps: null })]);
    expect(ladder?.rungs.map((rung) => rung.profile)).toEqual(['low', 'high', 'unknown']);
  });

  it('are one for each input and codec; a profile without a picture, or whose codec is not known, is on none', () => {
    const profiles = [
      profile('a', { videoSource: '1' }),
      profile('b', { videoSource: '2' }),
      profile('c', { videoSource: '1' }),
      profile('d', { videoSource: '1', video: { codec: 'H265', bitrateKbps: 1000 } }),
      profile('e', { video: null }),
    ];
    expect(cameraLadders(profiles, []).map(({ videoSource, codec, rungs }) => [videoSource, codec, rungs.length])).toEqual([
      ['1', 'H264', 2],
      ['2', 'H264', 1],
      ['1', 'H265', 1],
    ]);
  });
});
