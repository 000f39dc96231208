import type { RtpPacket } from './rtp/packet.ts';
import type { VideoCodec } from './viewer-codecs.ts';

/** Video of cameras that something can be made of: what viewers may be sent, and what is only converted. */
export type CameraVideoCodec = VideoCodec | 'JPEG' | 'MPEG4';

/** One picture as it came out of its packets. */
export interface CodedPicture {
  /** What a viewer is to be sent of it: NAL units without start codes, or, of a codec without them, the picture as a whole. */
  units: Buffer[];
  /** RTP timestamp, 32 bits. */
  timestamp: number;
  /** True when a packet of it is missing or malformed: not fit for a decoder. */
  damaged: boolean;
  /** True when packets before it are missing: whole as it may be, what it refers to may be lost. */
  lostBefore: boolean;
  /** There is something to show; parameter sets and the like alone are not. */
  hasPicture: boolean;
  /** Decoding can start here, and all that it needs is in {@link units}. */
  keyframe: boolean;
  /** It refers to pictures before the keyframe that it comes behind (H.265 RASL): of no use where decoding began at that. */
  skipped: boolean;
  /** No other picture refers to it: all that follows can be decoded without it. */
  discardable: boolean;
  /** By its own number it is shown before one that came before it. */
  reordered: boolean;
  /** It refers to two pictures, of which one may be shown later; by itself that does not prove another order. */
  bidirectional: boolean;
}

/** How the pictures of one codec are made of the packets of one connection, and packets for viewers of them. Never throws; bounded. */
export interface VideoCoding {
  readonly codec: CameraVideoCodec;
  /** Packets that were no payload of the codec, or that went over a limit. */
  readonly malformed: number;
  /** The parameter sets say that pictures are, or may be, made of two fields. */
  readonly interlaced: boolean;
  /** Takes the next packet; `gap` says that packets before it were lost. Returns the pictures that are complete with it: mostly none or one. */
  push(packet: RtpPacket, gap: boolean): readonly CodedPicture[];
  /** What was begun is over, since the camera began anew; its parameter sets go on to hold. */
  restart(): void;
  /** RTP payloads of a picture's units, in order; the last is the one to carry the marker bit. */
  packetize(units: Buffer[], maxPayload: number): Buffer[];
}
