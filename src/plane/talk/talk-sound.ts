import { GatewayError } from '../../base/errors.ts';
import { isG711 } from '../../media/g711/companding.ts';
import type { RtpPacket } from '../../media/rtp/packet.ts';
import { isAudible } from '../../media/talk/loudness.ts';
import { PlayoutQueue, type SoundPacket } from '../../media/talk/playout-queue.ts';
import { isPlainG711, type SpeechFormat } from '../../media/talk/speech-format.ts';
import { speechPackets, type SpeechPackets } from '../../media/talk/speech-packets.ts';
import { TalkReceiver, type SpokenCodec, type SpokenFrame } from '../../media/talk/talk-receiver.ts';
import type { StartTranscoder } from '../transcoders.ts';
import { G711Encoder, TranscodingEncoder, type SpeechEncoder } from './speech-encoder.ts';

export interface TalkSoundOptions {
  spoken: SpokenCodec;
  now: () => number;
  startTranscoder: StartTranscoder;
  onFailed: (error: GatewayError) => void;
}

/** Of what was said before the camera has told in what form it takes it: two seconds of the shortest packets. */
const MAX_EARLY_FRAMES = 200;
/** After so long without a packet the talker has stopped, milliseconds; networks of viewers hold up one packet behind another for less. */
const FLUSH_AFTER_MS = 200;

/**
 * When more than this waits, pauses are left out until it is less, milliseconds; the blocks of ffmpeg's encoders, up to 256 ms that come at once, are
 * no reason to. It is done before the sound is encoded: in AAC and G.726 a pause cannot be seen.
 */
const CATCH_UP_ABOVE_MS = 400;

const NO_SOCKET = 'The gateway could not open a socket in its temporary directory for the conversion of the sound.';

/** What one talker says, from its packets to those of the camera. */
export class TalkSound {
  readonly #options: TalkSoundOptions;
  readonly #receiver: TalkReceiver;
  readonly #queue = new PlayoutQueue();
  #early: SpokenFrame[] = [];
  #encoder: SpeechEncoder | undefined;
  #packets: SpeechPackets | undefined;
  #pushedAt = 0;
  /** All that was said is on its way. */
  #isFinished = true;

  constructor(options: TalkSoundOptions) {
    this.#options = options;
    this.#receiver = new TalkReceiver(options.spoken);
  }

  get spoken(): SpokenCodec {
    return this.#options.spoken;
  }

  /** Packets that never came, and those that could not be sent in time. */
  get lost(): number {
    return this.#receiver.lost + this.#receiver.malformed + this.#queue.dropped;
  }

  /** The form that the camera takes is known: what was said so far is made of it. */
  begin(format: SpeechFormat, packetMs: number | undefined): void {
    const packets = speechPackets(format, packetMs);
    this.#packets = packets;
    this.#encoder = this.#newEncoder(format, (bytes) => this.#enqueue(packets.push(bytes)));
    for (const frame of this.#early) this.#encoder.push(frame);
    this.#early = [];
  }

  push(packet: RtpPacket): void {
    const nowMs = this.#options.now();
    this.#pushedAt = nowMs;
    this.#isFinished = false;
    this.#encode(this.#receiver.push(packet, nowMs));
  }

  /** The camera listens. */
  release(): void {
    this.#queue.release(this.#options.now());
  }

  /** What is to be sent now. */
  take(): { packet: SoundPacket; begins: boolean }[] {
    const nowMs = this.#options.now();
    if (!this.#isFinished && this.#encoder !== undefined && nowMs - this.#pushedAt > FLUSH_AFTER_MS) this.#finish();
    return this.#queue.take(nowMs);
  }

  close(): void {
    this.#encoder?.close();
  }

  #finish(): void {
    this.#isFinished = true;
    this.#encode(this.#receiver.drain());
    this.#encoder?.finish();
    const rest = this.#packets?.flush();
    if (rest !== undefined) this.#enqueue([rest]);
  }

  #encode(frames: readonly SpokenFrame[]): void {
    for (const frame of frames) {
      if (this.#queue.queuedMs > CATCH_UP_ABOVE_MS && isPause(this.spoken, frame)) continue;
      if (this.#encoder !== undefined) this.#encoder.push(frame);
      else if (this.#early.push(frame) > MAX_EARLY_FRAMES) this.#early.shift();
    }
  }

  #enqueue(packets: readonly SoundPacket[]): void {
    const nowMs = this.#options.now();
    for (const packet of packets) this.#queue.push(packet, nowMs);
  }

  #newEncoder(format: SpeechFormat, onBytes: (bytes: Buffer) => void): SpeechEncoder {
    const { spoken, startTranscoder, onFailed } = this.#options;
    if (isG711(spoken) && isG711(format.codec) && isPlainG711(format)) return new G711Encoder(spoken, format.codec, onBytes);
    const encoder = new TranscodingEncoder({ spoken, format, start: startTranscoder, onBytes, onFailed });
    encoder.start().catch((cause: unknown) => onFailed(new GatewayError('transcode.failed', NO_SOCKET, { cause })));
    return encoder;
  }
}

function isPause(spoken: SpokenCodec, { payload }: SpokenFrame): boolean {
  return payload !== undefined && !isAudible(spoken, payload, undefined);
}
