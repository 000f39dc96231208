import { readdirSync, readFileSync } from 'node:fs';
import { loadClips } from '../../src/simulator/clips.ts';

const FOLDER = new URL('corpus/', import.meta.url);

/** The files of the corpus whose names match: what real programs sent, and inputs that once were findings. */
export function corpusFiles(name: RegExp): Buffer[] {
  return readdirSync(FOLDER)
    .filter((file) => name.test(file))
    .toSorted()
    .map((file) => readFileSync(new URL(file, FOLDER)));
}

/** Texts as inputs. */
export function texts(...each: string[]): Buffer[] {
  return each.map((text) => Buffer.from(text));
}

/** The smaller pictures of the simulated cameras: a keyframe and what follows it. */
export const { accessUnits: PICTURES, sps: SPS, pps: PPS } = (await loadClips()).video.sub;
