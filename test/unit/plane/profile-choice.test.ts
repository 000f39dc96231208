import { describe, expect, it } from 'vitest';
import { chooseProfile, type KnownProfile } from '../../../src/plane/profile-choice.ts';

function known(token: string, codec: string | undefined, pixels?: number, rest: Partial<KnownProfile> = {}): KnownProfile {
  return { token, codec, pixels, videoSource: undefined, unplayable: undefined, ...rest };
}

const MAIN = known('main', 'H265', 1920 * 1080);
const H264 = new Set(['H264'] as const);
const BOTH = new Set(['H265', 'H264'] as const);
const NO_VIDEO = { code: 'stream.no_h264', message: 'The profile has no video.' };

describe('the profile that a viewer is shown', () => {
  it.each([
    ['it plays', MAIN, BOTH],
    ['is not known yet', known('main', undefined), H264],
    ['it does without the picture of', MAIN, new Set<never>()],
  ])('is the one that it asked for where that is one that %s', (_, requested, accepted) => {
    expect(chooseProfile(requested, [known('sub', 'H264', 100)], accepted, 'never')).toEqual({ profile: 'main' });
  });

  it.each<[string, KnownProfile[], string]>([
    [
      'the largest that is no larger',
      [known('small', 'H264', 100), known('mid', 'H264', 1e6), known('wall', 'H264', 9e6)],
      'mid',
    ],
    ['the smallest where all are larger', [known('wall', 'H264', 9e6), known('large', 'H264', 4e6)], 'large'],
    ['one whose size is known before one whose is not', [known('odd', 'H264'), known('wall', 'H264', 9e6)], 'wall'],
    ['one that may have H.264 after all that have', [known('perhaps', undefined), known('odd', 'H264')], 'odd'],
    ['one that may have H.264', [known('perhaps', undefined)], 'perhaps'],
  ])('is else the nearest that it plays: %s', (_, others, profile) => {
    expect(chooseProfile(MAIN, others, H264, 'auto')).toEqual({ profile });
  });

  it('is never one of another input of the device, one that it does not play either, or one that nobody can', () => {
    const others = [
      known('other', 'H264', 100, { videoSource: 'second' }),
      known('jpeg', 'JPEG', 100),
      known('broken', 'H264', 100, { unplayable: NO_VIDEO }),
    ];
    expect(chooseProfile(MAIN, others, H264, 'auto')).toEqual({ profile: 'main' });
  });

  it.each([
    ['H265', 'H.265'],
    ['JPEG', 'MJPEG'],
    ['SVAC', 'SVAC'],
  ])('is none where %s may not be converted: it is said what the profile sends and what to set', (codec, name) => {
    const choice = chooseProfile(known('main', codec), [], H264, 'never');
    const refused = 'refused' in choice ? choice.refused : undefined;
    expect(refused?.code).toBe('session.video_codec');
    expect(refused?.message).toContain(`sends ${name}, the viewer plays H.264 alone`);
    expect(refused?.advice).toContain('transcode');
  });

  it('is none for a viewer that takes H.265 alone, whatever may be converted', () => {
    const choice = chooseProfile(known('main', 'H264'), [], new Set(['H265'] as const), 'auto');
    expect(choice).toMatchObject({
      refused: { code: 'session.video_codec', advice: expect.not.stringContaining('transcode') as string },
    });
  });

  it('is another where nobody can watch the one that was asked for, and where there is none the reason for that', () => {
    const requested = known('main', undefined, undefined, { unplayable: NO_VIDEO });
    expect(chooseProfile(requested, [known('sub', 'H264')], H264, 'never')).toEqual({ profile: 'sub' });
    expect(chooseProfile(requested, [], H264, 'auto')).toEqual({ refused: NO_VIDEO });
  });
});
