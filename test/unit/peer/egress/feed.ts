import { PacketHistory, type KeptFrame } from '../../../../src/media/packet-history.ts';
import type { OutgoingFrame } from '../../../../src/peer/egress/outgoing-frame.ts';
import type { RtpSender } from '../../../../src/peer/egress/rtp-sender.ts';

/** A feed whose pictures a test makes: they are kept for those who miss packets of them. */
export class Feed {
  readonly history: PacketHistory;
  timestamp = 0;

  constructor(maxBytes = 4_000_000) {
    this.history = new PacketHistory(maxBytes);
  }

  /** A picture 40 ms behind the one before. */
  frame(payloads: readonly Buffer[], { keyframe = false, payloadType = 102 } = {}): OutgoingFrame {
    this.timestamp = (this.timestamp + 3600) >>> 0;
    const bytes = payloads.reduce((sum, { length }) => sum + length, 0);
    const frame: KeptFrame = { payloads, timestamp: this.timestamp, keyframe, bytes };
    this.history.add(frame);
    return { payloads, payloadType, timestamp: this.timestamp, keyframe, kept: frame.kept };
  }
}

/** Sends all packets of a picture. */
export function sendFrame(sender: RtpSender, frame: OutgoingFrame, nowMs: number): void {
  for (const index of frame.payloads.keys()) sender.sendPacket(frame, index, nowMs);
}
