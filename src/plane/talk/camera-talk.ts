import type { Clock } from '../../base/clock.ts';
import { reasonOf, type Reason } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { RtpPacket } from '../../media/rtp/packet.ts';
import { isAudible } from '../../media/talk/loudness.ts';
import { FLOOR_HOLD_MS, TalkFloor } from '../../media/talk/talk-floor.ts';
import type { SpokenCodec } from '../../media/talk/talk-receiver.ts';
import type { CameraAccess } from '../camera-access.ts';
import type { TalkStats } from '../messages.ts';
import type { StartTranscoder } from '../transcoders.ts';
import { TalkLine } from './talk-line.ts';
import { TalkSound } from './talk-sound.ts';

/** A viewer who may talk. */
export interface Talker {
  sessionId: string;
  /** Of the stream that he watches: the backchannel is asked for there. */
  uri: string;
  /** Tells him that he is not heard, and why. */
  refuse: (reason: Reason) => void;
}

/** A packet of a viewer's microphone. */
export interface SpokenPacket {
  rtp: RtpPacket;
  codec: SpokenCodec;
  /** -dBov (RFC 6464); undefined where the viewer does not say it. */
  level: number | undefined;
}

export interface CameraTalkOptions {
  cameraId: string;
  /** How the camera is got at, asked each time. */
  access: () => CameraAccess;
  startTranscoder: StartTranscoder;
  clock: Clock;
  logger: Logger;
}

/** The camera's loudspeaker is let go so long after the last word, milliseconds: longer than a talker pauses, since to open it takes time. */
const CLOSE_AFTER_MS = 5000;
/** A camera that refused is not asked again before, milliseconds; with a wrong password, which may lock the account, much later. */
const RETRY_MS = 3000;
const UNAUTHORIZED_RETRY_MS = 60_000;
/** A talker keeps his codec for so long, milliseconds: to change it may take another process. */
const CODEC_HOLD_MS = 3000;
/** Half of the shortest packet. */
const TICK_MS = 5;

/** What a viewer is told, who need not know where the camera is. */
const VIEWER_WORDS: Readonly<Record<string, string>> = {
  'rtsp.no_backchannel': 'The camera plays no speech.',
  'rtsp.backchannel_codec': 'The camera takes speech in no form that the gateway has.',
  'rtsp.unauthorized': 'The camera refuses the user name or the password that the gateway has.',
  'rtsp.status': 'The camera refuses to play speech just now.',
  'transcode.no_ffmpeg': 'Your speech cannot be converted for the camera: ffmpeg is not installed at the gateway.',
  'transcode.failed': 'Your speech could not be converted for the camera.',
};
const LOST = 'The gateway has no connection to the loudspeaker of the camera.';

const BUSY: Reason = { code: 'talk.busy', message: 'Somebody else is talking to the camera.' };

/**
 * Talk-back to one camera: whoever is audible first is heard, alone, and the way to its loudspeaker is open only while somebody talks and a
 * little longer, since a doorbell takes it for a call (Amcrest: go2rtc#247).
 */
export class CameraTalk {
  readonly #options: CameraTalkOptions;
  readonly #floor = new TalkFloor();
  readonly #warned = new Set<string>();
  #line: TalkLine | undefined;
  #isOpen = false;
  #opening: AbortController | undefined;
  #speaking: { talker: Talker; sound: TalkSound; begunAt: number } | undefined;
  /** The last line is being let go. */
  #closing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #failure: { reason: Reason; told: Reason; until: number } | undefined;
  #heardAt = 0;
  #counts = { talks: 0, refused: 0, packetsSent: 0, packetsLost: 0 };
  #isClosed = false;

  constructor(options: CameraTalkOptions) {
    this.#options = options;
  }

  /** The session that is heard now. */
  get talking(): string | undefined {
    return this.#floor.holder(performance.now());
  }

  /** Takes a packet of a talker. */
  hear(talker: Talker, packet: SpokenPacket): void {
    if (this.#isClosed) return;
    const nowMs = performance.now();
    const audible = isAudible(packet.codec, packet.rtp.payload, packet.level);
    const answer = this.#floor.hear(talker.sessionId, audible, nowMs);
    if (answer === 'refused') this.#refuse(talker, BUSY);
    if (answer !== 'granted') return;
    if (audible) this.#heardAt = nowMs;
    if (this.#failure !== undefined && nowMs < this.#failure.until) {
      this.#floor.refuse(talker.sessionId, nowMs);
      this.#refuse(talker, this.#failure.told);
      return;
    }
    const sound = this.#soundOf(talker, packet.codec, nowMs);
    if (sound === undefined) {
      this.#counts.packetsLost += 1;
      return;
    }
    if (this.#line === undefined) this.#open(talker, packet.codec);
    sound.push(packet.rtp);
  }

  /** A viewer is gone. */
  leave(sessionId: string): void {
    this.#floor.leave(sessionId);
    if (this.#speaking?.talker.sessionId === sessionId) this.#endSound();
  }

  stats(): TalkStats {
    const { cameraId } = this.#options;
    const session = this.talking ?? null;
    const now = this.#line === undefined ? 'idle' : this.#isOpen ? 'open' : 'opening';
    return {
      cameraId,
      state: this.#failure === undefined ? now : 'failed',
      reason: this.#failure?.reason ?? null,
      session,
      ...this.#counts,
      packetsSent: this.#counts.packetsSent + (this.#line?.packetsSent ?? 0),
      packetsLost: this.#counts.packetsLost + (this.#speaking?.sound.lost ?? 0),
    };
  }

  /** Lets the camera go for good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#letGo();
    await this.#closing;
  }

  /** What this talker says is kept apart from what others said before; undefined where he has another codec already. */
  #soundOf(talker: Talker, spoken: SpokenCodec, nowMs: number): TalkSound | undefined {
    const speaking = this.#speaking;
    if (speaking?.talker.sessionId === talker.sessionId) {
      if (speaking.sound.spoken === spoken) return speaking.sound;
      if (nowMs - speaking.begunAt < CODEC_HOLD_MS) return undefined;
    }
    this.#endSound();
    this.#counts.talks += 1;
    const sound: TalkSound = new TalkSound({
      spoken,
      now: () => performance.now(),
      startTranscoder: this.#options.startTranscoder,
      onFailed: (error) => {
        if (this.#speaking?.sound === sound) this.#fail(error);
      },
    });
    this.#speaking = { talker, sound, begunAt: nowMs };
    const agreed = this.#line?.format;
    if (agreed !== undefined) sound.begin(agreed.format, agreed.packetMs);
    if (this.#isOpen) sound.release();
    return sound;
  }

  #open({ uri }: Talker, spoken: SpokenCodec): void {
    const { access, clock, logger } = this.#options;
    const line: TalkLine = new TalkLine({
      uri,
      access: access(),
      spoken,
      clock,
      logger,
      onFormat: (format, packetMs) => {
        if (this.#line === line) this.#speaking?.sound.begin(format, packetMs);
      },
      onClose: (error) => {
        if (this.#line === line) this.#fail(error);
      },
    });
    const opening = new AbortController();
    this.#line = line;
    this.#opening = opening;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    const opened = this.#closing.then(() => line.open(opening.signal));
    opened.then(
      () => {
        if (this.#line !== line) return;
        this.#isOpen = true;
        this.#failure = undefined;
        this.#speaking?.sound.release();
        logger.info('somebody talks to the camera');
      },
      (error: unknown) => {
        if (this.#line === line) this.#fail(error);
      },
    );
  }

  #tick(): void {
    for (const { packet, begins } of this.#speaking?.sound.take() ?? []) this.#line?.send(packet, begins);
    if (performance.now() - this.#heardAt <= CLOSE_AFTER_MS) return;
    // What was heard is news again when it fails.
    if (this.#isOpen) this.#warned.clear();
    this.#letGo();
  }

  /** The camera takes no speech, or no more: whoever talks is told, the operator in more words. */
  #fail(error: unknown): void {
    const reason = reasonOf(error);
    const told: Reason = { code: 'talk.failed', message: VIEWER_WORDS[reason.code] ?? LOST };
    const nowMs = performance.now();
    this.#failure = { reason, told, until: nowMs + (reason.code === 'rtsp.unauthorized' ? UNAUTHORIZED_RETRY_MS : RETRY_MS) };
    this.#warn(reason);
    const talker = this.#speaking?.talker;
    // After the last word nobody misses anything.
    if (talker !== undefined && nowMs - this.#heardAt < FLOOR_HOLD_MS) this.#refuse(talker, told);
    if (talker !== undefined) this.#floor.refuse(talker.sessionId, nowMs);
    this.#letGo();
  }

  #refuse(talker: Talker, reason: Reason): void {
    this.#counts.refused += 1;
    talker.refuse(reason);
  }

  #warn(reason: Reason): void {
    if (this.#warned.has(reason.code)) return;
    this.#warned.add(reason.code);
    this.#options.logger.warn({ reason }, `camera ${this.#options.cameraId} takes no speech: ${reason.message}`);
  }

  #endSound(): void {
    this.#counts.packetsLost += this.#speaking?.sound.lost ?? 0;
    this.#speaking?.sound.close();
    this.#speaking = undefined;
  }

  #letGo(): void {
    clearInterval(this.#timer);
    this.#endSound();
    const line = this.#line;
    this.#line = undefined;
    this.#isOpen = false;
    this.#opening?.abort();
    if (line === undefined) return;
    this.#counts.packetsSent += line.packetsSent;
    const closing = line.close();
    this.#closing = this.#closing.then(() => closing);
  }
}
