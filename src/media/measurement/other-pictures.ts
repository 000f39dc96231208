import type { RtpPacket } from '../rtp/packet.ts';
import type { MeasuredPicture, PictureReader, VideoFormat } from './picture.ts';

/** A JPEG payload header begins with offset, type, quality and the size in blocks of 8 pixels (RFC 2435 section 3.1). */
const JPEG_HEADER_BYTES = 8;
/** From here on restart headers follow, and the types say the same (RFC 2435 section 3.1.3). */
const JPEG_RESTART_TYPES = 64;

/** Pictures of codecs that are not looked into: what shares a timestamp is one. Of JPEG the size is read. */
export class OtherPictures implements PictureReader {
  readonly malformed = 0;
  readonly parameterSets = { sdp: false, inBand: false };
  readonly #isJpeg: boolean;
  #current: { timestamp: number; damaged: boolean } | undefined;
  #format: VideoFormat | undefined;

  constructor(encodingName: string) {
    this.#isJpeg = encodingName === 'JPEG';
  }

  get format(): VideoFormat | undefined {
    return this.#format;
  }

  push({ timestamp, payload }: RtpPacket, gap: boolean): MeasuredPicture[] {
    if (this.#isJpeg) this.#format = jpegFormat(payload) ?? this.#format;
    const before = this.#current;
    if (before?.timestamp === timestamp) {
      before.damaged ||= gap;
      return [];
    }
    this.#current = { timestamp, damaged: gap };
    if (before === undefined) return [];
    const damaged = before.damaged || gap;
    return [{ timestamp: before.timestamp, damaged, keyframe: null, type: null, reordered: null }];
  }
}

function jpegFormat(payload: Buffer): VideoFormat | undefined {
  if (payload.length < JPEG_HEADER_BYTES) return undefined;
  const type = payload.readUInt8(4) % JPEG_RESTART_TYPES;
  // 0 says that the size is larger than fits here.
  const [width, height] = [payload.readUInt8(6) * 8, payload.readUInt8(7) * 8];
  if (width === 0 || height === 0 || type > 1) return undefined;
  return {
    profile: 'baseline',
    level: '-',
    profileLevelId: null,
    width,
    height,
    chroma: type === 0 ? '4:2:2' : '4:2:0',
    bitDepth: 8,
    interlaced: false,
    maxReorderFrames: 0,
    framesPerSecond: null,
  };
}
