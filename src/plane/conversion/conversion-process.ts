import { GatewayError } from '../../base/errors.ts';
import type { TranscoderKind } from '../../base/transcoders.ts';
import { NutReader, type NutFrame } from '../../media/nut/reader.ts';
import { LocalStream } from '../../media/transcode/local-stream.ts';
import type { StartTranscoder, Transcoder } from '../transcoders.ts';

export interface ConversionProcessOptions {
  kind: TranscoderKind;
  start: StartTranscoder;
  /** Of ffmpeg, once it is known where it gets its input from and where it sends its output to. */
  argumentsFor: (from: string, to: string) => string[];
  /** Of input that waits for it. */
  maxUnsentBytes: number;
  /** @param seconds the time that it says */
  onFrame: (frame: NutFrame, seconds: number) => void;
  /** It is over; comes once, and not when it was closed. */
  onEnded: (error: GatewayError) => void;
}

const WATCH_INTERVAL_MS = 1000;
/** So many intervals in which it is given something and gives nothing: it hangs. It may take longer to begin. */
const MAX_SILENT = 4;
const MAX_SILENT_AT_FIRST = 15;

/** One process of ffmpeg that makes frames of frames, with the ways to it and from it. */
export class ConversionProcess {
  readonly #options: ConversionProcessOptions;
  readonly #reader = new NutReader();
  /** What came before there was a way to it. */
  #early: Buffer[] = [];
  #earlyBytes = 0;
  #input: LocalStream | undefined;
  #output: LocalStream | undefined;
  #transcoder: Transcoder | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #frames = 0;
  #isGiven = false;
  #silent = 0;

  constructor(options: ConversionProcessOptions) {
    this.#options = options;
  }

  /** Frames that it has given. */
  get frames(): number {
    return this.#frames;
  }

  /** Undefined before it is started. */
  get transcoderId(): string | undefined {
    return this.#transcoder?.id;
  }

  start(): void {
    this.#timer = setInterval(() => this.#watch(), WATCH_INTERVAL_MS);
    this.#open().catch((cause: unknown) => {
      this.#end(
        new GatewayError(
          'transcode.failed',
          'The gateway could not open a socket in its temporary directory for the conversion.',
          { cause },
        ),
      );
    });
  }

  /** False when the bytes were dropped, since it does not keep up. */
  write(bytes: Buffer): boolean {
    if (this.#isOver) return false;
    this.#isGiven = true;
    if (this.#input !== undefined) return this.#input.write(bytes);
    if (this.#earlyBytes > this.#options.maxUnsentBytes) return false;
    this.#earlyBytes += bytes.length;
    this.#early.push(bytes);
    return true;
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#timer);
    this.#transcoder?.stop();
    this.#input?.close();
    this.#output?.close();
  }

  async #open(): Promise<void> {
    const { kind, start, argumentsFor, maxUnsentBytes } = this.#options;
    const input = await LocalStream.open(() => undefined, maxUnsentBytes);
    const output = await LocalStream.open((bytes) => this.#take(bytes)).catch((error: unknown) => {
      input.close();
      throw error;
    });
    if (this.#isOver) {
      input.close();
      output.close();
      return;
    }
    this.#input = input;
    this.#output = output;
    for (const bytes of this.#early) input.write(bytes);
    this.#early = [];
    this.#transcoder = start({ kind, arguments: argumentsFor(input.url, output.url) }, (error) => this.#end(error));
  }

  #take(bytes: Buffer): void {
    if (this.#isOver) return;
    for (const frame of this.#reader.push(bytes)) {
      const { numerator, denominator } = this.#reader.stream?.timeBase ?? { numerator: 0, denominator: 1 };
      this.#frames += 1;
      this.#silent = 0;
      this.#options.onFrame(frame, (frame.timestamp * numerator) / denominator);
    }
    if (this.#reader.broken) this.#end(new GatewayError('transcode.failed', 'What ffmpeg gives cannot be read.'));
  }

  #watch(): void {
    if (!this.#isGiven) return;
    this.#isGiven = false;
    this.#silent += 1;
    if (this.#silent > (this.#frames === 0 ? MAX_SILENT_AT_FIRST : MAX_SILENT))
      this.#end(new GatewayError('transcode.failed', 'ffmpeg gives nothing of what it is given.'));
  }

  #end(error: GatewayError): void {
    if (this.#isOver) return;
    this.close();
    this.#options.onEnded(error);
  }
}
