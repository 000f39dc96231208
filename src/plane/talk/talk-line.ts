import { randomInt } from 'node:crypto';
import { Backchannel } from '../../camera/rtsp/backchannel.ts';
import type { Clock } from '../../base/clock.ts';
import type { GatewayError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { SoundPacket } from '../../media/talk/playout-queue.ts';
import { chooseFormat, speechFormat, type SpeechFormat } from '../../media/talk/speech-format.ts';
import { SpeechSender } from '../../media/talk/speech-sender.ts';
import type { SpokenCodec } from '../../media/talk/talk-receiver.ts';
import type { CameraAccess } from '../camera-access.ts';

export interface TalkLineOptions {
  /** Of the profile's stream, without credentials. */
  uri: string;
  access: CameraAccess;
  spoken: SpokenCodec;
  clock: Clock;
  logger: Logger;
  /** In what form the camera takes it; before it listens. */
  onFormat: (format: SpeechFormat, packetMs: number | undefined) => void;
  /** The camera ended it after it had been open. */
  onClose: (error: GatewayError) => void;
}

const REPORT_INTERVAL_MS = 5000;

/** The open way to a camera's loudspeaker, with the RTP stream on it. */
export class TalkLine {
  readonly #options: TalkLineOptions;
  readonly #backchannel: Backchannel;
  readonly #cname = `talk-${randomInt(2 ** 32).toString(16)}`;
  #sender: SpeechSender | undefined;
  #format: { format: SpeechFormat; packetMs: number | undefined } | undefined;
  #reportedAt = 0;

  constructor(options: TalkLineOptions) {
    this.#options = options;
    const { uri, access, spoken, clock, logger, onClose } = options;
    this.#backchannel = new Backchannel({
      url: uri,
      ...access,
      clock,
      logger,
      choose: (listed) => {
        const chosen = chooseFormat(listed, spoken);
        const format = chosen && speechFormat(chosen);
        if (format !== undefined) this.#begin(format, chosen?.packetMs);
        return chosen;
      },
      onClose,
    });
  }

  /** In what form the camera takes speech; undefined while that is not known. */
  get format(): { format: SpeechFormat; packetMs: number | undefined } | undefined {
    return this.#format;
  }

  get packetsSent(): number {
    return this.#sender?.packets ?? 0;
  }

  /** Resolves once the camera listens. Throws as {@link Backchannel.open}. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#backchannel.open(signal);
  }

  send(packet: SoundPacket, begins: boolean): void {
    if (this.#sender === undefined) return;
    const nowMs = performance.now();
    this.#backchannel.send(this.#sender.packet(packet, begins, nowMs));
    if (nowMs - this.#reportedAt < REPORT_INTERVAL_MS) return;
    this.#reportedAt = nowMs;
    this.#backchannel.sendRtcp(this.#sender.report(nowMs, this.#options.clock.now(), this.#cname));
  }

  close(): Promise<void> {
    return this.#backchannel.close();
  }

  #begin(format: SpeechFormat, packetMs: number | undefined): void {
    this.#format = { format, packetMs };
    this.#sender = new SpeechSender(format, {
      ssrc: randomInt(2 ** 32),
      sequenceNumber: randomInt(2 ** 15),
      timestamp: randomInt(2 ** 32),
    });
    this.#options.onFormat(format, packetMs);
  }
}
