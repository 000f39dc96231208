import type { StatsReport } from './peer-connection.ts';

/** How a session is doing. What the browser does not tell, or cannot tell yet, is null. */
export interface SessionStatistics {
  /** Milliseconds from the call of connect to the first decoded frame. */
  timeToFirstFrameMs: number | null;
  /** Video and sound together since the statistics were asked for the last time, kbit/s. */
  bitrateKbps: number | null;
  /** Video packets since the start. */
  packets: number;
  lost: number;
  roundTripMs: number | null;
  /** Encoding name of the video, as in SDP (`H264`). */
  codec: string | null;
  width: number | null;
  height: number | null;
  framesPerSecond: number | null;
  framesDecoded: number;
  keyframesDecoded: number;
  freezes: number;
  freezeMs: number;
  /** How old the picture being shown is: from the sender's clock (its RTCP sender reports) to now, milliseconds. */
  behindLiveMs: number | null;
  audioCodec: string | null;
  audioPackets: number;
  audioLost: number;
  /** The same for the sound being played; the difference of both is how far sound and picture are apart. */
  audioBehindLiveMs: number | null;
  metadataDocuments: number;
  metadataDropped: number;
}

/** Milliseconds between the NTP epoch (1900), in which `estimatedPlayoutTimestamp` is given, and the Unix epoch (RFC 5905 section 6). */
const NTP_UNIX_OFFSET_MS = 2_208_988_800_000;

/** What should be on the screen at a moment. */
export interface PlayoutReport {
  /** When it was taken by the sender's clock, milliseconds since 1970. */
  senderMs: number;
  /** The moment, milliseconds since 1970 by this machine's. */
  reportedAt: number;
}

/** Bytes at a moment, to know a rate from the next. */
export interface ByteMark {
  bytes: number;
  /** Milliseconds, of the report's own clock. */
  at: number;
}

export type MediaStatistics = Omit<SessionStatistics, 'timeToFirstFrameMs' | 'metadataDocuments' | 'metadataDropped'>;

type Entry = Record<string, unknown>;

/**
 * Reads a W3C statistics report.
 *
 * @param clockOffsetMs the sender's clock minus ours
 * @param before the mark of the report before, for the bitrate
 */
export function readStatistics(
  report: StatsReport,
  clockOffsetMs: number,
  before: ByteMark | undefined,
): { statistics: MediaStatistics; mark: ByteMark | undefined } {
  const { byId, video, audio, pair } = sort(report);
  const at = numberOf(video['timestamp']) ?? numberOf(audio['timestamp']);
  const mark = at === null ? before : { bytes: countOf(video['bytesReceived']) + countOf(audio['bytesReceived']), at };
  const roundTripSeconds = numberOf(pair['currentRoundTripTime']);
  return {
    mark,
    statistics: {
      bitrateKbps: bitrate(before, mark),
      packets: countOf(video['packetsReceived']),
      lost: countOf(video['packetsLost']),
      roundTripMs: roundTripSeconds === null ? null : roundTripSeconds * 1000,
      codec: codecOf(video, byId),
      width: numberOf(video['frameWidth']),
      height: numberOf(video['frameHeight']),
      framesPerSecond: numberOf(video['framesPerSecond']),
      framesDecoded: countOf(video['framesDecoded']),
      keyframesDecoded: countOf(video['keyFramesDecoded']),
      freezes: countOf(video['freezeCount']),
      freezeMs: countOf(video['totalFreezesDuration']) * 1000,
      behindLiveMs: behindLive(video, clockOffsetMs),
      audioCodec: codecOf(audio, byId),
      audioPackets: countOf(audio['packetsReceived']),
      audioLost: countOf(audio['packetsLost']),
      audioBehindLiveMs: behindLive(audio, clockOffsetMs),
    },
  };
}

/** Of the picture, by the sender reports; null where the browser does not say. */
export function readPlayout(report: StatsReport): PlayoutReport | null {
  return playoutOf(sort(report).video);
}

/** The entries that matter: what is received, and the candidate pair in use (Firefox has no `transport` entry that names it). */
function sort(report: StatsReport): { byId: Map<string, Entry>; video: Entry; audio: Entry; pair: Entry } {
  const byId = new Map<string, Entry>();
  report.forEach((entry) => byId.set(String(entry['id']), entry));
  const entries = [...byId.values()];
  const inbound = entries.filter(({ type }) => type === 'inbound-rtp');
  const selected = entries.find(({ type }) => type === 'transport')?.['selectedCandidatePairId'];
  return {
    byId,
    video: inbound.find(({ kind }) => kind === 'video') ?? {},
    audio: inbound.find(({ kind }) => kind === 'audio') ?? {},
    pair:
      byId.get(String(selected)) ?? entries.find(({ type, nominated }) => type === 'candidate-pair' && nominated === true) ?? {},
  };
}

function bitrate(before: ByteMark | undefined, now: ByteMark | undefined): number | null {
  if (before === undefined || now === undefined || now.at <= before.at) return null;
  return ((now.bytes - before.bytes) * 8) / (now.at - before.at);
}

/** Measured at the report's own time stamp: Chromium hands out a report for up to 50 ms after it was made. */
function behindLive(entry: Entry, clockOffsetMs: number): number | null {
  const playout = playoutOf(entry);
  return playout && playout.reportedAt + clockOffsetMs - playout.senderMs;
}

function playoutOf(entry: Entry): PlayoutReport | null {
  const playout = numberOf(entry['estimatedPlayoutTimestamp']);
  const at = numberOf(entry['timestamp']);
  if (playout === null || playout === 0 || at === null) return null;
  return { senderMs: playout - NTP_UNIX_OFFSET_MS, reportedAt: at };
}

function codecOf(entry: Entry, byId: ReadonlyMap<string, Entry>): string | null {
  const mimeType = byId.get(String(entry['codecId']))?.['mimeType'];
  return typeof mimeType === 'string' ? mimeType.replace(/^\w+\//, '') : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function countOf(value: unknown): number {
  return numberOf(value) ?? 0;
}
