import type { CameraVideoCodec } from '../coded-picture.ts';
import { nalType as h264NalType, NAL_SPS } from '../h264/nal.ts';
import { h264Units } from '../h264/payload-units.ts';
import { NAL_SPS as H265_SPS, nalType as h265NalType } from '../h265/nal.ts';
import { h265Units } from '../h265/payload-units.ts';
import type { MatroskaTrack } from '../matroska/writer.ts';

/** A picture as ffmpeg is given it. */
export interface PictureInput {
  bytes: Buffer;
  /** Of a keyframe: where this changes, so does the size of the pictures, and an encoder has to begin anew. */
  form: Buffer;
}

const CODEC_ID: Readonly<Record<CameraVideoCodec, string>> = {
  H264: 'V_MPEG4/ISO/AVC',
  H265: 'V_MPEGH/ISO/HEVC',
  JPEG: 'V_MJPEG',
  MPEG4: 'V_MPEG4/ISO/ASP',
};
const START_CODE = Buffer.from([0, 0, 0, 1]);

/** The pictures say themselves how large they are, and what else a decoder needs. */
export function pictureTrack(codec: CameraVideoCodec): MatroskaTrack {
  return { kind: 'video', codecId: CODEC_ID[codec], width: 16, height: 16 };
}

/** @param payloads of RTP; of JPEG and MPEG-4 the picture whole */
export function pictureInput(codec: CameraVideoCodec, payloads: readonly Buffer[]): PictureInput {
  switch (codec) {
    case 'H264': {
      const units = h264Units(payloads);
      return { bytes: byteStream(units), form: Buffer.concat(units.filter((unit) => h264NalType(unit) === NAL_SPS)) };
    }
    case 'H265': {
      const units = h265Units(payloads);
      return { bytes: byteStream(units), form: Buffer.concat(units.filter((unit) => h265NalType(unit) === H265_SPS)) };
    }
    case 'JPEG': {
      const bytes = Buffer.concat(payloads);
      return { bytes, form: jpegForm(bytes) };
    }
    case 'MPEG4': {
      const bytes = Buffer.concat(payloads);
      return { bytes, form: mpeg4Form(bytes) };
    }
  }
}

/** NAL units with start codes (ITU-T H.264 annex B). */
function byteStream(units: readonly Buffer[]): Buffer {
  return Buffer.concat(units.flatMap((unit) => [START_CODE, unit]));
}

const JPEG_MARKER = 0xff;
const JPEG_SCAN = 0xda;
/** Start of frame, baseline to lossless; among them are three other things. */
const JPEG_FRAMES = { first: 0xc0, last: 0xcf, others: new Set([0xc4, 0xc8, 0xcc]) };

/** The frame header (ITU-T T.81 section B.2.2): size and components; empty where there is none. */
function jpegForm(bytes: Buffer): Buffer {
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === JPEG_MARKER && bytes[at + 1] !== JPEG_SCAN) {
    const marker = bytes.readUInt8(at + 1);
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    const { first, last, others } = JPEG_FRAMES;
    if (marker >= first && marker <= last && !others.has(marker)) return bytes.subarray(at, end);
    at = end;
  }
  return bytes.subarray(0, 0);
}

const START_CODE_PREFIX = Buffer.from([0, 0, 1]);
const MPEG4_VISUAL_OBJECT = Buffer.from([0, 0, 1, 0xb5]);
const MPEG4_USER_DATA = Buffer.from([0, 0, 1, 0xb2]);
const MPEG4_GROUP = Buffer.from([0, 0, 1, 0xb3]);
const MPEG4_PICTURE = Buffer.from([0, 0, 1, 0xb6]);

/**
 * From the visual object to the group or picture behind it: the video object layer, which has the size (ISO/IEC 14496-2 section 6.2.3). Without user
 * data, in which cameras write what changes.
 */
function mpeg4Form(bytes: Buffer): Buffer {
  const start = bytes.indexOf(MPEG4_VISUAL_OBJECT);
  if (start === -1) return bytes.subarray(0, 0);
  const ends = [bytes.indexOf(MPEG4_GROUP, start), bytes.indexOf(MPEG4_PICTURE, start)].filter((end) => end !== -1);
  return withoutUserData(bytes.subarray(start, Math.min(bytes.length, ...ends)));
}

function withoutUserData(headers: Buffer): Buffer {
  const kept: Buffer[] = [];
  for (let at = 0; at !== -1;) {
    const userData = headers.indexOf(MPEG4_USER_DATA, at);
    kept.push(headers.subarray(at, userData === -1 ? headers.length : userData));
    at = userData === -1 ? -1 : headers.indexOf(START_CODE_PREFIX, userData + MPEG4_USER_DATA.length);
  }
  return Buffer.concat(kept);
}
