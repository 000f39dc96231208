import { describe, expect, it } from 'vitest';
import { SILENCE } from '../../../../src/media/g711/companding.ts';
import { isAudible } from '../../../../src/media/talk/loudness.ts';

const VOICE = Buffer.alloc(160, 0x90);
const QUIET = Buffer.alloc(160, SILENCE.PCMU);

describe('a packet', () => {
  it('is as loud as the viewer says', () => {
    expect(isAudible('PCMU', QUIET, 20)).toBe(true);
    expect(isAudible('PCMU', VOICE, 127)).toBe(false);
    expect(isAudible('OPUS', Buffer.alloc(60), 70)).toBe(false);
  });

  it('of G.711 from a viewer that does not say is as loud as it sounds', () => {
    expect(isAudible('PCMU', VOICE, undefined)).toBe(true);
    expect(isAudible('PCMU', QUIET, undefined)).toBe(false);
    expect(isAudible('PCMA', Buffer.alloc(160, SILENCE.PCMA), undefined)).toBe(false);
  });

  it('of Opus from a viewer that does not say is a voice by its size', () => {
    expect(isAudible('OPUS', Buffer.alloc(15), undefined)).toBe(true);
    expect(isAudible('OPUS', Buffer.alloc(3), undefined)).toBe(false);
  });
});
