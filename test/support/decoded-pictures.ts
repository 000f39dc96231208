import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** What ffmpeg's decoder makes of a stream: a hash a picture, in the order in which they are shown, and what it complained about. */
export async function decodePictures(format: string, bytes: Buffer): Promise<{ pictures: string[]; problems: string }> {
  const child = spawn('ffmpeg', [
    ...['-hide_banner', '-loglevel', 'warning', '-nostats', '-f', format, '-i', 'pipe:0'],
    ...['-fps_mode', 'passthrough', '-f', 'framemd5', 'pipe:1'],
  ]);
  // One that gives up does not read to the end.
  child.stdin.on('error', () => undefined);
  child.stdin.end(bytes);
  const [output, problems] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const lines = output.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return { pictures: lines.map((line) => line.split(',').at(-1)?.trim() ?? ''), problems };
}
