import type { Reason } from '../base/errors.ts';
import type { OnvifProfile } from '../camera/onvif/profiles.ts';
import type { KeyframeInterval } from '../media/measurement/picture-statistics.ts';
import type { MetadataPart } from '../media/measurement/metadata-measurement.ts';

/* What `probe --json` prints; part of what users rely on. Null: not known. */

export interface ProbeReport {
  /** As it was asked for, without credentials. */
  target: string;
  /** The camera's id in the config, where it was named by that. */
  id: string | null;
  kind: 'onvif' | 'rtsp';
  /** Host, and port where it is not the usual one. */
  address: string;
  manufacturer: string | null;
  model: string | null;
  firmware: string | null;
  serial: string | null;
  hardware: string | null;
  /** `missing`: it asks for them, and there were none; `none`: it was asked without, and answered. */
  credentials: 'accepted' | 'refused' | 'missing' | 'none' | 'unknown';
  /** The camera's clock minus ours, milliseconds: by ONVIF. */
  clockOffsetMs: number | null;
  /** Null where it was not asked by ONVIF, or did not answer. */
  onvif: OnvifFacts | null;
  profiles: ProfileReport[];
  /** Why it could not be asked, or not to the end. */
  reason: Reason | null;
  /** What else was found where the camera should be. */
  hints: string[];
  /** False where it was interrupted. */
  complete: boolean;
}

export interface OnvifFacts {
  /** `media2`, and the version of the specification that it follows. */
  services: { name: string; version: string | null }[];
  events: boolean;
  ptz: boolean;
  imaging: boolean;
  snapshot: boolean | null;
  /** Loudspeakers and line outputs, for talk-back. */
  audioOutputs: number | null;
}

export interface ProfileReport {
  token: string;
  name: string;
  videoSource: string | null;
  /** Where its stream is, without credentials and values of the query. */
  url: string | null;
  /** As the camera's configuration says; null without ONVIF. */
  configured: Pick<OnvifProfile, 'video' | 'audio' | 'metadata' | 'audioDecoder' | 'ptz'> | null;
  /** How its media came. */
  transport: 'tcp' | 'udp' | 'http' | 'tls' | null;
  /** How long it was pulled. */
  seconds: number | null;
  /** From the beginning of the connect on. */
  firstPacketMs: number | null;
  firstKeyframeMs: number | null;
  video: VideoReport | null;
  audio: AudioReport | null;
  metadata: MetadataReport | null;
  browser: Verdict;
  /** Why it could not be pulled, or not to the end. */
  reason: Reason | null;
}

interface TrackReport {
  /** As the session description says: `H264`, `PCMU`, `MPEG4-GENERIC`. */
  codec: string;
  packets: number;
  lost: number;
  malformed: number;
  jitterMs: number | null;
  /** Without them pictures have no absolute time of the camera. */
  senderReports: number;
  /** The camera's clock minus ours by its sender reports, milliseconds. */
  clockOffsetMs: number | null;
}

export interface VideoReport extends TrackReport {
  /** By the bitstream: `High`, `4.0`, `640028`. */
  profile: string | null;
  level: string | null;
  profileLevelId: string | null;
  /** What the session description declares. */
  declaredProfileLevelId: string | null;
  width: number | null;
  height: number | null;
  chroma: string | null;
  bitDepth: number | null;
  interlaced: boolean | null;
  frames: number;
  framesPerSecond: number | null;
  bitrateKbps: number | null;
  keyframes: number | null;
  keyframeInterval: KeyframeInterval | null;
  /** Pictures of I slices alone that are no keyframes (no IDR), so that nobody can start there. */
  intraPictures: number;
  /** From the last keyframe to the end, or all the time where there was none. */
  secondsSinceKeyframe: number;
  bFrames: boolean | null;
  /** Pictures come in another order than they are shown in. */
  reordered: boolean | null;
  /** Pictures of which something was missing. */
  damaged: number;
  parameterSets: { sdp: boolean; inBand: boolean };
  /** What the session description declares; H.264. */
  packetizationMode: number | null;
  packetization: string[];
  largestPayloadBytes: number;
}

export interface AudioReport extends TrackReport {
  sampleRateHz: number | null;
  channels: number;
  bitrateKbps: number | null;
}

export interface MetadataReport extends TrackReport {
  documents: number;
  parts: MetadataPart[];
}

/** What a viewer of the gateway gets in a browser. */
export interface Verdict {
  /** The picture; null where what came does not say. */
  plays: boolean | null;
  /** Why not, or why it is not known; each with what to set. */
  reasons: Reason[];
  /** What else is worth changing. */
  notes: Reason[];
  /** Null: the profile has no sound. */
  sound: { plays: boolean; reason: Reason | null } | null;
}
