import type { GatewayError } from '../../base/errors.ts';
import { AAC_FRAME_SAMPLES } from '../../media/aac/adts.ts';
import { convertG711, G711_CLOCK_RATE, type G711Law } from '../../media/g711/companding.ts';
import { G711Concealment } from '../../media/g711/concealment.ts';
import { OggOpusWriter } from '../../media/opus/ogg.ts';
import { lostOpusPacket, opusDuration } from '../../media/opus/packet.ts';
import type { SpeechFormat } from '../../media/talk/speech-format.ts';
import type { SpokenCodec, SpokenFrame } from '../../media/talk/talk-receiver.ts';
import { LocalStream } from '../../media/transcode/local-stream.ts';
import { speechArguments } from '../../media/transcode/speech-arguments.ts';
import type { StartTranscoder } from '../transcoders.ts';

/** Makes what the camera takes of what somebody says, and hands on its bytes. */
export interface SpeechEncoder {
  push(frame: SpokenFrame): void;
  /** The talker has stopped: what is held back is to come out. */
  finish(): void;
  close(): void;
}

type OnBytes = (bytes: Buffer) => void;

/** One law of G.711 from another, here and now. */
export class G711Encoder implements SpeechEncoder {
  readonly #from: G711Law;
  readonly #to: G711Law;
  readonly #onBytes: OnBytes;
  readonly #concealment: G711Concealment;

  constructor(from: G711Law, to: G711Law, onBytes: OnBytes) {
    this.#from = from;
    this.#to = to;
    this.#onBytes = onBytes;
    this.#concealment = new G711Concealment(to);
  }

  push({ payload, durationMs }: SpokenFrame): void {
    if (payload === undefined) {
      this.#onBytes(this.#concealment.conceal(Math.round((durationMs * G711_CLOCK_RATE) / 1000)));
      return;
    }
    const converted = convertG711(payload, this.#from, this.#to);
    this.#concealment.received(converted);
    this.#onBytes(converted);
  }

  finish(): void {
    // Nothing is held back.
  }

  close(): void {
    // There is nothing to let go.
  }
}

/** What ffmpeg's encoders work on at once and the conversion of rates holds back; it gets as much silence to fill it up with. */
const RESAMPLING_MS = 40;
const G726_BLOCK_MS = 256;
const AAC_BLOCKS = 2;

function heldBackMs({ codec, clockRate }: SpeechFormat): number {
  if (codec === 'G726') return RESAMPLING_MS + G726_BLOCK_MS;
  return RESAMPLING_MS + (codec === 'AAC' ? (AAC_BLOCKS * AAC_FRAME_SAMPLES * 1000) / clockRate : 0);
}

export interface TranscodingEncoderOptions {
  spoken: SpokenCodec;
  format: SpeechFormat;
  start: StartTranscoder;
  onBytes: OnBytes;
  /** It cannot go on. */
  onFailed: (error: GatewayError) => void;
}

/** Of what was said before there is a way to ffmpeg: seconds of speech. */
const MAX_EARLY_FRAMES = 400;

/** Any codec from any, through an ffmpeg of its own. */
export class TranscodingEncoder implements SpeechEncoder {
  readonly #options: TranscodingEncoderOptions;
  readonly #concealment: G711Concealment | undefined;
  readonly #ogg = new OggOpusWriter();
  #previous: Buffer = Buffer.alloc(1);
  /** What was said before the way to ffmpeg was there. */
  #early: Buffer[] = [];
  #input: LocalStream | undefined;
  #output: LocalStream | undefined;
  #process: { stop(): void } | undefined;
  #isClosed = false;

  constructor(options: TranscodingEncoderOptions) {
    this.#options = options;
    this.#concealment = options.spoken === 'OPUS' ? undefined : new G711Concealment(options.spoken);
  }

  async start(): Promise<void> {
    const { spoken, format, start, onBytes, onFailed } = this.#options;
    const input = await LocalStream.open(() => undefined);
    const output = await LocalStream.open(onBytes).catch((error: unknown) => {
      input.close();
      throw error;
    });
    this.#input = input;
    this.#output = output;
    if (this.#isClosed) return this.close();
    // Both channels, since browsers say that they send two (RFC 7587 section 7); what they send mostly is one.
    if (spoken === 'OPUS') input.write(this.#ogg.header(2));
    for (const bytes of this.#early) input.write(bytes);
    this.#early = [];
    this.#process = start({ kind: 'speech', arguments: speechArguments(spoken, format, input.url, output.url) }, onFailed);
  }

  push(frame: SpokenFrame): void {
    const bytes = this.#concealment === undefined ? this.#opus(frame) : this.#g711(frame, this.#concealment);
    if (this.#input !== undefined) this.#input.write(bytes);
    else if (this.#early.length < MAX_EARLY_FRAMES) this.#early.push(bytes);
  }

  finish(): void {
    // What is concealed goes on with the last sound and fades into silence.
    this.push({ payload: undefined, durationMs: heldBackMs(this.#options.format) });
  }

  close(): void {
    this.#isClosed = true;
    this.#process?.stop();
    this.#process = undefined;
    this.#input?.close();
    this.#output?.close();
  }

  #opus({ payload, durationMs }: SpokenFrame): Buffer {
    if (payload === undefined) return this.#lostOpus(durationMs);
    this.#previous = payload;
    return this.#ogg.packet(payload, durationMs);
  }

  /** As many packets as fit, each of the length of the one before. */
  #lostOpus(durationMs: number): Buffer {
    const lost = lostOpusPacket(this.#previous);
    const eachMs = opusDuration(lost) ?? durationMs;
    const count = Math.max(1, Math.round(durationMs / eachMs));
    return Buffer.concat(Array.from({ length: count }, () => this.#ogg.packet(lost, eachMs)));
  }

  #g711({ payload, durationMs }: SpokenFrame, concealment: G711Concealment): Buffer {
    if (payload === undefined) return concealment.conceal(Math.round((durationMs * G711_CLOCK_RATE) / 1000));
    concealment.received(payload);
    return payload;
  }
}
