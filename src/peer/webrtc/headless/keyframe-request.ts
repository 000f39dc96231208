import { encodePictureLossIndication, encodeReceiverReport } from '../../../media/rtp/rtcp.ts';

const PAYLOAD_SPECIFIC_FEEDBACK = 206;
const FULL_INTRA_REQUEST = 4;
const VERSION_2 = 0x80;

/** By which a viewer names itself in its reports. */
export const CNAME = 'viewer';

/** The RTCP of a receiver that wants a keyframe: a report, since nothing may stand alone (RFC 3550 section 6.1), and the request. */
export class KeyframeRequests {
  readonly #ssrc: number;
  /** How many FIR went out (RFC 5104 section 4.3.1.1). */
  #sequence = 0;

  /** @param ssrc of the receiver */
  constructor(ssrc: number) {
    this.#ssrc = ssrc;
  }

  /** @param mediaSsrc of the video that is received */
  encode(kind: 'pli' | 'fir', mediaSsrc: number): Buffer {
    const report = encodeReceiverReport(this.#ssrc, [], CNAME);
    if (kind === 'pli') return Buffer.concat([report, encodePictureLossIndication(this.#ssrc, mediaSsrc)]);
    this.#sequence = (this.#sequence + 1) & 0xff;
    return Buffer.concat([report, encodeFullIntraRequest(this.#ssrc, mediaSsrc, this.#sequence)]);
  }
}

/** RFC 5104 section 4.3.1.1: the SSRC of the media stands in the entry, and 0 in the header. */
function encodeFullIntraRequest(ssrc: number, mediaSsrc: number, sequence: number): Buffer {
  const packet = Buffer.alloc(20);
  packet.writeUInt8(VERSION_2 | FULL_INTRA_REQUEST, 0);
  packet.writeUInt8(PAYLOAD_SPECIFIC_FEEDBACK, 1);
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(ssrc, 4);
  packet.writeUInt32BE(mediaSsrc, 12);
  packet.writeUInt8(sequence, 16);
  return packet;
}
