import { Stream } from '../../../../src/media/stream.ts';
import type { TrackDescription } from '../../../../src/media/track.ts';
import { H264Camera, nalsOf, PPS, SPS, videoTrack } from '../../media/h264-camera.ts';
import { rtpBytes, senderReportBytes } from '../../media/rtp-bytes.ts';
import type { ReceivedPacket } from './recording-transport.ts';

const SOUND: TrackDescription = { kind: 'audio', encodingName: 'PCMU', payloadType: 0, clockRate: 8000, fmtp: new Map() };
export const PICTURE_MS = 40;
export const SOUND_MS = 20;
export const VIDEO_SSRC = 0xaaaa_0001;
export const AUDIO_SSRC = 0xbbbb_0001;

/** A picture as its label in the stream names it. */
export interface Picture {
  /** Of the profile. */
  profile: number;
  number: number;
  /** Number of the picture that it refers to; that of its own where it is a keyframe. */
  refersTo: number;
  discardable: boolean;
}

/** One profile of a camera: what it sends is labelled, so that what a viewer was sent can be told. */
export class ProfileCamera {
  readonly stream: Stream;
  readonly #profile: number;
  readonly #video: H264Camera;
  /** Our clock at the camera's time 0, and where its timelines stand then. */
  readonly #epochMs: number;
  readonly #videoStart: number;
  readonly #soundStart: number;
  #soundSequence = 900;
  #pictures = 0;
  #reference = 0;
  keyframesAsked = 0;

  /** @param profile a number of its own, which its timestamps begin anywhere by */
  constructor(profile: number, epochMs: number) {
    this.#profile = profile;
    this.#epochMs = epochMs;
    this.#videoStart = 0xfff0_0000 + profile * 0x1234_5678;
    this.#soundStart = 0xffff_f000 + profile * 0x0765_4321;
    this.#video = new H264Camera(profile * 1000, this.#videoStart >>> 0, 70 + profile);
    const options = { maxPayload: 1100, keyframeCacheBytes: 4_000_000, clockOffsetMs: 0 };
    this.stream = new Stream({ ...options, onKeyframeWanted: () => undefined });
    const sets = `${SPS.toString('base64')},${PPS.toString('base64')}`;
    this.stream.setTracks([videoTrack(sets), SOUND]);
  }

  requestKeyframe(): void {
    this.keyframesAsked += 1;
  }

  /** What a camera's reports say that is in step with our clock. */
  report(cameraMs: number, nowMs: number): void {
    const at = this.#epochMs + cameraMs;
    const [video, sound] = [this.#videoStart + cameraMs * 90, this.#soundStart + cameraMs * 8];
    this.stream.receiveRtcp(0, senderReportBytes(at, video % 2 ** 32, 70 + this.#profile), nowMs);
    this.stream.receiveRtcp(1, senderReportBytes(at, sound % 2 ** 32, 80 + this.#profile), nowMs);
  }

  /** The next picture, in so many packets. */
  picture(kind: 'keyframe' | 'reference' | 'discardable', cameraMs: number, nowMs: number, packets = 1): void {
    this.#pictures += 1;
    if (kind === 'keyframe') this.#reference = this.#pictures;
    const nal = Buffer.alloc(12 + (packets - 1) * 1090);
    // first_mb_in_slice 0, slice_type 7 or 5, of a picture parameter set that is not known, so that no more of it is read.
    nal.set(kind === 'keyframe' ? [0x65, 0x88, 0x40] : [kind === 'reference' ? 0x41 : 0x01, 0x99, 0x00]);
    nal.set([this.#profile, this.#pictures >> 8, this.#pictures & 0xff, this.#reference >> 8, this.#reference & 0xff, 0x80], 3);
    nal.fill(0x55, 9);
    if (kind === 'reference') this.#reference = this.#pictures;
    this.#video.timestamp = (this.#videoStart + cameraMs * 90) % 2 ** 32;
    for (const packet of this.#video.picture([nal])) this.stream.receiveRtp(0, packet, nowMs);
  }

  /** 20 ms of G.711 that was taken at a time: the payload names that time, whichever profile it comes by. */
  sound(cameraMs: number, nowMs: number): void {
    const payload = Buffer.alloc(160, 0xff);
    payload.writeUInt32BE(cameraMs);
    const timestamp = (this.#soundStart + cameraMs * 8) % 2 ** 32;
    this.#soundSequence = (this.#soundSequence + 1) % 2 ** 16;
    const fields = { payload, timestamp, sequenceNumber: this.#soundSequence, payloadType: 0, ssrc: 80 + this.#profile };
    this.stream.receiveRtp(1, rtpBytes(fields), nowMs);
  }
}

/** A picture as a viewer received it. */
export interface ReceivedPicture extends Picture {
  timestamp: number;
  keyframe: boolean;
  /** Its last packet has come. */
  whole: boolean;
}

/** The pictures in the packets of a viewer's video, which are to be in the order of their numbers. */
export function picturesOf(packets: readonly ReceivedPacket[]): ReceivedPicture[] {
  const groups = Map.groupBy(
    packets.filter(({ ssrc }) => ssrc === VIDEO_SSRC),
    ({ timestamp }) => timestamp,
  );
  return [...groups].map(([timestamp, group]) => {
    const nals = nalsOf(group.map(({ payload }) => payload));
    const typeOf = (nal: Buffer): number => nal.readUInt8(0) & 0x1f;
    const slice = nals.find((nal) => [1, 5].includes(typeOf(nal))) ?? Buffer.alloc(9);
    return {
      timestamp,
      // A keyframe that was cut off may be no more than its sequence parameter set.
      keyframe: nals.some((nal) => [5, 7].includes(typeOf(nal))),
      discardable: (slice.readUInt8(0) & 0x60) === 0,
      profile: slice.readUInt8(3),
      number: slice.readUInt16BE(4),
      refersTo: slice.readUInt16BE(6),
      whole: group.at(-1)?.marker === true,
    };
  });
}

/** When the sound of a viewer's packets was taken, by the camera. */
export function soundOf(packets: readonly ReceivedPacket[]): { cameraMs: number; timestamp: number }[] {
  return packets
    .filter(({ ssrc }) => ssrc === AUDIO_SSRC)
    .map(({ payload, timestamp }) => ({ cameraMs: payload.readUInt32BE(0), timestamp }));
}

/** What a decoder lacks for the pictures that it was sent: empty where it can show each of them. */
export function missingOf(pictures: readonly ReceivedPicture[]): string[] {
  let reference: string | undefined;
  return pictures.flatMap(({ profile, number, refersTo, keyframe, discardable, whole }) => {
    const needs = `${profile}/${refersTo}`;
    const missing = keyframe || reference === needs ? [] : [`${profile}/${number} needs ${needs}, not ${reference ?? 'none'}`];
    // What was cut off refers to nothing that follows.
    if (!whole) reference = undefined;
    else if (!discardable) reference = `${profile}/${number}`;
    return missing;
  });
}
