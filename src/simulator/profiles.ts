/** One video encoding of the simulated camera: what its clip holds, its SDP says and its ONVIF services report. */
export interface SimulatedProfile {
  /** ONVIF profile token; the RTSP path is `/` and this. */
  token: 'main' | 'sub';
  name: string;
  /** Which video source it shows, from 1 on. */
  input: number;
  width: number;
  height: number;
  framesPerSecond: number;
  /** Average of the video, kbit/s. */
  bitrateKbps: number;
  /** Frames from one IDR to the next. */
  gopLength: number;
  h264Profile: 'Main' | 'High';
  /** ITU-T H.264 table A-1, times ten. */
  h264Level: number;
}

/** Milliseconds from one IDR to the next, in both profiles. */
export const GOP_MS = 2_000;

/** Milliseconds after which picture, sound and objects start again from the beginning; a whole number of GOPs. */
export const CLIP_MS = 10_000;

/** Hz; the sound is PCMU, mono. */
export const SOUND_SAMPLE_RATE = 8_000;

export const MAIN_PROFILE: SimulatedProfile = {
  token: 'main',
  name: 'Main stream',
  input: 1,
  width: 1280,
  height: 720,
  framesPerSecond: 25,
  bitrateKbps: 2_000,
  gopLength: 50,
  h264Profile: 'High',
  h264Level: 31,
};

export const SUB_PROFILE: SimulatedProfile = {
  token: 'sub',
  name: 'Sub stream',
  input: 1,
  width: 640,
  height: 360,
  framesPerSecond: 15,
  bitrateKbps: 300,
  gopLength: 30,
  h264Profile: 'Main',
  h264Level: 22,
};

/** Both on one video source; the first is the camera's default. */
export const SIMULATED_PROFILES: readonly SimulatedProfile[] = [MAIN_PROFILE, SUB_PROFILE];

/** A profile of an encoder with several inputs: `main`, `sub`, `main-2`, `sub-2` ... */
export type InputProfile = Omit<SimulatedProfile, 'token'> & { token: string };

/** The profiles of so many inputs, all of which show the same. */
export function profilesOfInputs(inputs: number): readonly InputProfile[] {
  return numbersOf(inputs).flatMap((input) =>
    SIMULATED_PROFILES.map((profile) => ({
      ...profile,
      input,
      token: ofInput(profile.token, input),
      name: input === 1 ? profile.name : `${profile.name} of input ${input}`,
    })),
  );
}

/** 1, 2 ... */
export function numbersOf(inputs: number): number[] {
  return Array.from({ length: inputs }, (_, index) => index + 1);
}

/** The token of what belongs to an input; at the first it is the plain one. */
export function ofInput(token: string, input: number): string {
  return input === 1 ? token : `${token}-${input}`;
}
