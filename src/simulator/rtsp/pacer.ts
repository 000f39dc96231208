import type { Timeline } from '../timeline.ts';
import type { MediaTrack, TrackReader } from './tracks.ts';

const REPORT_INTERVAL_MS = 1_000;
/** Further behind than this (a machine that slept), what was missed is left out. */
const MAX_CATCH_UP_MS = 2_000;

export interface PacerOptions {
  timeline: Timeline;
  tracks: readonly MediaTrack[];
  /** Asked for each RTP packet. */
  isLost: () => boolean;
  /** Added to the time in a track's sender reports, milliseconds. */
  reportErrorMs: (track: MediaTrack) => number;
}

/**
 * Sends the pieces of all tracks that have readers, each at its time, with one timer. Due times come from the clock, so that a
 * late timer delays one piece and never adds up.
 */
export class Pacer {
  readonly #timeline: Timeline;
  readonly #tracks: readonly MediaTrack[];
  readonly #isLost: () => boolean;
  readonly #reportErrorMs: (track: MediaTrack) => number;
  readonly #stopListening: () => void;
  #timer: NodeJS.Timeout | undefined;
  #reportDueMs = 0;

  constructor(options: PacerOptions) {
    this.#timeline = options.timeline;
    this.#tracks = options.tracks;
    this.#isLost = options.isLost;
    this.#reportErrorMs = options.reportErrorMs;
    this.#stopListening = this.#timeline.events.on('jump', (now) => {
      for (const track of this.#tracks) track.jump(now);
      this.#run();
    });
  }

  /** The reader gets this track from now on, a sender report first. */
  add(track: MediaTrack, reader: TrackReader): void {
    const now = this.#timeline.now();
    if (track.readers.size === 0) track.resume(now);
    track.readers.add(reader);
    reader.readRtcp(track, this.#senderReport(track, now));
    this.#schedule();
  }

  remove(track: MediaTrack, reader: TrackReader): void {
    track.readers.delete(reader);
  }

  close(): void {
    this.#stopListening();
    clearTimeout(this.#timer);
  }

  #run(): void {
    const now = this.#timeline.now();
    const active = this.#active();
    const late = active.filter((track) => now - track.dueMs > MAX_CATCH_UP_MS);
    if (late.length > 0) {
      for (const track of late) track.resume(now);
      // Pictures were left out: a decoder needs an IDR. The jump runs this again.
      this.#timeline.jumpToNextGop();
      return;
    }
    for (const track of active) {
      while (track.dueMs <= now) {
        const burst = track.next(this.#isLost);
        for (const reader of track.readers) reader.readRtp(track, burst);
      }
    }
    if (now >= this.#reportDueMs) this.#report(now, active);
    this.#schedule();
  }

  #report(now: number, active: readonly MediaTrack[]): void {
    this.#reportDueMs = now + REPORT_INTERVAL_MS;
    for (const track of active) {
      const bytes = this.#senderReport(track, now);
      for (const reader of track.readers) reader.readRtcp(track, bytes);
    }
  }

  #senderReport(track: MediaTrack, now: number): Buffer {
    return track.rtp.senderReport(now, this.#timeline.cameraTimeAt(now) + this.#reportErrorMs(track));
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const active = this.#active();
    if (active.length === 0) return;
    const dueMs = Math.min(...active.map((track) => track.dueMs));
    this.#timer = setTimeout(() => this.#run(), Math.max(0, Math.ceil(dueMs - this.#timeline.now())));
  }

  #active(): MediaTrack[] {
    return this.#tracks.filter((track) => track.readers.size > 0);
  }
}
