import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { SnapshotEncoder } from '../../src/media/transcode/snapshot.ts';

/** A stream of a colour, as a file of the codec has it. */
function stream(format: string, encoder: readonly string[], size: string): Buffer {
  const source = ['-f', 'lavfi', '-i', `color=c=0x40a060:size=${size}:rate=5`];
  const { stdout, stderr } = spawnSync('ffmpeg', [
    '-v',
    'error',
    '-nostdin',
    ...source,
    '-frames:v',
    '3',
    ...encoder,
    '-f',
    format,
    '-',
  ]);
  if (stdout.length === 0) throw new Error(stderr.toString());
  return stdout;
}

/** Size and mean colour of a JPEG, by ffmpeg. */
function look(jpeg: Buffer): { size: string; colour: number[] } {
  const reading = ['-v', 'error', '-f', 'mjpeg', '-i', '-'];
  const probed = spawnSync('ffprobe', [...reading, '-show_entries', 'stream=width,height', '-of', 'csv=p=0:s=x'], {
    input: jpeg,
  });
  const { stdout } = spawnSync('ffmpeg', [...reading, '-vf', 'scale=1:1', '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-'], {
    input: jpeg,
  });
  return { size: probed.stdout.toString().trim(), colour: [...stdout] };
}

it.each([
  ['H264', 'h264', ['-c:v', 'libx264', '-bf', '0', '-pix_fmt', 'yuv420p'], '704x576'],
  ['H265', 'hevc', ['-c:v', 'libx265', '-x265-params', 'log-level=none:pools=1', '-pix_fmt', 'yuv420p10le'], '1280x720'],
  ['MPEG4', 'm4v', ['-c:v', 'mpeg4'], '352x288'],
] as const)('a JPEG of %s has the size and the colours of the picture', async (codec, format, encoder, size) => {
  const jpeg = await new SnapshotEncoder().encode(codec, stream(format, encoder, size));
  const { size: seen, colour } = look(jpeg);
  expect(seen).toBe(size);
  expect(colour).toHaveLength(3);
  for (const [index, value] of [0x40, 0xa0, 0x60].entries()) expect(Math.abs((colour[index] ?? 0) - value)).toBeLessThan(12);
});
