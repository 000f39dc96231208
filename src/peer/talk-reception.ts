import type { RtpPacket } from '../media/rtp/packet.ts';
import { RtpReceiver } from '../media/rtp/receiver.ts';
import { encodeReceiverReport, type RtcpMessage } from '../media/rtp/rtcp.ts';

/** Who reports, towards the viewer. */
export interface Reporter {
  ssrc: number;
  cname: string;
}

/** Tells a viewer by receiver reports how what it says arrives (RFC 3550 section 6.4.2), as long as it says something. */
export class TalkReception {
  #receiver: { receiver: RtpReceiver; codec: string } | undefined;
  #hasNew = false;

  receive(packet: RtpPacket, codec: string, nowMs: number): void {
    // Jitter is counted at the rate of the codec.
    if (this.#receiver?.codec !== codec) this.#receiver = { receiver: new RtpReceiver(codec === 'OPUS' ? 48_000 : 8000), codec };
    this.#receiver.receiver.receive(packet, nowMs);
    this.#hasNew = true;
  }

  receiveRtcp(message: RtcpMessage, nowMs: number): void {
    const receiver = this.#receiver?.receiver;
    if (message.type === 'sender-report' && message.ssrc === receiver?.ssrc) receiver.receiveSenderReport(message.ntp, nowMs);
  }

  /** The compound packet that is due; undefined where nothing came since the one before. */
  report({ ssrc, cname }: Reporter, nowMs: number): Buffer | undefined {
    const block = this.#hasNew ? this.#receiver?.receiver.report(nowMs) : undefined;
    this.#hasNew = false;
    return block && encodeReceiverReport(ssrc, [block], cname);
  }
}
