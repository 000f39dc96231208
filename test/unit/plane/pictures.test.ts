import { describe, expect, it } from 'vitest';
import type { KeyframeAnswer } from '../../../src/plane/media-control.ts';
import { Pictures } from '../../../src/plane/pictures.ts';

const KEYFRAME = { profile: 'main', codec: 'H265', bytes: Buffer.from('picture'), takenAt: 1234 } as const;

function setUp(answer: KeyframeAnswer) {
  const asked: unknown[] = [];
  const media = {
    keyframe: (...question: unknown[]) => {
      asked.push(question);
      return Promise.resolve(answer);
    },
  };
  const encoder = {
    encode: (codec: string, bytes: Uint8Array) =>
      Promise.resolve(Buffer.from(`JPEG of ${codec} ${Buffer.from(bytes).toString()}`)),
    close: () => undefined,
  };
  return { pictures: new Pictures(media, encoder), asked };
}

describe('a picture of a stream', () => {
  it('is made of the keyframe, with the time of that', async () => {
    const { pictures, asked } = setUp({ keyframe: KEYFRAME });
    expect(await pictures.take('yard', { profile: 'main', pull: false })).toEqual({
      jpeg: Buffer.from('JPEG of H265 picture'),
      takenAt: 1234,
    });
    expect(asked).toEqual([['yard', { profile: 'main', pull: false }]]);
  });

  it('is none where none is at hand and the camera is not to be pulled', async () => {
    expect(await setUp({}).pictures.take('yard', { pull: false })).toBeUndefined();
  });

  it('is an error with the reason where there should be one', async () => {
    const reason = { code: 'rtsp.unreachable', message: 'Gone.', advice: 'Look.' };
    await expect(setUp({ reason }).pictures.take('yard', { pull: true })).rejects.toMatchObject(reason);
    await expect(setUp({ reason }).pictures.take('yard', { pull: false })).rejects.toMatchObject(reason);
    await expect(setUp({}).pictures.take('yard', { pull: true })).rejects.toMatchObject({ code: 'snapshot.no_keyframe' });
  });
});
