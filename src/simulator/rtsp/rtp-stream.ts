import { randomBytes } from 'node:crypto';
import { encodeInterleaved } from '../../camera/rtsp/interleaved.ts';
import { encodeRtpPacket, RTP_HEADER_LENGTH } from '../../media/rtp/packet.ts';
import { encodeSenderReport } from '../../media/rtp/rtcp.ts';

/** The packets of one frame, made once for all clients. */
export class Burst {
  readonly packets: readonly Buffer[];
  /** A client may start with this one. */
  readonly isStart: boolean;
  readonly #interleaved = new Map<number, Buffer>();

  constructor(packets: readonly Buffer[], isStart: boolean) {
    this.packets = packets;
    this.isStart = isStart;
  }

  /** All packets framed for one channel of an RTSP connection; most clients use the same channels. */
  interleaved(channel: number): Buffer {
    let bytes = this.#interleaved.get(channel);
    if (bytes === undefined) {
      bytes = Buffer.concat(this.packets.map((packet) => encodeInterleaved(channel, packet)));
      this.#interleaved.set(channel, bytes);
    }
    return bytes;
  }
}

/** The sender's side of one RTP source (RFC 3550): numbers, timestamps, counts. All clients of a track see the same source. */
export class RtpStream {
  readonly clockRate: number;
  readonly payloadType: number;
  #ssrc = 0;
  #sequence = 0;
  #timestampBase = 0;
  #packets = 0;
  #octets = 0;

  constructor(clockRate: number, payloadType: number) {
    this.clockRate = clockRate;
    this.payloadType = payloadType;
    this.restart();
  }

  get ssrc(): number {
    return this.#ssrc;
  }

  /** As after a reboot: another source, other numbers. */
  restart(): void {
    const random = randomBytes(10);
    this.#ssrc = random.readUInt32BE(0);
    this.#timestampBase = random.readUInt32BE(4);
    this.#sequence = random.readUInt16BE(8);
    this.#packets = 0;
    this.#octets = 0;
  }

  /** RTP timestamp of a moment of the host's clock. */
  timestampAt(hostMs: number): number {
    // >>> takes the value modulo 2^32, which is what a timestamp is.
    return (this.#timestampBase + Math.round((hostMs * this.clockRate) / 1000)) >>> 0;
  }

  /** Numbers the payloads of one frame; the last gets the marker where `marked`. Packets that `isLost` says are left out. */
  packetize(
    payloads: readonly Buffer[],
    frame: { hostMs: number; marked: boolean; isStart: boolean },
    isLost: () => boolean,
  ): Burst {
    const timestamp = this.timestampAt(frame.hostMs);
    const packets: Buffer[] = [];
    for (const [index, payload] of payloads.entries()) {
      const marker = frame.marked && index === payloads.length - 1;
      const sequenceNumber = this.#sequence;
      this.#sequence = (this.#sequence + 1) & 0xffff;
      if (isLost()) continue;
      const packet = { payloadType: this.payloadType, marker, sequenceNumber, timestamp, ssrc: this.#ssrc, payload };
      packets.push(encodeRtpPacket(packet));
      this.#packets += 1;
      this.#octets += payload.length;
    }
    return new Burst(packets, frame.isStart);
  }

  /** A sender report that says which moment of the camera's wall clock an RTP timestamp is. */
  senderReport(hostMs: number, cameraMs: number): Buffer {
    const report = { ssrc: this.#ssrc, unixMs: cameraMs, rtpTimestamp: this.timestampAt(hostMs) };
    return encodeSenderReport({ ...report, packets: this.#packets, octets: this.#octets }, 'simulated-camera');
  }
}

/** Most bytes of a payload: with the header 1412, as cameras do on Ethernet. */
export const MAX_PAYLOAD = 1_412 - RTP_HEADER_LENGTH;
