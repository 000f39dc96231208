import { metadataDocument } from '../../../src/simulator/metadata-document.ts';
import { packetizeH264 } from '../../../src/media/h264/packetizer.ts';
import { encodeRtpPacket } from '../../../src/media/rtp/packet.ts';
import { encodePictureLossIndication, encodeReceiverReport, encodeSenderReport } from '../../../src/media/rtp/rtcp.ts';
import { PICTURES } from '../corpus.ts';

/* RTP and RTCP as a camera and a viewer send them, made from real pictures. */

const SSRC = 0x0a0b0c0d;

function sequence(payloads: readonly Buffer[], payloadType: number, isLast: (index: number) => boolean): Buffer[] {
  return payloads.map((payload, index) => {
    const timestamp = payloads.slice(0, index).filter((_, before) => isLast(before)).length * 6000;
    return encodeRtpPacket({ payloadType, marker: isLast(index), sequenceNumber: index, timestamp, ssrc: SSRC, payload });
  });
}

/** Three pictures, in packets small enough that each has several; payload type 96. */
const PAYLOADS = PICTURES.slice(0, 3).map((accessUnit) =>
  packetizeH264(
    accessUnit.map((nal) => nal.subarray(0, 900)),
    300,
  ),
);
const LAST = new Set(PAYLOADS.map((_, index) => PAYLOADS.slice(0, index + 1).flat().length - 1));
export const VIDEO_PACKETS: readonly Buffer[] = sequence(PAYLOADS.flat(), 96, (index) => LAST.has(index));

const XML = metadataDocument(
  {
    utcMs: Date.UTC(2026, 10, 21),
    objects: [],
    ptz: { position: { pan: 0, tilt: 0, zoom: 0 }, moveStatus: { panTilt: 'IDLE', zoom: 'IDLE' } },
  },
  { analytics: true, ptzPosition: true, ptzStatus: true },
);

/** Two documents of the metadata stream, in two packets each; payload type 107. */
export const METADATA_PACKETS: readonly Buffer[] = sequence(
  [0, 1].flatMap(() => [Buffer.from(XML.slice(0, 100)), Buffer.from(XML.slice(100))]),
  107,
  (index) => index % 2 === 1,
);

/** PCMU, payload type 0. */
export const AUDIO_PACKETS: readonly Buffer[] = sequence(
  Array.from({ length: 3 }, () => Buffer.alloc(160, 0xff)),
  0,
  () => true,
);

/** Two pictures of JPEG in two packets each, with tables and restart markers; payload type 96. */
export function jpegPackets(): Buffer[] {
  const data = Buffer.alloc(60, 0x5a);
  const first = Buffer.concat([
    Buffer.from([0, 0, 0, 0, 65, 255, 40, 30, 0, 4, 255, 255, 0, 0, 0, 128]),
    Buffer.alloc(128, 9),
    data,
  ]);
  const second = Buffer.concat([Buffer.from([0, 0, 0, data.length, 65, 255, 40, 30, 0, 4, 255, 255]), data]);
  return sequence([first, second, first, second], 96, (index) => index % 2 === 1);
}

/** A keyframe of MPEG-4 with its headers, and a picture behind it; payload type 96. */
export function mpeg4Packets(): Buffer[] {
  const headers = Buffer.from('000001b001000001b58913000001000000012000c48d8800cd0a041e1443', 'hex');
  const [intra, predicted] = ['000001b610aabbcc', '000001b650ddeeff'].map((digits) => Buffer.from(digits, 'hex'));
  return sequence([headers, intra ?? headers, predicted ?? headers], 96, (index) => index > 0);
}

const BLOCK = {
  ssrc: SSRC,
  fractionLost: 3,
  cumulativeLost: -2,
  extendedHighestSequence: 70_000,
  jitter: 12,
  lastSenderReport: 99,
  delaySinceLastSenderReport: 65_536,
};
const HEAD = [SSRC >> 24, SSRC >> 16, SSRC >> 8, SSRC].map((byte) => byte & 0xff);

/** Compound packets: reports, BYE, PLI, NACK (RFC 4585 section 6.2.1) FIR (RFC 5104 section 4.3.1), feedback on congestion. */
export const REPORTS: readonly Buffer[] = [
  encodeSenderReport({ ssrc: SSRC, unixMs: Date.UTC(2026, 10, 21), rtpTimestamp: 6000, packets: 3, octets: 900 }, 'camera'),
  Buffer.concat([encodeReceiverReport(SSRC, [BLOCK, BLOCK], 'viewer'), encodePictureLossIndication(1, SSRC)]),
  Buffer.concat([encodeReceiverReport(SSRC, [], 'viewer'), Buffer.from([0x81, 205, 0, 3, 0, 0, 0, 1, ...HEAD, 0, 9, 0x80, 1])]),
  Buffer.concat([
    encodeReceiverReport(SSRC, [], 'viewer'),
    Buffer.from([0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, ...HEAD, 5, 0, 0, 0]),
    Buffer.from([0x81, 203, 0, 1, ...HEAD]),
  ]),
  // Transport-wide feedback as Chromium 156 sent it, with bit vectors, runs and padding; REMB of two streams.
  Buffer.from('afcd000bfa17fa17b5b339b00017002f0c415c03bbc00013b7ef89000000000000000000000100000000000000000003', 'hex'),
  Buffer.from('8fce0006000000010000000052454d420213d0900000000a0000000b', 'hex'),
];
