import { H264Depacketizer } from '../../../media/h264/depacketizer.ts';
import { isKeyframe } from '../../../media/h264/nal.ts';
import { ParameterSets } from '../../../media/h264/parameter-sets.ts';
import type { RtpPacket } from '../../../media/rtp/packet.ts';
import { RtpReceiver } from '../../../media/rtp/receiver.ts';
import { ReorderBuffer } from '../../../media/rtp/reorder-buffer.ts';
import type { ReportBlock } from '../../../media/rtp/rtcp.ts';

const CLOCK_RATES = { video: 90_000, audio: 8000 } as const;

/** What was lost is waited for this long: the time for a retransmission on a slow path. */
export const RECOVERY_MS = 300;
const REORDER_LIMITS = { maxDelayMs: RECOVERY_MS, maxPackets: 1024 };

/** A second of frames tells the rate. */
const RATE_WINDOW_MS = 1000;

/**
 * One received track, measured as a browser's `inbound-rtp` statistics do. A frame counts as decoded when all of it came and every frame since a
 * keyframe did: this is what a decoder could show; nothing is decoded here.
 */
export class ReceivedTrack {
  readonly kind: 'audio' | 'video';
  readonly #onFirstFrame: () => void;
  /** What comes by itself, as it comes: what the path loses counts as lost, be it that it was repaired. */
  readonly #path: RtpReceiver;
  /** What comes of it in the end. */
  readonly #receiver: RtpReceiver;
  readonly #reorder = new ReorderBuffer(REORDER_LIMITS);
  readonly #depacketizer = new H264Depacketizer();
  readonly #parameterSets = new ParameterSets();
  readonly #recent: number[] = [];
  #bytes = 0;
  #packets = 0;
  #frames = 0;
  #keyframes = 0;
  #decodable = false;
  #payloadType = -1;

  constructor(kind: 'audio' | 'video', onFirstFrame: () => void) {
    this.kind = kind;
    this.#onFirstFrame = onFirstFrame;
    this.#path = new RtpReceiver(CLOCK_RATES[kind]);
    this.#receiver = new RtpReceiver(CLOCK_RATES[kind]);
  }

  /** @param bytes of the whole packet */
  receive(packet: RtpPacket, bytes: number, nowMs: number): void {
    this.#path.receive(packet, nowMs);
    this.repair(packet, bytes, nowMs);
  }

  /** Takes a packet that came by a stream of retransmissions. */
  repair(packet: RtpPacket, bytes: number, nowMs: number): void {
    this.#bytes += bytes;
    for (const next of this.#reorder.push(packet, nowMs)) this.#take(next, nowMs);
  }

  receiveSenderReport(...report: Parameters<RtpReceiver['receiveSenderReport']>): void {
    this.#path.receiveSenderReport(...report);
  }

  /** For a receiver report (RFC 3550 section 6.4.2); undefined before the first packet. */
  report(nowMs: number): ReportBlock | undefined {
    return this.#path.report(nowMs);
  }

  /**
   * In the shape of W3C RTCInboundRtpStreamStats.
   *
   * @param codecs encoding names by payload type
   */
  statistics(codecs: ReadonlyMap<number, string>, nowMs: number): Record<string, unknown>[] {
    this.#forget(nowMs);
    const codecId = `codec-${this.kind}`;
    const codec = codecs.get(this.#payloadType);
    const video =
      this.kind === 'audio'
        ? {}
        : { framesDecoded: this.#frames, keyFramesDecoded: this.#keyframes, framesPerSecond: this.#recent.length };
    return [
      ...(codec === undefined ? [] : [{ id: codecId, type: 'codec', timestamp: nowMs, mimeType: `${this.kind}/${codec}` }]),
      {
        id: `inbound-${this.kind}`,
        type: 'inbound-rtp',
        timestamp: nowMs,
        kind: this.kind,
        codecId,
        packetsReceived: this.#packets,
        packetsLost: this.#receiver.lost,
        bytesReceived: this.#bytes,
        ...video,
      },
    ];
  }

  #take(packet: RtpPacket, nowMs: number): void {
    const reception = this.#receiver.receive(packet, nowMs);
    if (reception === undefined) return;
    this.#packets += 1;
    this.#payloadType = packet.payloadType;
    if (this.kind === 'audio') return;
    for (const { nals, damaged, lostBefore } of this.#depacketizer.push(packet, reception.gap)) {
      this.#parameterSets.apply(nals);
      if (damaged || lostBefore) this.#decodable = false;
      if (!damaged && isKeyframe(nals) && this.#parameterSets.complete) {
        this.#decodable = true;
        this.#keyframes += 1;
      }
      if (this.#decodable) this.#countFrame(nowMs);
    }
  }

  #countFrame(nowMs: number): void {
    this.#frames += 1;
    if (this.#frames === 1) this.#onFirstFrame();
    this.#recent.push(nowMs);
    this.#forget(nowMs);
  }

  #forget(nowMs: number): void {
    while (this.#recent[0] !== undefined && this.#recent[0] <= nowMs - RATE_WINDOW_MS) this.#recent.shift();
  }
}
