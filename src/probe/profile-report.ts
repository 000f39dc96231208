import { redactUrl } from '../base/log.ts';
import type { VideoFormat } from '../media/measurement/picture.ts';
import type { StreamFigures, TrackFigures } from '../media/measurement/stream-measurement.ts';
import type { OnvifProfile } from '../camera/onvif/profiles.ts';
import type { PullResult } from './pull.ts';
import type { AudioReport, MetadataReport, ProfileReport, VideoReport } from './report.ts';
import { judge } from './verdict.ts';

/** A stream of the camera and what it says of it. */
export interface ProbedProfile {
  token: string;
  name: string;
  videoSource: string | null;
  /** RTSP URL without credentials. */
  url: string;
  /** Null without ONVIF. */
  configured: ProfileReport['configured'];
}

/** What is known of a profile before it is pulled, or where it cannot be. */
export function unpulled(
  profile: Omit<ProbedProfile, 'url'> & { url: string | null },
  reason: ProfileReport['reason'],
): ProfileReport {
  const { token, name, videoSource, url, configured } = profile;
  return {
    token,
    name,
    videoSource,
    url: url === null ? null : redactUrl(url),
    configured,
    transport: null,
    seconds: null,
    firstPacketMs: null,
    firstKeyframeMs: null,
    video: null,
    audio: null,
    metadata: null,
    browser: { plays: null, reasons: reason === null ? [] : [reason], notes: [], sound: null },
    reason,
  };
}

/** What the profile turned out to be. */
export function pulled(profile: ProbedProfile, { figures, transport, startedMs, seconds, reason }: PullResult): ProfileReport {
  const before = unpulled(profile, reason);
  if (figures === null) return before;
  const { video, audio, metadata, framesPassed } = figures;
  const since = (ms: number | null | undefined): number | null => (ms === null || ms === undefined ? null : ms - startedMs);
  const report = {
    ...before,
    transport,
    seconds: seconds === null ? null : round(seconds, 1),
    firstPacketMs: since((video ?? audio ?? metadata)?.firstPacketMs),
    firstKeyframeMs: since(video?.firstKeyframeMs),
    video: video && videoReport(video),
    audio: audio && audioReport(audio),
    metadata: metadata && metadataReport(metadata),
  };
  return {
    ...report,
    browser: judge({ ...report, framesPassed, audioPassed: audio?.passed ?? false, audioUsed: audio?.used ?? false }),
  };
}

/** The camera's own words for a profile. */
export function configurationOf({ video, audio, metadata, audioDecoder, ptz }: OnvifProfile): ProfileReport['configured'] {
  return { video, audio, metadata, audioDecoder, ptz };
}

function videoReport(figures: NonNullable<StreamFigures['video']>): VideoReport {
  const { fmtp, keyframeInterval, packetization } = figures;
  const mode = fmtp.get('packetization-mode');
  const declared = fmtp.get('profile-level-id') ?? '';
  return {
    ...trackReport(figures),
    ...formatReport(figures.format),
    declaredProfileLevelId: /^[\da-f]{6}$/i.test(declared) ? declared.toLowerCase() : null,
    frames: figures.frames,
    framesPerSecond: round(figures.framesPerSecond, 2),
    bitrateKbps: round(figures.bitrateKbps, 0),
    keyframes: figures.keyframes,
    keyframeInterval: keyframeInterval && {
      frames: keyframeInterval.frames,
      seconds: round(keyframeInterval.seconds, 2),
      longestSeconds: round(keyframeInterval.longestSeconds, 2),
    },
    intraPictures: figures.intraPictures,
    secondsSinceKeyframe: round(figures.secondsSinceKeyframe, 2),
    bFrames: figures.bFrames,
    reordered: figures.reordered,
    damaged: figures.damaged,
    parameterSets: { ...figures.parameterSets },
    packetizationMode: figures.codec === 'H264' && mode !== undefined && /^[012]$/.test(mode) ? Number(mode) : null,
    packetization: packetization.kinds,
    largestPayloadBytes: packetization.largestPayload,
  };
}

function formatReport(
  format: VideoFormat | undefined,
): Pick<VideoReport, 'profile' | 'level' | 'profileLevelId' | 'width' | 'height' | 'chroma' | 'bitDepth' | 'interlaced'> {
  if (format === undefined) {
    const unknown = { profile: null, level: null, profileLevelId: null, width: null, height: null };
    return { ...unknown, chroma: null, bitDepth: null, interlaced: null };
  }
  const { profile, level, profileLevelId, width, height, chroma, bitDepth, interlaced } = format;
  return { profile, level, profileLevelId, width, height, chroma, bitDepth, interlaced };
}

function audioReport(figures: NonNullable<StreamFigures['audio']>): AudioReport {
  const { sampleRateHz, channels, bitrateKbps } = figures;
  return { ...trackReport(figures), sampleRateHz, channels, bitrateKbps: round(bitrateKbps, 0) };
}

function metadataReport(figures: NonNullable<StreamFigures['metadata']>): MetadataReport {
  const { documents, parts } = figures;
  return { ...trackReport(figures), documents, parts };
}

function trackReport(figures: TrackFigures): Pick<VideoReport, keyof AudioReport & keyof MetadataReport & keyof VideoReport> {
  const { codec, packets, lost, malformed, jitterMs, senderReports, clockOffsetMs } = figures;
  return { codec, packets, lost, malformed, jitterMs: round(jitterMs, 1), senderReports, clockOffsetMs: round(clockOffsetMs, 0) };
}

function round<Value extends number | null>(value: Value, digits: number): Value;
function round(value: number | null, digits: number): number | null {
  return value === null ? null : Math.round(value * 10 ** digits) / 10 ** digits;
}
