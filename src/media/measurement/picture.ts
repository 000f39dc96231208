import type { RtpPacket } from '../rtp/packet.ts';

/** What a measurement wants to know of one coded picture. */
export interface MeasuredPicture {
  /** RTP timestamp, 32 bits. */
  timestamp: number;
  /** Decoding can start here, as far as the codec says it: IDR; for H.265 CRA and BLA too. Null: the codec is not looked into. */
  keyframe: boolean | null;
  /** The kind of slice that refers to most: B before P before I. Null where no header could be read. */
  type: 'I' | 'P' | 'B' | null;
  /** It is shown before a picture that came before it; null where that is not known. */
  reordered: boolean | null;
  /** A packet of it is missing or malformed. */
  damaged: boolean;
}

/** What the parameter sets say of the pictures. */
export interface VideoFormat {
  /** `Constrained Baseline`, `High`, `Main 10`. */
  profile: string;
  /** `4.0` */
  level: string;
  /** H.264 only: `640028`, as an SDP would have it. */
  profileLevelId: string | null;
  width: number;
  height: number;
  /** `4:2:0` */
  chroma: string;
  bitDepth: number;
  interlaced: boolean;
  /** Pictures that may be shown later than one that follows them; null where the stream does not say. */
  maxReorderFrames: number | null;
  /** As the parameter sets say; null where they do not. */
  framesPerSecond: number | null;
}

/** Makes pictures of the packets of one codec; in order, bounded, and never throwing. */
export interface PictureReader {
  /** Takes a packet, `gap` when others before it are lost, and returns the pictures that ended with it or before it. */
  push(packet: RtpPacket, gap: boolean): MeasuredPicture[];
  /** By the newest parameter sets that a picture used; undefined before. */
  readonly format: VideoFormat | undefined;
  /** Where parameter sets were found; both false for codecs without. */
  readonly parameterSets: Readonly<ParameterSetPlaces>;
  readonly malformed: number;
}

export interface ParameterSetPlaces {
  sdp: boolean;
  inBand: boolean;
}

const CHROMA = ['4:0:0', '4:2:0', '4:2:2', '4:4:4'] as const;

/** @param format chroma_format_idc */
export function chromaName(format: number): string {
  return CHROMA[format] ?? String(format);
}

/** Keeps what a stream says of an id, for a bounded number of ids. */
export function keepBounded<Value>(map: Map<number, Value>, id: number, value: Value): void {
  map.delete(id);
  map.set(id, value);
  const [oldest] = map.keys();
  if (map.size > MAX_SETS && oldest !== undefined) map.delete(oldest);
}

const MAX_SETS = 32;
