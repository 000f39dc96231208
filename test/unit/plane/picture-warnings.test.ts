import { describe, expect, it } from 'vitest';
import { bFrames, pictureWarnings } from '../../../src/plane/picture-warnings.ts';

const warningsOf = (encodingName: string, fmtp: Record<string, string> = {}, transcode: 'auto' | 'never' = 'auto'): string[] =>
  pictureWarnings({ encodingName, fmtp: new Map(Object.entries(fmtp)) }, transcode).map(({ code }) => code);

describe('what is said of a profile’s picture', () => {
  it.each([
    ['H264', {}, []],
    ['H264', { 'packetization-mode': '2', 'sprop-interleaving-depth': '0' }, []],
    ['H264', { 'packetization-mode': '2', 'sprop-interleaving-depth': '4' }, ['stream.interleaved']],
    ['H265', {}, ['stream.h265']],
    ['H265', { 'sprop-max-don-diff': '2' }, ['stream.h265', 'stream.interleaved']],
    ['JPEG', {}, ['stream.mjpeg']],
    ['MP4V-ES', {}, ['stream.mpeg4']],
  ])('%s with %o: %o', (encodingName, fmtp, codes) => {
    expect(warningsOf(encodingName, fmtp)).toEqual(codes);
  });

  it('says what becomes of H.265 and of B-frames, which depends on whether pictures are converted', () => {
    const [auto, never] = (['auto', 'never'] as const).map(
      (mode) => pictureWarnings({ encodingName: 'H265', fmtp: new Map() }, mode)[0]?.message,
    );
    expect(auto).toContain('converted');
    expect(never).not.toContain('have it converted');
    // Whether it is depends on ffmpeg, of which nothing is known here.
    expect(bFrames('auto').message).toContain('has to be converted');
    expect(bFrames('never').message).toContain('most pictures are lost');
    expect(bFrames('auto').code).toBe(bFrames('never').code);
  });
});
