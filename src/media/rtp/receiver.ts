import { ntpMiddle32, type NtpTime } from '../../base/ntp.ts';
import { sequenceDistance, timestampDistance, type RtpPacket } from './packet.ts';
import type { ReportBlock } from './rtcp.ts';
import { SourceChoice } from './source-choice.ts';

/** What the receiver says of a packet that it let through. */
export interface Reception {
  /** Packets before this one are missing. */
  gap: boolean;
  /** The source started anew (other SSRC, or a jump that no loss explains): nothing before it belongs with it. */
  restart: boolean;
}

/** A jump beyond this is a restart of the camera, not loss (RFC 3550 appendix A.1, MAX_DROPOUT). */
const MAX_DROPOUT = 3000;
/** Further behind than this is not late: two such in a row are a sender that counts anew (RFC 3550 appendix A.1, MAX_MISORDER). */
const MAX_MISORDER = 100;

/**
 * Follows one RTP source as RFC 3550 appendix A asks of a receiver: extended sequence numbers, loss, jitter, and its last
 * sender report. Packets come from an ordered transport: what is late or twice is dropped.
 */
export class RtpReceiver {
  readonly #clockRate: number;
  readonly #source: SourceChoice;
  #baseSequence = 0;
  /** Extended: cycles are in the bits above 16. */
  #highest = 0;
  /** What follows the last packet that was dropped. */
  #badSequence: number | undefined;
  #received = 0;
  #expectedAtReport = 0;
  #receivedAtReport = 0;
  #jitter = 0;
  #lastTransit: number | undefined;
  #lostBefore = 0;
  #dropped = 0;
  #senderReport: { ntp: NtpTime; arrivalMs: number } | undefined;

  /** @param announcedSsrc as the answer to SETUP names it */
  constructor(clockRate: number, announcedSsrc?: number) {
    this.#clockRate = clockRate;
    this.#source = new SourceChoice(announcedSsrc);
  }

  get ssrc(): number | undefined {
    return this.#source.ssrc;
  }

  /** Packets that never came, over all restarts. */
  get lost(): number {
    return this.#lostBefore + this.#lostNow();
  }

  /** Packets dropped since they were late, came twice, or were of another source. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Undefined when the packet is late, a duplicate, or of another source than the one that is heard. */
  receive(packet: RtpPacket, arrivalMs: number): Reception | undefined {
    const isFirst = this.ssrc === undefined;
    const source = this.#source.hear(packet.ssrc, arrivalMs);
    if (source === 'new') return this.#restart(packet, arrivalMs, !isFirst);
    if (source === 'other') {
      this.#dropped += 1;
      return undefined;
    }
    const step = sequenceDistance(this.#highest & 0xffff, packet.sequenceNumber);
    if (Math.abs(step) > MAX_DROPOUT) return this.#restart(packet, arrivalMs, true);
    if (step <= 0) {
      if (step < -MAX_MISORDER && packet.sequenceNumber === this.#badSequence) return this.#restart(packet, arrivalMs, true);
      this.#badSequence = (packet.sequenceNumber + 1) & 0xffff;
      this.#dropped += 1;
      return undefined;
    }
    this.#highest += step;
    this.#count(packet, arrivalMs);
    return { gap: step > 1, restart: false };
  }

  /** Takes a sender report, which our receiver reports refer to. */
  receiveSenderReport(ntp: NtpTime, arrivalMs: number): void {
    this.#senderReport = { ntp, arrivalMs };
  }

  /** The block for our next receiver report; undefined before the first packet. */
  report(nowMs: number): ReportBlock | undefined {
    const { ssrc } = this;
    if (ssrc === undefined) return undefined;
    const expected = this.#highest - this.#baseSequence + 1;
    const expectedSince = expected - this.#expectedAtReport;
    const lostSince = expectedSince - (this.#received - this.#receivedAtReport);
    this.#expectedAtReport = expected;
    this.#receivedAtReport = this.#received;
    const sender = this.#senderReport;
    return {
      ssrc,
      fractionLost: expectedSince <= 0 || lostSince <= 0 ? 0 : Math.min(255, Math.floor((lostSince * 256) / expectedSince)),
      cumulativeLost: this.#lostNow(),
      extendedHighestSequence: this.#highest,
      jitter: Math.round(this.#jitter),
      lastSenderReport: sender === undefined ? 0 : ntpMiddle32(sender.ntp),
      delaySinceLastSenderReport:
        sender === undefined ? 0 : Math.max(0, Math.round(((nowMs - sender.arrivalMs) / 1000) * 65_536)),
    };
  }

  #lostNow(): number {
    return this.#received === 0 ? 0 : Math.max(0, this.#highest - this.#baseSequence + 1 - this.#received);
  }

  #restart(packet: RtpPacket, arrivalMs: number, restart: boolean): Reception {
    this.#lostBefore += this.#lostNow();
    this.#baseSequence = packet.sequenceNumber;
    this.#highest = packet.sequenceNumber;
    this.#received = 0;
    this.#expectedAtReport = 0;
    this.#receivedAtReport = 0;
    this.#jitter = 0;
    this.#lastTransit = undefined;
    // A camera's first sender report may come ahead of its first packet; only a new source makes it void.
    if (restart) this.#senderReport = undefined;
    this.#count(packet, arrivalMs);
    return { gap: false, restart };
  }

  /** Interarrival jitter of RFC 3550 section 6.4.1, in units of the clock rate. */
  #count(packet: RtpPacket, arrivalMs: number): void {
    this.#received += 1;
    const transit = timestampDistance(packet.timestamp, Math.round((arrivalMs * this.#clockRate) / 1000) >>> 0);
    if (this.#lastTransit !== undefined) {
      this.#jitter += (Math.abs(timestampDistance(this.#lastTransit, transit)) - this.#jitter) / 16;
    }
    this.#lastTransit = transit;
  }
}
