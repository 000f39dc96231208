import { parseRtpPacket } from '../../media/rtp/packet.ts';

/** A form of speech that the loudspeaker takes, as the session description lists it. */
export interface TalkbackForm {
  payloadType: number;
  /** `PCMU/8000` */
  rtpmap: string;
  fmtp?: string;
}

export const TALKBACK_FORMS = {
  pcmu: { payloadType: 0, rtpmap: 'PCMU/8000' },
  pcma: { payloadType: 8, rtpmap: 'PCMA/8000' },
  g726: { payloadType: 99, rtpmap: 'G726-32/8000' },
  // The config is AAC-LC, 16 kHz, mono (ISO/IEC 14496-3 section 1.6.2.1).
  aac: {
    payloadType: 104,
    rtpmap: 'MPEG4-GENERIC/16000',
    fmtp: 'streamtype=5;profile-level-id=15;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1408',
  },
} as const satisfies Record<string, TalkbackForm>;

/** One packet that came in on the audio backchannel. */
export interface TalkbackPacket {
  /** The host's clock, milliseconds since 1970. */
  arrivalMs: number;
  sequenceNumber: number;
  timestamp: number;
  marker: boolean;
  payloadType: number;
  /** In the form of the payload type. */
  samples: Buffer;
}

/** A minute of 20 ms packets. */
const MAX_PACKETS = 3_000;

/** Keeps what was said into the camera, so that a test can read it back; the oldest goes first. */
export class Talkback {
  /** What it takes; may be changed at any time, and holds for those who ask afterwards. */
  forms: readonly TalkbackForm[] = [TALKBACK_FORMS.pcmu];
  /** Milliseconds of speech that it wants in a packet; undefined: it does not say. */
  packetMs: number | undefined;
  #packets: TalkbackPacket[] = [];
  #refused = 0;

  get packets(): readonly TalkbackPacket[] {
    return this.#packets;
  }

  /** Packets that were no RTP or in no form that it takes. */
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
    if (packet === undefined || !this.forms.some(({ payloadType }) => payloadType === packet.payloadType)) {
      this.#refused += 1;
      return;
    }
    const { sequenceNumber, timestamp, marker, payloadType, payload } = packet;
    // A copy: the payload is a view of the socket's chunk.
    this.#packets.push({ arrivalMs, sequenceNumber, timestamp, marker, payloadType, samples: Buffer.from(payload) });
    if (this.#packets.length > MAX_PACKETS) this.#packets.shift();
  }
}
