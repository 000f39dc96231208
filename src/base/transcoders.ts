/** What a process of ffmpeg is for: a viewer's speech to the camera, or what comes from the camera. */
export type TranscoderKind = 'speech' | 'audio' | 'video';

/** All processes of one kind since the gateway started. Only `running` falls. */
export interface TranscoderCosts {
  kind: TranscoderKind;
  running: number;
  started: number;
  /** Ended that were not told to. */
  failed: number;
  /** Seconds of a core. */
  cpuSeconds: number;
}
