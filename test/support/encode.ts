import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Encoding {
  codec: 'libx264' | 'libx265';
  size: string;
  rate: number;
  frames: number;
  /** Of the encoder, as ffmpeg takes them. */
  options?: readonly string[];
}

/** What ffprobe reads in the same bytes. */
export interface ProbedStream {
  profile: string;
  level: number;
  width: number;
  height: number;
  has_b_frames: number;
  pix_fmt: string;
  field_order?: string;
  r_frame_rate: string;
  /** In the order of the stream, where they were asked for. */
  frames: { pict_type: string; key_frame: number }[];
}

/** A byte stream (annex B) of a real encoder, and what ffprobe says of it. */
export async function encode({
  codec,
  size,
  rate,
  frames,
  options = [],
}: Encoding): Promise<{ bytes: Buffer; probed: ProbedStream }> {
  const folder = mkdtempSync(join(tmpdir(), 'encode-'));
  const format = codec === 'libx264' ? 'h264' : 'hevc';
  const file = join(folder, `stream.${format}`);
  try {
    await run('ffmpeg', [
      ...['-hide_banner', '-loglevel', 'error', '-nostdin', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${rate}`],
      ...['-frames:v', String(frames), '-pix_fmt', 'yuv420p', '-c:v', codec, '-threads', '1'],
      ...(codec === 'libx265' ? ['-x265-params', ['log-level=none', 'pools=1', ...options].join(':')] : options),
      ...['-f', format, file],
    ]);
    return { bytes: readFileSync(file), probed: await probe(file) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function probe(file: string): Promise<ProbedStream> {
  const { stdout } = await run('ffprobe', ['-v', 'error', '-show_streams', '-show_frames', '-of', 'json', file], {
    maxBuffer: 16 * 1024 * 1024,
  });
  const { streams, frames } = JSON.parse(stdout) as { streams: Omit<ProbedStream, 'frames'>[]; frames: ProbedStream['frames'] };
  const [stream] = streams;
  if (stream === undefined) throw new Error(`ffprobe found no stream in ${file}`);
  return { ...stream, frames };
}
