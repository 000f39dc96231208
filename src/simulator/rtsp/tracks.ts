import { isKeyframe, type AccessUnit } from '../../media/h264/nal.ts';
import { packetizeH264 } from '../../media/h264/packetizer.ts';
import type { VideoClip } from '../clips.ts';
import { metadataDocument, type MetadataParts } from '../metadata-document.ts';
import { SOUND_SAMPLE_RATE, type SimulatedProfile } from '../profiles.ts';
import type { PtzState } from '../ptz-state.ts';
import { sceneAt } from '../scene.ts';
import type { Timeline } from '../timeline.ts';
import { MAX_PAYLOAD, RtpStream, type Burst } from './rtp-stream.ts';

/** One client of a track. */
export interface TrackReader {
  readRtp(track: MediaTrack, burst: Burst): void;
  readRtcp(track: MediaTrack, bytes: Buffer): void;
}

/** Something that is sent piece by piece, each at its time. Times are of the host's clock. */
export abstract class MediaTrack {
  readonly rtp: RtpStream;
  readonly readers = new Set<TrackReader>();
  protected readonly timeline: Timeline;

  protected constructor(rtp: RtpStream, timeline: Timeline) {
    this.rtp = rtp;
    this.timeline = timeline;
  }

  /** When the next piece is due. */
  abstract get dueMs(): number;

  /** Goes on with the first piece that is due at `now` or later. */
  abstract resume(now: number): void;

  /** Makes the packets of the next piece and moves on to the one after. */
  abstract next(isLost: () => boolean): Burst;

  /** Takes over a jump of the timeline. */
  jump(_now: number): void {}
}

/** A profile's pictures, each due when the timeline reaches its clip time. */
export class VideoTrack extends MediaTrack {
  readonly profile: SimulatedProfile;
  readonly clip: VideoClip;
  /** Counts on from loop to loop. */
  #frame = 0;

  constructor(profile: SimulatedProfile, clip: VideoClip, timeline: Timeline) {
    super(new RtpStream(90_000, 96), timeline);
    this.profile = profile;
    this.clip = clip;
  }

  get dueMs(): number {
    return this.timeline.hostTimeOf((this.#frame * 1000) / this.profile.framesPerSecond);
  }

  resume(now: number): void {
    const frames = (this.timeline.mediaTimeAt(now) * this.profile.framesPerSecond) / 1000;
    // A hair below a whole number is that frame's own time, put there by rounding.
    this.#frame = Math.ceil(frames - 1e-6);
  }

  override jump(now: number): void {
    this.resume(now);
  }

  next(isLost: () => boolean): Burst {
    const hostMs = this.dueMs;
    const { accessUnits } = this.clip;
    const accessUnit: AccessUnit = accessUnits[this.#frame % accessUnits.length] ?? [];
    this.#frame += 1;
    return this.rtp.packetize(
      packetizeH264(accessUnit, MAX_PAYLOAD),
      { hostMs, marked: true, isStart: isKeyframe(accessUnit) },
      isLost,
    );
  }
}

/** A packet of sound; RFC 3551 section 4.2 recommends 20 ms. */
const SOUND_PACKET_MS = 20;
const SAMPLES_PER_PACKET = (SOUND_SAMPLE_RATE * SOUND_PACKET_MS) / 1000;

/** The clip's sound. Packets keep their own even beat over jumps, so that their timestamps never overlap. */
export class SoundTrack extends MediaTrack {
  readonly #twice: Buffer;
  #packet = 0;

  constructor(sound: Buffer, timeline: Timeline) {
    super(new RtpStream(SOUND_SAMPLE_RATE, 0), timeline);
    // The beginning once more behind the end: a packet may lie across it.
    this.#twice = Buffer.concat([sound, sound.subarray(0, SAMPLES_PER_PACKET)]);
  }

  get dueMs(): number {
    return this.#packet * SOUND_PACKET_MS;
  }

  resume(now: number): void {
    this.#packet = Math.ceil(now / SOUND_PACKET_MS);
  }

  next(isLost: () => boolean): Burst {
    const hostMs = this.dueMs;
    this.#packet += 1;
    const loop = this.#twice.length - SAMPLES_PER_PACKET;
    const from = Math.round((this.timeline.clipTimeAt(hostMs) * SOUND_SAMPLE_RATE) / 1000) % loop;
    const samples = this.#twice.subarray(from, from + SAMPLES_PER_PACKET);
    return this.rtp.packetize([samples], { hostMs, marked: false, isStart: true }, isLost);
  }
}

/** What a metadata stream says; each document is one of XML. */
export interface DocumentSource {
  readonly intervalMs: number;
  /** @param hostMs of the host's clock */
  document(hostMs: number): Buffer;
}

/** Documents at their even pace of clip time, so that each can belong to a picture, and one at each synchronization point. */
export class MetadataTrack extends MediaTrack {
  readonly #source: DocumentSource;
  #dueMediaMs = 0;

  constructor(source: DocumentSource, timeline: Timeline) {
    super(new RtpStream(90_000, 107), timeline);
    this.#source = source;
  }

  get dueMs(): number {
    return this.timeline.hostTimeOf(this.#dueMediaMs);
  }

  resume(now: number): void {
    const { intervalMs } = this.#source;
    // A hair below a whole number is that document's own time, put there by rounding.
    this.#dueMediaMs = Math.ceil(this.timeline.mediaTimeAt(now) / intervalMs - 1e-6) * intervalMs;
  }

  override jump(now: number): void {
    this.#dueMediaMs = this.timeline.mediaTimeAt(now);
  }

  next(isLost: () => boolean): Burst {
    const hostMs = this.dueMs;
    const { intervalMs } = this.#source;
    this.#dueMediaMs = (Math.floor(this.#dueMediaMs / intervalMs + 1e-6) + 1) * intervalMs;
    const bytes = this.#source.document(hostMs);
    const payloads: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += MAX_PAYLOAD) payloads.push(bytes.subarray(at, at + MAX_PAYLOAD));
    // The marker ends a document (ONVIF Streaming Specification section 5.1.2.1.1).
    return this.rtp.packetize(payloads, { hostMs, marked: true, isStart: true }, isLost);
  }
}

/** The objects of the picture and where the camera looks. */
export class SceneDocuments implements DocumentSource {
  readonly intervalMs: number;
  readonly #ptz: PtzState;
  readonly #parts: Readonly<MetadataParts>;
  readonly #timeline: Timeline;

  constructor(ptz: PtzState, parts: Readonly<MetadataParts>, timeline: Timeline, intervalMs: number) {
    this.intervalMs = intervalMs;
    this.#ptz = ptz;
    this.#parts = parts;
    this.#timeline = timeline;
  }

  document(hostMs: number): Buffer {
    const frame = {
      utcMs: this.#timeline.cameraTimeAt(hostMs),
      objects: sceneAt(this.#timeline.clipTimeAt(hostMs)),
      ptz: { position: this.#ptz.position(hostMs), moveStatus: this.#ptz.moveStatus(hostMs) },
    };
    return Buffer.from(metadataDocument(frame, this.#parts));
  }
}
