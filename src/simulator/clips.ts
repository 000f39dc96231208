import { readFile } from 'node:fs/promises';
import { GatewayError } from '../base/errors.ts';
import { NAL_IDR, NAL_PPS, NAL_SLICE, NAL_SPS, nalType, splitAnnexB, type AccessUnit } from '../media/h264/nal.ts';
import { CLIP_MS, SIMULATED_PROFILES, SOUND_SAMPLE_RATE, type SimulatedProfile } from './profiles.ts';

/** The pictures of one profile: one access unit a frame, from clip time 0, SPS and PPS before each IDR. */
export interface VideoClip {
  accessUnits: readonly AccessUnit[];
  sps: Buffer;
  pps: Buffer;
}

/** What all simulated cameras of a process play; nobody changes it, so one copy serves them all. */
export interface Clips {
  video: Record<SimulatedProfile['token'], VideoClip>;
  /** PCMU samples of the whole clip. */
  sound: Buffer;
}

/** Reads the media that scripts/make-clips.ts made. */
export async function loadClips(directory: URL = new URL('clips/', import.meta.url)): Promise<Clips> {
  const files = await Promise.all(SIMULATED_PROFILES.map(({ token }) => readFile(new URL(`${token}.h264`, directory))));
  const [main, sub] = SIMULATED_PROFILES.map((profile, index) => parseVideo(profile, files[index] ?? Buffer.alloc(0)));
  const sound = await readFile(new URL('sound.pcmu', directory));
  if (main === undefined || sub === undefined || sound.length !== (CLIP_MS / 1000) * SOUND_SAMPLE_RATE)
    throw damaged('sound.pcmu');
  return { video: { main, sub }, sound };
}

function parseVideo(profile: SimulatedProfile, bytes: Buffer): VideoClip {
  const nals = splitAnnexB(bytes);
  const accessUnits = groupAccessUnits(nals);
  const sps = nals.find((nal) => nalType(nal) === NAL_SPS);
  const pps = nals.find((nal) => nalType(nal) === NAL_PPS);
  const isComplete = accessUnits.length === (profile.framesPerSecond * CLIP_MS) / 1000;
  if (!isComplete || sps === undefined || pps === undefined) throw damaged(`${profile.token}.h264`);
  return { accessUnits, sps, pps };
}

/** A picture's slices follow its parameter sets; a slice that starts at the first macroblock starts a picture (H.264 7.4.1.2.4). */
function groupAccessUnits(nals: readonly Buffer[]): AccessUnit[] {
  const accessUnits: AccessUnit[] = [];
  let current: AccessUnit = [];
  let hasSlice = false;
  for (const nal of nals) {
    const isSlice = nalType(nal) >= NAL_SLICE && nalType(nal) <= NAL_IDR;
    // first_mb_in_slice is the first ue(v) of the slice header: a single 1 bit for 0.
    const startsPicture = !isSlice || ((nal[1] ?? 0) & 0x80) !== 0;
    if (hasSlice && startsPicture) {
      accessUnits.push(current);
      current = [];
      hasSlice = false;
    }
    current.push(nal);
    hasSlice ||= isSlice;
  }
  if (hasSlice) accessUnits.push(current);
  return accessUnits;
}

function damaged(file: string): GatewayError {
  return new GatewayError('simulator.clip-damaged', `The simulator's clip ${file} is not what its profile says.`, {
    advice: 'Install the package again, or run scripts/make-clips.ts in a checkout.',
  });
}
