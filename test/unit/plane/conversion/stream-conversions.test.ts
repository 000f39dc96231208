import { expect, it, vi } from 'vitest';
import { GatewayError } from '../../../../src/base/errors.ts';
import { StreamConversions } from '../../../../src/plane/conversion/stream-conversions.ts';

const WAIT = { timeout: 10_000, interval: 5 };

it.each([
  ['H265', 'There is no picture for viewers who do not play it as it comes: No ffmpeg.'],
  ['H264', 'Viewers are shown the pictures out of their order, and lose most: No ffmpeg.'],
] as const)('what viewers of %s miss where it cannot be converted is said, and why', async (codec, message) => {
  const conversions = new StreamConversions({
    convertsPictures: () => true,
    onKeyframeWanted: () => undefined,
    onWarnings: () => undefined,
    start: (_, onFailed) => {
      queueMicrotask(() => onFailed(new GatewayError('transcode.no_ffmpeg', 'No ffmpeg.')));
      return { id: 'one', stop: () => undefined };
    },
  });
  const conversion = conversions.video(codec, () => undefined);
  await vi.waitFor(() => expect(conversions.warnings).toEqual([{ code: 'transcode.no_ffmpeg', message }]), WAIT);
  expect([conversion?.isFailed, conversions.pictureFailure?.message]).toEqual([true, 'No ffmpeg.']);
  conversion?.close();
  expect([conversions.warnings, conversions.pictureFailure]).toEqual([[], undefined]);
});
