import { describe, expect, it } from 'vitest';
import { makeAudioSpecificConfig, parseAudioSpecificConfig } from '../../../../src/media/aac/audio-specific-config.ts';
import { hex } from '../rtp-bytes.ts';
import { bitString } from './bit-string.ts';

const LC = { objectType: 2, frameSamples: 1024 };

describe('AudioSpecificConfig', () => {
  it.each([
    ['AAC-LC, 16 kHz, mono', '1408', { ...LC, sampleRate: 16_000, outputRate: 16_000, channels: 1 }],
    ['AAC-LC, 48 kHz, stereo', '1190', { ...LC, sampleRate: 48_000, outputRate: 48_000, channels: 2 }],
    [
      'AAC-LC, 44.1 kHz, stereo, with a hint that there is no SBR',
      '121056e500',
      { ...LC, sampleRate: 44_100, outputRate: 44_100, channels: 2 },
    ],
    ['HE-AAC, named first: 24 kHz, 48 kHz out', '2b118800', { ...LC, sampleRate: 24_000, outputRate: 48_000, channels: 2 }],
    ['HE-AAC, hidden behind AAC-LC', '131056e598', { ...LC, sampleRate: 24_000, outputRate: 48_000, channels: 2 }],
    ['HE-AAC with parametric stereo', 'eb098800', { ...LC, sampleRate: 24_000, outputRate: 48_000, channels: 1 }],
  ])('of %s', (_, config, expected) => {
    expect(parseAudioSpecificConfig(hex(config))).toEqual(expected);
  });

  it('of blocks of 960 samples, a rate of its own, and eight channels', () => {
    const config = bitString([2, 5], [15, 4], [12_345, 24], [7, 4], [1, 1], [0, 2]);
    expect(parseAudioSpecificConfig(config)).toEqual({
      ...{ objectType: 2, sampleRate: 12_345, outputRate: 12_345, channels: 8 },
      frameSamples: 960,
    });
  });

  it('of channels that are listed: a pair in front, one behind, and one of low frequencies', () => {
    const config = bitString(
      ...([
        [2, 5],
        [3, 4],
        [0, 4],
        [0, 3],
      ] as const),
      ...([
        [0, 4],
        [1, 2],
        [3, 4],
        [1, 4],
        [0, 4],
        [1, 4],
        [1, 2],
        [0, 3],
        [0, 4],
        [0, 3],
      ] as const),
      ...([
        [1, 1],
        [0, 4],
        [0, 1],
        [0, 4],
        [0, 4],
      ] as const),
      // To a byte, a comment of two.
      ...([
        [0, 2],
        [2, 8],
        [0x4142, 16],
      ] as const),
    );
    expect(parseAudioSpecificConfig(config)).toMatchObject({ sampleRate: 48_000, channels: 4 });
  });

  it.each([
    ['nothing', ''],
    ['an end too soon', '12'],
    ['a reserved rate', '1690'],
    ['no channels', '1400'],
    ['speech of another codec (CELP)', '4408'],
  ])('is none of %s', (_, config) => {
    expect(parseAudioSpecificConfig(hex(config))).toBeUndefined();
  });

  it.each([
    [16_000, 1],
    [44_100, 2],
    [48_000, 8],
    [12_345, 2],
  ])('is made for %i Hz and %i channels', (sampleRate, channels) => {
    expect(parseAudioSpecificConfig(makeAudioSpecificConfig(sampleRate, channels))).toEqual({
      ...{ ...LC, sampleRate, outputRate: sampleRate, channels },
    });
  });
});
