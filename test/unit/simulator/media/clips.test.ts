import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isKeyframe, nalType } from '../../../../src/media/h264/nal.ts';
import { loadClips } from '../../../../src/simulator/clips.ts';
import { SIMULATED_PROFILES } from '../../../../src/simulator/profiles.ts';

const CLIPS = new URL('../../../../src/simulator/clips/', import.meta.url);
const clips = await loadClips();

describe('clips', () => {
  it.each(SIMULATED_PROFILES)('$token holds ten seconds in closed GOPs of two, each with its parameter sets', (profile) => {
    const { accessUnits, sps, pps } = clips.video[profile.token];
    expect(accessUnits).toHaveLength(profile.framesPerSecond * 10);
    const keyframes = accessUnits.flatMap((accessUnit, index) => (isKeyframe(accessUnit) ? [index] : []));
    expect(keyframes).toEqual([0, 1, 2, 3, 4].map((gop) => gop * 2 * profile.framesPerSecond));
    expect(keyframes.map((index) => accessUnits[index]?.map(nalType))).toEqual(Array.from({ length: 5 }, () => [7, 8, 5]));
    expect(new Set(accessUnits.flat().map(nalType))).toEqual(new Set([1, 5, 7, 8]));
    expect(nalType(sps)).toBe(7);
    expect(nalType(pps)).toBe(8);
  });

  it.each(SIMULATED_PROFILES)('$token has the bitrate, profile and level that it is announced with', (profile) => {
    const { accessUnits, sps } = clips.video[profile.token];
    const bytes = accessUnits.flat().reduce((sum, nal) => sum + nal.length, 0);
    expect((bytes * 8) / 10_000 / profile.bitrateKbps).toBeCloseTo(1, 1);
    // profile_idc, ITU-T H.264 A.2; level_idc.
    expect(sps[1]).toBe({ Main: 77, High: 100 }[profile.h264Profile]);
    expect(sps[3]).toBe(profile.h264Level);
  });

  it('holds ten seconds of sound that starts each second with a tone and is silent in between', () => {
    expect(clips.sound).toHaveLength(80_000);
    // Mu-law silence is 0xff or 0x7f; the larger the amplitude, the smaller the lower seven bits (ITU-T G.711).
    const loudest = (fromMs: number, toMs: number): number =>
      0x7f - Math.min(...clips.sound.subarray(fromMs * 8, toMs * 8).map((code) => code & 0x7f));
    for (let second = 0; second < 10; second += 1) {
      expect(loudest(second * 1000, second * 1000 + 20)).toBeGreaterThan(80);
      expect(loudest(second * 1000 + 300, (second + 1) * 1000)).toBe(0);
    }
  });

  it('takes less than 4 MB', async () => {
    const files = await Promise.all(['main.h264', 'sub.h264', 'sound.pcmu'].map((name) => readFile(new URL(name, CLIPS))));
    expect(files.reduce((sum, file) => sum + file.length, 0)).toBeLessThan(4_000_000);
  });

  it('refuses files that are cut short and says which', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'clips-'));
    try {
      for (const name of ['main.h264', 'sub.h264', 'sound.pcmu']) {
        const whole = await readFile(new URL(name, CLIPS));
        await writeFile(join(directory, name), name === 'sub.h264' ? whole.subarray(0, 100_000) : whole);
      }
      await expect(loadClips(pathToFileURL(`${directory}/`))).rejects.toMatchObject({
        code: 'simulator.clip-damaged',
        message: expect.stringContaining('sub.h264') as string,
      });
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
