/*
 * Matroska as it is written live (RFC 9559): one track, segments and clusters that end when the next begins. A decoder that is given it knows of
 * each frame how long it is and when it is shown, and need not wait for the next one to see where it ends.
 */

export type MatroskaTrack = {
  /** As Matroska names it, `A_AAC`. */
  codecId: string;
  /** What the decoder is told before the first frame. */
  codecPrivate?: Buffer;
} & (
  | { kind: 'audio'; /** Hz. */ sampleRate: number; channels: number; bitsPerSample?: number }
  | { kind: 'video'; width: number; height: number }
);

const EBML = 0x1a45dfa3;
const DOC_TYPE = 0x4282;
const SEGMENT = 0x18538067;
const INFO = 0x1549a966;
const TIMESTAMP_SCALE = 0x2ad7b1;
const MUXING_APP = 0x4d80;
const WRITING_APP = 0x5741;
const TRACKS = 0x1654ae6b;
const TRACK_ENTRY = 0xae;
const TRACK_NUMBER = 0xd7;
const TRACK_UID = 0x73c5;
const TRACK_TYPE = 0x83;
const FLAG_LACING = 0x9c;
const CODEC_ID = 0x86;
const CODEC_PRIVATE = 0x63a2;
const VIDEO = 0xe0;
const PIXEL_WIDTH = 0xb0;
const PIXEL_HEIGHT = 0xba;
const AUDIO = 0xe1;
const SAMPLING_FREQUENCY = 0xb5;
const CHANNELS = 0x9f;
const BIT_DEPTH = 0x6264;
const CLUSTER = 0x1f43b675;
const CLUSTER_TIMESTAMP = 0xe7;
const SIMPLE_BLOCK = 0xa3;

const NANOSECONDS_IN_MICROSECOND = 1000;
const KEYFRAME = 0x80;
const AUTHOR = 'onvif-webrtc-gateway';

/** What comes before the first frame. */
export function matroskaHeader(track: MatroskaTrack): Buffer {
  const info = element(INFO, [
    number(TIMESTAMP_SCALE, NANOSECONDS_IN_MICROSECOND),
    text(MUXING_APP, AUTHOR),
    text(WRITING_APP, AUTHOR),
  ]);
  const entry = element(TRACK_ENTRY, [
    number(TRACK_NUMBER, 1),
    number(TRACK_UID, 1),
    number(TRACK_TYPE, track.kind === 'video' ? 1 : 2),
    number(FLAG_LACING, 0),
    text(CODEC_ID, track.codecId),
    ...(track.codecPrivate === undefined ? [] : [element(CODEC_PRIVATE, [track.codecPrivate])]),
    media(track),
  ]);
  return Buffer.concat([element(EBML, [text(DOC_TYPE, 'matroska')]), id(SEGMENT), UNKNOWN_SIZE, info, element(TRACKS, [entry])]);
}

/**
 * One frame, in a cluster of its own.
 *
 * @param timestamp microseconds, from 0 on
 */
export function matroskaFrame(frame: Buffer, timestamp: number, keyframe: boolean): Buffer {
  // Track 1, at the time of the cluster (RFC 9559 section 10.2).
  const header = Buffer.from([0x81, 0, 0, keyframe ? KEYFRAME : 0]);
  return element(CLUSTER, [number(CLUSTER_TIMESTAMP, timestamp), element(SIMPLE_BLOCK, [header, frame])]);
}

function media(track: MatroskaTrack): Buffer {
  if (track.kind === 'video') return element(VIDEO, [number(PIXEL_WIDTH, track.width), number(PIXEL_HEIGHT, track.height)]);
  const { sampleRate, channels, bitsPerSample } = track;
  return element(AUDIO, [
    float(SAMPLING_FREQUENCY, sampleRate),
    number(CHANNELS, channels),
    ...(bitsPerSample === undefined ? [] : [number(BIT_DEPTH, bitsPerSample)]),
  ]);
}

/** Eight bytes of ones: it ends where the stream does (RFC 8794 section 6.2). */
const UNKNOWN_SIZE = Buffer.from([0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);

function element(elementId: number, parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([id(elementId), size(length), ...parts]);
}

function id(elementId: number): Buffer {
  const bytes = Buffer.alloc(elementId > 0xff_ffff ? 4 : elementId > 0xffff ? 3 : elementId > 0xff ? 2 : 1);
  bytes.writeUIntBE(elementId, 0, bytes.length);
  return bytes;
}

/** Always four bytes, the first of which says so: up to 256 MiB. */
function size(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(0x1000_0000 + length);
  return bytes;
}

function number(elementId: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return element(elementId, [bytes]);
}

function float(elementId: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return element(elementId, [bytes]);
}

function text(elementId: number, value: string): Buffer {
  return element(elementId, [Buffer.from(value, 'ascii')]);
}
