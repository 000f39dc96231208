/*
 * Makes the simulated camera's media, src/simulator/clips: `node scripts/make-clips.ts`. Needs ffmpeg with libx264; the files are
 * in the repository, so nobody needs it to run the simulator. Takes about a minute.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NAL_SEI } from '../src/media/h264/nal.ts';
import { CLIP_MS, SIMULATED_PROFILES, type SimulatedProfile } from '../src/simulator/profiles.ts';
import { Renderer } from './clips/render.ts';
import { renderSound } from './clips/sound.ts';

const CLIPS = new URL('../src/simulator/clips/', import.meta.url);

async function makeVideo(profile: SimulatedProfile, scratch: string): Promise<void> {
  const output = fileURLToPath(new URL(`${profile.token}.h264`, CLIPS));
  const passLog = join(scratch, profile.token);
  await encode(profile, ['-pass', '1', '-passlogfile', passLog, '-f', 'null', '-']);
  await encode(profile, ['-pass', '2', '-passlogfile', passLog, '-f', 'h264', output]);
  const { size } = await stat(output);
  console.log(`${profile.token}.h264: ${size} bytes, ${Math.round((size * 8) / CLIP_MS)} kbit/s`);
}

/** As a camera encodes: no B-frames, one reference, closed GOPs of one length, one slice a frame. */
async function encode(profile: SimulatedProfile, output: string[]): Promise<void> {
  const { width, height, framesPerSecond, bitrateKbps, gopLength } = profile;
  const x264 = [
    `keyint=${gopLength}:min-keyint=${gopLength}:scenecut=0:open-gop=0:bframes=0:ref=1:weightp=0:slices=1:threads=1`,
    `vbv-maxrate=${Math.round(bitrateKbps * 1.2)}:vbv-bufsize=${bitrateKbps}:colorprim=bt709:transfer=bt709:colormatrix=bt709`,
  ].join(':');
  const ffmpeg = spawn(
    'ffmpeg',
    [
      ...['-hide_banner', '-loglevel', 'warning', '-y'],
      ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-r', `${framesPerSecond}`, '-i', 'pipe:0'],
      ...['-vf', 'scale=out_color_matrix=bt709:out_range=tv', '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'slow'],
      ...['-profile:v', profile.h264Profile.toLowerCase(), '-level', `${profile.h264Level / 10}`, '-b:v', `${bitrateKbps}k`],
      // The SEI that names the encoder's settings is of no use to a viewer.
      ...['-x264-params', x264, '-bsf:v', `filter_units=remove_types=${NAL_SEI}`, '-flags', '+bitexact', '-fflags', '+bitexact'],
      ...output,
    ],
    { stdio: ['pipe', 'inherit', 'inherit'] },
  );
  const exit = once(ffmpeg, 'exit');
  const renderer = new Renderer(width, height);
  for (let frame = 0; frame < (framesPerSecond * CLIP_MS) / 1000; frame += 1) {
    if (!ffmpeg.stdin.write(renderer.picture((frame * 1000) / framesPerSecond))) await once(ffmpeg.stdin, 'drain');
  }
  ffmpeg.stdin.end();
  const [code] = (await exit) as [number | null];
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
}

const scratch = await mkdtemp(join(tmpdir(), 'clips-'));
try {
  for (const profile of SIMULATED_PROFILES) await makeVideo(profile, scratch);
} finally {
  await rm(scratch, { recursive: true });
}
const sound = renderSound();
await writeFile(new URL('sound.pcmu', CLIPS), sound);
console.log(`sound.pcmu: ${sound.length} bytes`);
