import { parseRtpPacket } from '../../media/rtp/packet.ts';
import { TALKBACK_PAYLOAD_TYPE } from './description.ts';

/** One packet that came in on the audio backchannel. */
export interface TalkbackPacket {
  /** The host's clock, milliseconds since 1970. */
  arrivalMs: number;
  sequenceNumber: number;
  timestamp: number;
  marker: boolean;
  /** PCMU, 8 kHz. */
  samples: Buffer;
}

/** A minute of 20 ms packets. */
const MAX_PACKETS = 3_000;

/** Keeps what was said into the camera, so that a test can read it back; the oldest goes first. */
export class Talkback {
  #packets: TalkbackPacket[] = [];
  #refused = 0;

  get packets(): readonly TalkbackPacket[] {
    return this.#packets;
  }

  /** Packets that were no RTP or no PCMU. */
  get refused(): number {
    return this.#refused;
  }

  /** All samples in their order of arrival. */
  samples(): Buffer {
    return Buffer.concat(this.#packets.map((packet) => packet.samples));
  }

  clear(): void {
    this.#packets = [];
    this.#refused = 0;
  }

  receive(bytes: Buffer, arrivalMs: number): void {
    const packet = parseRtpPacket(bytes);
    if (packet === undefined || packet.payloadType !== TALKBACK_PAYLOAD_TYPE) {
      this.#refused += 1;
      return;
    }
    const { sequenceNumber, timestamp, marker, payload } = packet;
    // A copy: the payload is a view of the socket's chunk.
    this.#packets.push({ arrivalMs, sequenceNumber, timestamp, marker, samples: Buffer.from(payload) });
    if (this.#packets.length > MAX_PACKETS) this.#packets.shift();
  }
}
