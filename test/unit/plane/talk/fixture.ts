import { onTestFinished } from 'vitest';
import { delay } from '../../../../src/base/delay.ts';
import type { Reason } from '../../../../src/base/errors.ts';
import { silentLogger, type Logger } from '../../../../src/base/log.ts';
import { systemClock } from '../../../../src/base/clock.ts';
import type { SpokenCodec } from '../../../../src/media/talk/talk-receiver.ts';
import { Ffmpeg } from '../../../../src/media/transcode/ffmpeg.ts';
import type { MediaMessage } from '../../../../src/plane/messages.ts';
import { CameraTalk, type Talker } from '../../../../src/plane/talk/camera-talk.ts';
import { Transcoders } from '../../../../src/plane/transcoders.ts';

export interface TalkingCamera {
  talk: CameraTalk;
  /** Programs that were started, and how many of them run. */
  ffmpeg: { started: string[][]; running: Set<string> };
  /** Somebody who watches under this session id. */
  talker: (sessionId: string) => Talker & { refusals: Reason[] };
}

/** Talk-back to a camera whose stream is at `uri`, with a control plane that runs its transcoders; ends with the test. */
export function talkTo(
  uri: string,
  { command, logger = silentLogger }: { command?: string; logger?: Logger } = {},
): TalkingCamera {
  const running = new Set<string>();
  const started: string[][] = [];
  const transcoders = new Transcoders((message: MediaMessage) => {
    if (message.type === 'transcoder.start') {
      running.add(message.transcoderId);
      started.push(message.arguments);
      ffmpeg.start(message.transcoderId, message.kind, message.arguments);
    } else if (message.type === 'transcoder.stop') ffmpeg.stop(message.transcoderId);
  });
  const ffmpeg = new Ffmpeg({
    logger: silentLogger,
    ...(command === undefined ? {} : { command }),
    onEnded: (id, error) => {
      running.delete(id);
      if (error !== undefined) transcoders.failed(id, { code: error.code, message: error.message });
    },
  });
  const talk = new CameraTalk({
    cameraId: 'yard',
    access: () => ({}),
    startTranscoder: transcoders.start,
    clock: systemClock,
    logger,
  });
  onTestFinished(async () => {
    await talk.close();
    await ffmpeg.close();
  });
  const talker = (sessionId: string): Talker & { refusals: Reason[] } => {
    const refusals: Reason[] = [];
    return { sessionId, uri, refusals, refuse: (reason) => refusals.push(reason) };
  };
  return { talk, ffmpeg: { started, running }, talker };
}

/** What a browser sends of a microphone: a packet every 20 ms, as soon as it was said. */
export class Microphone {
  readonly #camera: TalkingCamera;
  readonly #talker: Talker;
  readonly #codec: SpokenCodec;
  #sequenceNumber = 65_500;
  #timestamp = 1000;

  constructor(camera: TalkingCamera, talker: Talker, codec: SpokenCodec = 'PCMU') {
    this.#camera = camera;
    this.#talker = talker;
    this.#codec = codec;
  }

  /** @param level as the browser says it (RFC 6464) */
  send(payload: Buffer, level?: number): void {
    const sequenceNumber = this.#sequenceNumber & 0xffff;
    const rtp = { payloadType: 0, marker: false, ssrc: 77, sequenceNumber, timestamp: this.#timestamp, payload };
    this.#sequenceNumber += 1;
    this.#timestamp += this.#codec === 'OPUS' ? 960 : payload.length;
    this.#camera.talk.hear(this.#talker, { rtp, codec: this.#codec, level });
  }

  /** The next packet is lost on its way. */
  lose(): void {
    this.#sequenceNumber += 1;
    this.#timestamp += this.#codec === 'OPUS' ? 960 : 160;
  }

  /** Sends packets at the pace of speech, and loses those that are undefined; resolves behind the last. */
  async say(payloads: readonly (Buffer | undefined)[]): Promise<void> {
    const begunAt = performance.now();
    for (const [at, payload] of payloads.entries()) {
      await delay(Math.max(0, begunAt + at * 20 - performance.now()));
      if (payload === undefined) this.lose();
      else this.send(payload);
    }
  }
}

/** 20 ms each. */
export function packetsOf(speech: Buffer): Buffer[] {
  return Array.from({ length: Math.ceil(speech.length / 160) }, (_, at) => speech.subarray(at * 160, at * 160 + 160));
}
