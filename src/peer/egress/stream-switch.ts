import type { AudioPacket, Stream, StreamReader, StreamTimes } from '../../media/stream.ts';
import type { VideoFrame } from '../../media/video-track.ts';
import type { ViewerCodecs } from '../../media/viewer-codecs.ts';
import { SoundHandover } from './sound-handover.ts';
import { TwinDocuments } from './twin-documents.ts';
import type { ViewerEgress } from './viewer-egress.ts';

/** So long at most the sound of the stream before goes on. */
const HANDOVER_MS = 1000;

/** As much of a stream as a viewer is shown it by. */
export type ShownStream = StreamTimes & Pick<Stream, 'addReader'>;

/** What is read of one stream for a viewer, and for which part of that. */
class Reading implements StreamReader {
  readonly stream: ShownStream;
  readonly codecs: ViewerCodecs;
  readonly #to: StreamSwitch;
  #remove: () => void = () => undefined;
  /** What is handed over is new, not what the stream has kept. */
  isFresh = false;

  constructor(stream: ShownStream, codecs: ViewerCodecs, to: StreamSwitch) {
    this.stream = stream;
    this.codecs = codecs;
    this.#to = to;
  }

  begin(onFailure: (error: unknown) => void): void {
    try {
      this.#remove = this.stream.addReader(this, onFailure);
    } catch (error) {
      onFailure(error);
    }
    this.isFresh = true;
  }

  end(): void {
    this.#remove();
  }

  get wantsMetadata(): boolean {
    return this.#to.wantsMetadata;
  }

  video(frame: VideoFrame): void {
    this.#to.video(this, frame);
  }

  audio(packet: AudioPacket): void {
    this.#to.audio(this, packet);
  }

  metadata(gzipped: Buffer): void {
    this.#to.metadata(this, gzipped);
  }
}

/**
 * Which stream a viewer is shown. It goes over to another one at once, or so that nobody sees it: when the other has a fresh keyframe. What that has kept is not
 * waited for with: it may be as much as a group of pictures, on a path that may be narrow.
 */
export class StreamSwitch {
  readonly #egress: ViewerEgress;
  readonly #onFailure: (error: unknown) => void;
  #shown: Reading | undefined;
  /** Is to be shown from its next keyframe on. */
  #pending: { reading: Reading; onJoined: () => void } | undefined;
  /** Was shown, and its sound goes on until that of the one that is shown goes on from there. */
  #former: { reading: Reading; handover: SoundHandover; timer: NodeJS.Timeout } | undefined;
  /** The packets of sound of the stream that is shown that were sent last. */
  #sound: { before: AudioPacket | undefined; last: AudioPacket } | undefined;
  readonly #documents = new TwinDocuments();

  constructor(egress: ViewerEgress, onFailure: (error: unknown) => void) {
    this.#egress = egress;
    this.#onFailure = onFailure;
  }

  /** Shows the stream at once, from the keyframe that it has kept, else from its next one on. */
  show(stream: ShownStream): void {
    const isFirst = this.#shown === undefined;
    this.close();
    if (!isFirst) this.#egress.follow(stream);
    this.#shown = new Reading(stream, this.#egress.codecs, this);
    this.#shown.begin(this.#onFailure);
  }

  /**
   * Shows the stream from its next keyframe on; until then what is shown goes on.
   *
   * @param onJoined called when it is shown, once
   */
  join(stream: ShownStream, onJoined: () => void): void {
    this.cancel();
    const reading = new Reading(stream, this.#egress.codecs, this);
    this.#pending = { reading, onJoined };
    reading.begin(this.#onFailure);
    // There is no picture to wait for.
    if (this.#egress.codecs.video.size === 0) this.#join(this.#pending);
  }

  /** What is shown goes on. */
  cancel(): void {
    this.#pending?.reading.end();
    this.#pending = undefined;
  }

  /** Shows nothing more; may be called again. */
  close(): void {
    this.cancel();
    this.#forgetFormer();
    this.#shown?.end();
    this.#shown = undefined;
    this.#sound = undefined;
  }

  get wantsMetadata(): boolean {
    return this.#egress.wantsMetadata;
  }

  video(from: Reading, frame: VideoFrame): void {
    const pending = this.#pending;
    if (pending?.reading === from && from.isFresh && frame.keyframe) {
      this.#join(pending, frame);
      return;
    }
    if (from === this.#shown) this.#egress.video(frame);
  }

  audio(from: Reading, packet: AudioPacket): void {
    const former = this.#former;
    if (former?.reading === from) {
      this.#egress.audio(packet);
      const next = former.handover.former(packet);
      if (next.length > 0) this.#endFormer(next);
    } else if (from === this.#shown) {
      if (former === undefined) return this.#send(packet);
      const next = former.handover.next(packet);
      if (next.length > 0) return this.#endFormer(next);
      // The time is over all the same: clocks that are wrong must not make it silent for good.
      if (former.handover.isBehind) former.reading.end();
    }
  }

  metadata(from: Reading, gzipped: Buffer): void {
    const isTwin = this.#pending !== undefined || this.#former !== undefined;
    if (this.#documents.isNew(from, gzipped, isTwin)) this.#egress.metadata(gzipped);
  }

  #join({ reading, onJoined }: { reading: Reading; onJoined: () => void }, keyframe?: VideoFrame): void {
    this.#endFormer(this.#former?.handover.end() ?? []);
    const before = this.#shown;
    this.#pending = undefined;
    this.#shown = reading;
    this.#egress.followPictures(reading.stream);
    if (keyframe !== undefined) this.#egress.video(keyframe);
    const sound = this.#sound;
    this.#sound = undefined;
    if (before !== undefined && sound !== undefined) {
      const timeOf = (stream: ShownStream) => (packet: AudioPacket) => this.#egress.soundTimeMs(packet, stream);
      const handover = new SoundHandover(sound, timeOf(before.stream), timeOf(reading.stream));
      this.#former = { reading: before, handover, timer: setTimeout(() => this.#endFormer(handover.end()), HANDOVER_MS) };
    } else {
      before?.end();
      this.#egress.followSound(reading.stream);
    }
    onJoined();
  }

  /** The sound of the stream that is shown goes on from here, with these: that of the former ends. */
  #endFormer(packets: readonly AudioPacket[]): void {
    if (this.#former === undefined || this.#shown === undefined) return;
    this.#forgetFormer();
    this.#egress.followSound(this.#shown.stream);
    for (const packet of packets) this.#send(packet);
  }

  #forgetFormer(): void {
    clearTimeout(this.#former?.timer);
    this.#former?.reading.end();
    this.#former = undefined;
  }

  #send(packet: AudioPacket): void {
    this.#sound = { before: this.#sound?.last, last: packet };
    this.#egress.audio(packet);
  }
}
