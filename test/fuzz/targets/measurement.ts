import { splitAnnexB } from '../../../src/media/h264/nal.ts';
import * as h264 from '../../../src/media/h264/sequence-parameters.ts';
import { parseSlicePlace, parseSliceStart } from '../../../src/media/h264/slice-header.ts';
import { H265Depacketizer } from '../../../src/media/h265/depacketizer.ts';
import * as h265 from '../../../src/media/h265/parameter-sets.ts';
import { parseSlice } from '../../../src/media/h265/slice-header.ts';
import { StreamMeasurement, type MeasuredTrack } from '../../../src/media/measurement/stream-measurement.ts';
import { encodeRtpPacket, parseRtpPacket } from '../../../src/media/rtp/packet.ts';
import { packetizeH265 } from '../../support/h265-packets.ts';
import { corpusFiles, PICTURES } from '../corpus.ts';
import { joinPackets, splitPackets } from '../packets.ts';
import { demand, isWithin, type FuzzTarget } from '../target.ts';
import { AUDIO_PACKETS, METADATA_PACKETS, REPORTS, VIDEO_PACKETS } from './packets.ts';

/* What `probe` reads in a camera's stream. */

const START = Buffer.from([0, 0, 0, 1]);
const H265_STREAMS = corpusFiles(/\.h265$/);
const MAX_SIZE = 16_384;

function demandFormat(format: { width: number; height: number; bitDepth: number; framesPerSecond?: number | null }): void {
  demand(isWithin(format.width, 1, MAX_SIZE) && isWithin(format.height, 1, MAX_SIZE), 'a picture has a size');
  demand(isWithin(format.bitDepth, 8, 16), 'a colour has some bits');
  const rate = format.framesPerSecond ?? null;
  demand(rate === null || (Number.isFinite(rate) && rate > 0), 'a frame rate is a number');
}

const h264Headers: FuzzTarget = {
  name: 'h264-headers',
  form: 'bytes',
  corpus: [Buffer.concat(PICTURES.slice(0, 3).flatMap((unit) => unit.flatMap((nal) => [START, nal.subarray(0, 100)])))],
  run(input) {
    const nals = splitAnnexB(input);
    const sequences = nals.flatMap((nal) => h264.parseSequenceParameters(nal) ?? []);
    for (const sequence of sequences) demandFormat(sequence);
    for (const nal of nals) {
      const picture = h264.parsePictureParameters(nal);
      demand(picture === undefined || isWithin(picture.id, 0, 255), 'a parameter set has an id');
      const start = parseSliceStart(nal);
      for (const sequence of sequences.slice(0, 4)) {
        const place = parseSlicePlace(nal, sequence);
        demand(place === undefined || start !== undefined, 'what has a place is a slice');
        demand((place?.pictureOrder ?? 0) < 2 ** 16, 'a count has as many bits as its sequence says');
      }
    }
  },
};

const h265Headers: FuzzTarget = {
  name: 'h265-headers',
  form: 'bytes',
  corpus: H265_STREAMS,
  run(input) {
    const nals = splitAnnexB(input);
    const sequences = nals.flatMap((nal) => h265.parseSequenceParameters(nal) ?? []);
    const pictures = nals.flatMap((nal) => h265.parsePictureParameters(nal) ?? []);
    for (const sequence of sequences) demandFormat(sequence);
    for (const nal of nals) {
      for (const sequence of sequences.slice(0, 4)) {
        for (const picture of pictures.slice(0, 4)) {
          const order = parseSlice(nal, sequence, picture)?.pictureOrder ?? 0;
          demand(isWithin(order, 0, 2 ** 16 - 1), 'a count has as many bits as its sequence says');
        }
      }
    }
  },
};

/** The pictures of an H.265 stream, a NAL unit a timestamp; payload type 97. */
const H265_PACKETS = H265_STREAMS.flatMap((stream) =>
  splitAnnexB(stream)
    .flatMap((nal, timestamp) => packetizeH265([nal], 300).map((payload) => ({ payload, timestamp: timestamp * 3600 })))
    .map(({ payload, timestamp }, sequenceNumber) =>
      encodeRtpPacket({ payloadType: 97, marker: false, sequenceNumber, timestamp, ssrc: 2, payload }),
    ),
);

const h265Depacketizer: FuzzTarget = {
  name: 'h265-depacketizer',
  form: 'packets',
  corpus: [joinPackets(H265_PACKETS.slice(0, 20))],
  run(input) {
    const subject = new H265Depacketizer();
    let taken = 0;
    for (const [index, packet] of splitPackets(input).entries()) {
      const parsed = parseRtpPacket(packet);
      const nals = (parsed === undefined ? [] : subject.push(parsed, index % 16 === 15)).flatMap((unit) => unit.nals);
      taken += packet.length;
      demand(nals.reduce((sum, nal) => sum + nal.length, 0) <= taken, 'pictures are made of their packets');
      demand(
        nals.every((nal) => nal.length > 2),
        'a NAL unit has more than a header',
      );
    }
  },
};

const track = (kind: MeasuredTrack['kind'], encodingName: string, payloadType: number, clockRate: number): MeasuredTrack => {
  return { kind, encodingName, payloadType, clockRate, channels: 1, fmtp: new Map() };
};

const VIDEO = [track('video', 'H264', 96, 90_000), track('video', 'H265', 97, 90_000), track('video', 'JPEG', 26, 90_000)];
const SOUND = track('audio', 'PCMU', 0, 8000);
const METADATA = track('application', 'vnd.onvif.metadata', 107, 90_000);

/** A byte before each packet: 0 to 2 video, 3 sound, 4 metadata; 5 and more a report on the video. The first names the codec. */
const measurement: FuzzTarget = {
  name: 'stream-measurement',
  form: 'packets',
  corpus: [
    [0, VIDEO_PACKETS.slice(0, 20)] as const,
    [1, H265_PACKETS.slice(0, 30)] as const,
    [2, VIDEO_PACKETS.slice(0, 5)] as const,
    [3, AUDIO_PACKETS] as const,
    [4, METADATA_PACKETS] as const,
    [5, REPORTS] as const,
  ].map(([channel, packets]) => joinPackets(packets.map((packet) => Buffer.concat([Buffer.from([channel]), packet])))),
  run(input) {
    const packets = splitPackets(input);
    const video = VIDEO[(packets[0]?.[0] ?? 0) % VIDEO.length] ?? SOUND;
    const subject = new StreamMeasurement([video, SOUND, METADATA]);
    let nowMs = Date.UTC(2026, 10, 21);
    for (const packet of packets) {
      const [channel = 0] = packet;
      const bytes = packet.subarray(1);
      nowMs += bytes.length % 40;
      if (channel > 4) subject.receiveRtcp(video, bytes, nowMs);
      else subject.receiveRtp(channel === 3 ? SOUND : channel === 4 ? METADATA : video, bytes, nowMs);
    }
    const figures = subject.figures(nowMs);
    for (const text of JSON.stringify(figures, (_, value: unknown) => (isBroken(value) ? 'broken' : value)).split(',')) {
      demand(!text.includes('"broken"'), `every figure is a number: ${text}`);
    }
    const { video: measured } = figures;
    demand(measured === null || measured.frames <= packets.length, 'a frame has a packet at least');
    if (measured?.format !== undefined) demandFormat(measured.format);
  },
};

function isBroken(value: unknown): boolean {
  return typeof value === 'number' && !(Number.isFinite(value) && Math.abs(value) < 2 ** 53);
}

export const MEASUREMENT_TARGETS: readonly FuzzTarget[] = [h264Headers, h265Headers, h265Depacketizer, measurement];
