import { soundDepacketizer } from './sound-depacketizer.ts';
import { passedAs, type SoundFormat } from './sound-format.ts';
import type { SoundDepacketizer, SoundFrame } from './sound-frame.ts';
import { TrackReceiver, type TrackDescription } from './track.ts';

/** As the session description says; undefined for sound that cannot be read. */
export function soundFormat(track: TrackDescription): SoundFormat | undefined {
  return soundDepacketizer(track)?.format;
}

/** Whether viewers play it as it comes. */
export function isPassedSound(track: TrackDescription): boolean {
  const format = soundFormat(track);
  return format !== undefined && passedAs(format) !== undefined;
}

/** The sound of one pulled profile: packets to what a decoder takes. */
export class SoundTrack {
  readonly receiver: TrackReceiver;
  #depacketizer: SoundDepacketizer;
  #malformedBefore = 0;

  /** @param start first timestamp of its timeline, 32 bits */
  constructor(track: TrackDescription, depacketizer: SoundDepacketizer, start: number) {
    this.receiver = new TrackReceiver(track, start);
    this.#depacketizer = depacketizer;
  }

  /** Of the frames that came last. It is another object when it changes: AAC may say in its packets what it is. */
  get format(): SoundFormat {
    return this.#depacketizer.format;
  }

  get malformed(): number {
    return this.receiver.malformed + this.#malformedBefore + this.#depacketizer.malformed;
  }

  /** A new connection; its clock rate must be the same. */
  reconnect(track: TrackDescription, depacketizer: SoundDepacketizer): void {
    this.receiver.reconnect(track);
    this.#malformedBefore += this.#depacketizer.malformed;
    this.#depacketizer = depacketizer;
  }

  receive(bytes: Buffer, arrivalMs: number): SoundFrame[] {
    const placed = this.receiver.receive(bytes, arrivalMs);
    return placed === undefined ? [] : this.#depacketizer.push(placed);
  }
}
