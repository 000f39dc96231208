/** What a test can make the camera's RTSP server do wrong; each holds until it is set back. */
export interface RtspFaults {
  /** Requests get no answer; connections stay open and media go on. */
  unresponsive: boolean;
  /** Each answer comes this late, milliseconds. */
  delayMs: number;
  /**
   * `missing-fmtp`: no parameter sets; `wrong-control`: tracks that SETUP does not find; `av1`, `h265`: says that this is what the video is; `no-talkback`: lists
   * no backchannel; `no-metadata`: no metadata stream.
   */
  description: 'missing-fmtp' | 'wrong-control' | 'av1' | 'h265' | 'no-talkback' | 'no-metadata' | undefined;
  /** What a camera answers that knows no backchannel (551), or has no room for one (453). */
  talkbackRefusal: 551 | 453 | undefined;
  /** Share of the RTP packets that is not sent, 0 to 1; the sequence numbers show the gaps. 1: silence. */
  lossShare: number;
  /** Each sender report of the sound is wrong by up to this much either way, milliseconds: nothing can be brought in step by them. */
  soundReportErrorMs: number;
}

export function noFaults(): RtspFaults {
  return {
    unresponsive: false,
    delayMs: 0,
    description: undefined,
    talkbackRefusal: undefined,
    lossShare: 0,
    soundReportErrorMs: 0,
  };
}

/** Random numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
