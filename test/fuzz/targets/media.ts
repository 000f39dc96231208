import { unixMsFromNtp } from '../../../src/base/ntp.ts';
import { H264Depacketizer } from '../../../src/media/h264/depacketizer.ts';
import { nalType, splitAnnexB } from '../../../src/media/h264/nal.ts';
import { packetizeH264 } from '../../../src/media/h264/packetizer.ts';
import { ParameterSets } from '../../../src/media/h264/parameter-sets.ts';
import { MetadataDepacketizer } from '../../../src/media/metadata/depacketizer.ts';
import { encodeRtpPacket, parseRtpPacket, sequenceDistance, type RtpPacket } from '../../../src/media/rtp/packet.ts';
import { RtpReceiver } from '../../../src/media/rtp/receiver.ts';
import { ReorderBuffer } from '../../../src/media/rtp/reorder-buffer.ts';
import { encodeReceiverReport, parseRtcp } from '../../../src/media/rtp/rtcp.ts';
import { SenderClock } from '../../../src/media/rtp/sender-clock.ts';
import { TrackReceiver } from '../../../src/media/track.ts';
import { PICTURES, PPS, SPS } from '../corpus.ts';
import { joinPackets, splitPackets } from '../packets.ts';
import { demand, isWithin, type FuzzTarget } from '../target.ts';
import { METADATA_PACKETS, REPORTS, VIDEO_PACKETS } from './packets.ts';

const rtp: FuzzTarget = {
  name: 'rtp',
  form: 'bytes',
  // The second with CSRC, header extension and padding.
  corpus: [...VIDEO_PACKETS.slice(0, 3), Buffer.from('b1600001000000010a0b0c0d00000001bede00011022000041010203000002', 'hex')],
  run(input) {
    const packet = parseRtpPacket(input);
    if (packet === undefined) return;
    demand(packet.payload.length <= input.length - 12, 'the payload lies within the packet');
    const again = parseRtpPacket(encodeRtpPacket(packet));
    demand(again !== undefined && again.payload.equals(packet.payload), 'a packet read is written alike');
  },
};

const rtcp: FuzzTarget = {
  name: 'rtcp',
  form: 'bytes',
  corpus: REPORTS,
  run(input) {
    const receiver = new RtpReceiver(90_000);
    const clock = new SenderClock(90_000);
    receiver.receive({ payloadType: 96, marker: true, sequenceNumber: 1, timestamp: 1, ssrc: 1, payload: Buffer.alloc(0) }, 0);
    let numbers = 0;
    for (const message of parseRtcp(input).messages) {
      if (message.type === 'nack') numbers += message.sequenceNumbers.length;
      if (message.type === 'fir') numbers += message.entries.length;
      if (message.type === 'bye') numbers += message.ssrcs.length;
      if (message.type === 'transport-feedback') {
        demand(message.sequenceNumbers.length <= input.length, 'a packet that arrived takes a byte at least');
        demand(message.arrivals.length === message.sequenceNumbers.length, 'each packet that arrived has a time');
      }
      if (message.type !== 'sender-report') continue;
      receiver.receiveSenderReport(message.ntp, 1);
      const arrivalMs = message.packets;
      const arrival = { unixMs: arrivalMs, timestamp: message.rtpTimestamp };
      clock.take({ unixMs: unixMsFromNtp(message.ntp), timestamp: message.octets, arrivalMs }, arrival);
      const { time = arrival, offsetMs = 0, delayMs = 0 } = clock;
      demand([time.unixMs, time.timestamp, offsetMs, delayMs].every(Number.isFinite), 'a report names a time');
      const report = receiver.report(2);
      if (report !== undefined) encodeReceiverReport(1, [report], 'gateway');
    }
    demand(numbers <= (input.length / 4) * 17, 'a word of a NACK names 17 packets at most');
  },
};

const REORDER_LIMITS = { maxDelayMs: 100, maxPackets: 16 };

/** Each packet is a sequence number of two bytes and the milliseconds since the one before. */
const reorder: FuzzTarget = {
  name: 'reorder-buffer',
  form: 'packets',
  corpus: [
    [65_533, 65_534, 1, 65_535, 0, 2, 3, 5, 6, 4, 7],
    [10, 12, 13, 14, 15, 11, 16, 9, 40_000, 40_001, 11],
    Array.from({ length: 40 }, (_, index) => index * 2),
  ].map((numbers) => joinPackets(numbers.map((number) => Buffer.from([number >> 8, number & 0xff, 5])))),
  run(input) {
    const buffer = new ReorderBuffer<{ sequenceNumber: number }>(REORDER_LIMITS);
    let [taken, handed, nowMs] = [0, 0, 0];
    let last: number | undefined;
    for (const packet of splitPackets(input)) {
      nowMs += packet[2] ?? 0;
      taken += 1;
      for (const { sequenceNumber } of buffer.push({ sequenceNumber: ((packet[0] ?? 0) << 8) | (packet[1] ?? 0) }, nowMs)) {
        handed += 1;
        const step = last === undefined ? 1 : sequenceDistance(last, sequenceNumber);
        demand(step > 0 || step < -3000, 'packets are handed on in order');
        last = sequenceNumber;
      }
    }
    demand(handed <= taken, 'no packet is handed on twice');
  },
};

const LIMITS = { maxBytes: 4096, maxNals: 16 };

/** Packets of RTP; a jump of their numbers is a gap. */
const depacketizer: FuzzTarget = {
  name: 'h264-depacketizer',
  form: 'packets',
  corpus: [joinPackets(VIDEO_PACKETS.slice(0, 12)), joinPackets(VIDEO_PACKETS.slice(-8)), fragmentsAlone()],
  run(input) {
    const subject = new H264Depacketizer(LIMITS);
    let last: number | undefined;
    for (const packet of splitPackets(input).flatMap((bytes) => parseRtpPacket(bytes) ?? [])) {
      const gap = last !== undefined && packet.sequenceNumber !== ((last + 1) & 0xffff);
      last = packet.sequenceNumber;
      for (const unit of subject.push(packet, gap)) demandAccessUnit(unit.nals, unit.damaged);
    }
  },
};

/** NAL units of one fragment each, more than one picture may have (RFC 6184 section 5.8 forbids the form, cameras send it). */
function fragmentsAlone(): Buffer {
  return joinPackets(
    Array.from({ length: 20 }, (_, sequenceNumber) =>
      encodeRtpPacket({
        ...{ payloadType: 96, marker: false, sequenceNumber, timestamp: 0, ssrc: 1 },
        payload: Buffer.from([0x7c, 0xc5, 0x88, 1]),
      }),
    ),
  );
}

function demandAccessUnit(nals: readonly Buffer[], damaged: boolean): void {
  demand(nals.length <= LIMITS.maxNals, 'an access unit has a bounded number of NAL units');
  demand(nals.reduce((sum, nal) => sum + nal.length, 0) <= LIMITS.maxBytes, 'an access unit has a bounded size');
  demand(
    nals.every((nal) => isWithin(nalType(nal), 1, 23)),
    'NAL units are of types of their own',
  );
  if (damaged || nals.length === 0) return;
  const again = depacketized(packetizeH264([...nals], 100), nals.length);
  demand(
    again.length === nals.length && again.every((nal, index) => nal.equals(nals[index] ?? nal)),
    'packets made are read alike',
  );
}

function depacketized(payloads: readonly Buffer[], maxNals: number): Buffer[] {
  const subject = new H264Depacketizer({ maxBytes: 1024 * 1024, maxNals });
  const packet = (payload: Buffer, sequenceNumber: number, timestamp: number): RtpPacket => {
    return { payloadType: 96, marker: false, sequenceNumber, timestamp, ssrc: 1, payload };
  };
  for (const [index, payload] of payloads.entries()) subject.push(packet(payload, index, 0), false);
  // The next picture ends the one before, whatever is in it.
  return subject.push(packet(Buffer.alloc(0), payloads.length, 1), false)[0]?.nals ?? [];
}

const START = Buffer.from([0, 0, 0, 1]);

const parameterSets: FuzzTarget = {
  name: 'h264-parameter-sets',
  form: 'bytes',
  corpus: [
    Buffer.concat(PICTURES.slice(0, 2).flatMap((unit) => unit.flatMap((nal) => [START, nal.subarray(0, 200)]))),
    Buffer.concat([START, SPS, START, PPS, START, SPS, START, Buffer.from([0x65, 0x88])]),
  ],
  run(input) {
    const nals = splitAnnexB(input).filter((nal) => isWithin(nalType(nal), 1, 23));
    const sets = new ParameterSets(nals.map((nal) => nal.toString('base64')).join(','));
    const unit = sets.apply(nals);
    demand(unit.length <= nals.length + 64, 'at most 32 parameter sets of a kind');
    const maxPayload = 3 + ((input[0] ?? 0) % 64) + (input.length % 1200);
    for (const payload of packetizeH264(unit, maxPayload)) {
      demand(isWithin(payload.length, 1, maxPayload), 'a payload has a bounded size');
    }
  },
};

const metadata: FuzzTarget = {
  name: 'metadata-depacketizer',
  form: 'packets',
  corpus: [joinPackets(METADATA_PACKETS)],
  run(input) {
    const track = { kind: 'application', encodingName: 'vnd.onvif.metadata', payloadType: 107, clockRate: 90_000 } as const;
    const receiver = new TrackReceiver({ ...track, fmtp: new Map() }, 0);
    const subjects = [new MetadataDepacketizer('xml'), new MetadataDepacketizer('gzip')] as const;
    for (const packet of splitPackets(input)) {
      const placed = receiver.receive(packet, 0);
      const [documents = [], gzipped = []] = placed === undefined ? [] : subjects.map((subject) => subject.push(placed));
      const length = [...documents, ...gzipped].reduce((sum, each) => Math.max(sum, each.length), 0);
      demand(length <= input.length, 'a document is made of its packets');
      demand(
        documents.every((document) => document.includes('<')),
        'a document begins with an element',
      );
    }
  },
};

export const MEDIA_TARGETS: readonly FuzzTarget[] = [rtp, rtcp, reorder, depacketizer, parameterSets, metadata];
