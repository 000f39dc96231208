/** Whether a camera's pictures are converted to H.264 for those viewers who play them in no other way. */
export type TranscodeMode = (typeof TRANSCODE_MODES)[number];

export const TRANSCODE_MODES = ['auto', 'never'] as const;
