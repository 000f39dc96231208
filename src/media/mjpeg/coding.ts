import type { CodedPicture, VideoCoding } from '../coded-picture.ts';
import { PictureParts, type GatheredPicture } from '../picture-parts.ts';
import type { RtpPacket } from '../rtp/packet.ts';
import type { TrackDescription } from '../track.ts';
import { jpegExtension, readSegments } from './header-extension.ts';
import { DHT, EOI, frameSegment, quantizationSegment, restartSegment, SOI, SOS, type QuantizationTables } from './jpeg-header.ts';
import { parseJpegPayload, type JpegPayloadHeader } from './payload-header.ts';
import { scaledTables } from './tables.ts';

/** Of one picture; more than any header has. */
const MAX_EXTENSIONS = 16;
/** A quality up to here says how tables are made; above, up to those that are in the stream, nothing is said. */
const MAX_SCALED_QUALITY = 99;
/** With it each picture has tables of its own (RFC 2435 section 3.1.8). */
const CHANGING_TABLES = 255;

/** JPEG (RFC 2435, and ONVIF's extension to it): no browser plays it, so its pictures go to a conversion, each as a file would have it. */
export class JpegCoding implements VideoCoding {
  readonly codec = 'JPEG';
  readonly #frameSize: TrackDescription['frameSize'];
  readonly #parts = new PictureParts();
  /** Of the picture under way. */
  #header: JpegPayloadHeader | undefined;
  #extensions: Buffer[] = [];
  /** Tables that came in the stream, by quality: they need not come again. */
  readonly #tables = new Map<number, QuantizationTables>();
  #frameSegment: Buffer | undefined;
  #interlaced = false;
  #malformed = 0;

  /** @param frameSize by the session description, for pictures whose size does not fit into their packets */
  constructor(frameSize: TrackDescription['frameSize']) {
    this.#frameSize = frameSize;
  }

  get malformed(): number {
    return this.#malformed;
  }

  get interlaced(): boolean {
    return this.#interlaced;
  }

  push(packet: RtpPacket, gap: boolean): readonly CodedPicture[] {
    const extension = jpegExtension(packet.extension);
    const header = parseJpegPayload(packet.payload);
    // Of the packets of a picture the first may have nothing but an extension.
    const completed = this.#parts.begin(packet, gap, header === undefined ? extension !== undefined : header.offset === 0);
    const before = completed && this.#read(completed);
    if (!this.#take(header, extension) && packet.payload.length > 0) {
      this.#malformed += 1;
      this.#parts.spoil();
    }
    const ended = this.#parts.end(packet);
    return [before, ended && this.#read(ended)].filter((picture) => picture !== undefined);
  }

  restart(): void {
    this.#parts.restart();
  }

  packetize(units: Buffer[]): Buffer[] {
    return units;
  }

  #take(header: JpegPayloadHeader | undefined, extension: Buffer | undefined): boolean {
    if (this.#parts.bytes === 0 && extension !== undefined && this.#extensions.length < MAX_EXTENSIONS) {
      this.#extensions.push(extension);
    }
    if (header === undefined) return false;
    if (this.#parts.bytes === 0) this.#header = header;
    // What was lost in between, or comes twice.
    if (header.offset !== this.#parts.bytes) this.#parts.spoil();
    return this.#parts.add(header.data);
  }

  #read({ parts, timestamp, damaged, lostBefore }: GatheredPicture): CodedPicture {
    const header = this.#header && this.#jpegHeader(this.#header, Buffer.concat(this.#extensions));
    this.#interlaced ||= (this.#header?.typeSpecific ?? 0) > 0;
    this.#header = undefined;
    this.#extensions = [];
    const isWhole = header !== undefined && !damaged;
    const end = parts.at(-1)?.subarray(-EOI.length).equals(EOI) === true ? [] : [EOI];
    return {
      units: isWhole ? [Buffer.concat([...header, ...parts, ...end])] : [],
      timestamp,
      damaged: !isWhole,
      lostBefore,
      hasPicture: isWhole,
      keyframe: isWhole,
      skipped: false,
      discardable: false,
      reordered: false,
      bidirectional: false,
    };
  }

  /** The segments before the data; undefined where something is missing. */
  #jpegHeader(header: JpegPayloadHeader, extension: Buffer): Buffer[] | undefined {
    const tables = this.#tablesOf(header);
    const quantization = tables && quantizationSegment(tables);
    const segments = readSegments(extension);
    if (quantization === undefined || segments === undefined) return undefined;
    const frame = segments.frame ?? this.#frameOf(header);
    if (frame === undefined) return undefined;
    this.#frameSegment = Buffer.from(frame);
    const restart = segments.restartInterval ?? (header.restartInterval > 0 ? restartSegment(header.restartInterval) : undefined);
    // What the extension says comes behind what RFC 2435 says, and so counts.
    return [SOI, quantization, DHT, ...segments.others, frame, ...(restart ? [restart] : []), segments.scan ?? SOS];
  }

  #tablesOf({ quality, tables }: JpegPayloadHeader): QuantizationTables | undefined {
    if (tables === undefined) {
      // 0 is ONVIF's: those of the extension, behind ours.
      return quality <= MAX_SCALED_QUALITY ? { bytes: scaledTables(Math.max(1, quality)), precision: 0 } : undefined;
    }
    if (tables.bytes.length === 0) return quality === CHANGING_TABLES ? undefined : this.#tables.get(quality);
    const kept = { bytes: Buffer.from(tables.bytes.subarray(0, 256)), precision: tables.precision };
    this.#tables.set(quality, kept);
    return kept;
  }

  #frameOf({ type, width, height }: JpegPayloadHeader): Buffer | undefined {
    if (width > 0 && height > 0) return frameSegment(type, width, height);
    const { width: describedWidth, height: describedHeight } = this.#frameSize ?? {};
    if (describedWidth !== undefined && describedHeight !== undefined) return frameSegment(type, describedWidth, describedHeight);
    return this.#frameSegment;
  }
}
