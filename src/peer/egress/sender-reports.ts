import { encodeReceiverReport } from '../../media/rtp/rtcp.ts';
import type { EgressTransport } from './transport.ts';
import type { SentTrack } from './viewer-feedback.ts';

/** Tells one viewer of the times of its tracks: about once a second, and when something of another stream was sent first. */
export class SenderReports {
  readonly #tracks: readonly SentTrack[];
  readonly #transport: EgressTransport;
  readonly #now: () => number;
  /** Tracks of which nothing of the stream that is shown was sent. */
  readonly #unreported: Set<SentTrack>;

  /** @param now Unix milliseconds */
  constructor(tracks: readonly SentTrack[], transport: EgressTransport, now: () => number) {
    this.#tracks = tracks;
    this.#transport = transport;
    this.#now = now;
    this.#unreported = new Set(tracks);
  }

  send(): void {
    const nowMs = this.#now();
    for (const { sender, timeline } of this.#tracks) {
      const at = timeline.at(nowMs);
      if (at !== undefined && sender.counters.packets > 0) sender.sendReport(at.unixMs, at.timestamp, nowMs);
      // A source that is not sending reports all the same (RFC 3550 section 6.4): the viewer learns its CNAME, and that it is there.
      else this.#transport.sendRtcp(encodeReceiverReport(sender.parameters.ssrc, [], sender.parameters.cname));
    }
  }

  /** The track goes on with another stream. */
  follow(track: SentTrack): void {
    this.#unreported.add(track);
  }

  /** Something of the track was sent: true where reports are due. Without one of both tracks a browser cannot bring sound and picture in step. */
  areDue(track: SentTrack): boolean {
    return this.#unreported.delete(track);
  }
}
