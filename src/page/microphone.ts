/** The viewer's microphone, open while he talks, so that the browser shows it as in use no longer than it is. */
export class Microphone {
  readonly track: MediaStreamTrack;
  readonly #stream: MediaStream;
  readonly #audio = new AudioContext();
  readonly #analyser: AnalyserNode;
  readonly #samples: Float32Array<ArrayBuffer>;

  /** Asks the viewer where he has not agreed yet. @throws DOMException, for {@link microphoneProblem}. */
  static async open(): Promise<Microphone> {
    // The camera's loudspeaker must not be heard by the camera's microphone through ours (ONVIF WebRTC section 6.6).
    const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    const [track] = stream.getAudioTracks();
    if (track === undefined) throw new DOMException('no track', 'NotFoundError');
    try {
      return new Microphone(stream, track);
    } catch (error) {
      track.stop();
      throw error;
    }
  }

  private constructor(stream: MediaStream, track: MediaStreamTrack) {
    this.#stream = stream;
    this.track = track;
    this.#analyser = this.#audio.createAnalyser();
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#audio.createMediaStreamSource(stream).connect(this.#analyser);
  }

  /** How loud it is now: 0 silence (-60 dBov), 1 the loudest. */
  get level(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const square = this.#samples.reduce((sum, sample) => sum + sample * sample, 0) / this.#samples.length;
    return Math.min(1, Math.max(0, 1 + Math.log10(square + Number.EPSILON) / 6));
  }

  close(): void {
    for (const track of this.#stream.getTracks()) track.stop();
    void this.#audio.close();
  }
}

/** What a viewer can do about a microphone that did not open, by the name of the error (W3C Media Capture, section 10.4). */
export function microphoneProblem(error: unknown): string {
  return PROBLEMS[error instanceof DOMException ? error.name : ''] ?? 'The microphone could not be opened.';
}

const PROBLEMS: Readonly<Record<string, string>> = {
  NotAllowedError: 'The microphone is blocked for this page. Allow it in the browser, at the left of the address.',
  NotFoundError: 'This device has no microphone.',
  NotReadableError: 'Another program uses the microphone.',
};
