/* From the browser's WebRTC statistics to what a person reads. Pure: reports and times in, values out. */

/** Milliseconds between the NTP epoch (1900) and the Unix epoch (1970), RFC 5905 section 6. */
const NTP_UNIX_OFFSET_MS = 2_208_988_800_000;

/** Loss is told over this long, so that one lost packet shows for a while and then goes. */
const LOSS_WINDOW_MS = 10_000;

/** The statistics of one session; null for what the browser has not told yet. */
export interface Statistics {
  firstFrameMs: number | null;
  /** All media received, kilobits per second over the last sample interval. */
  bitrateKbps: number | null;
  /** Share of packets lost over the last ten seconds, 0 to 1. */
  lossShare: number | null;
  /** Packets lost over the last ten seconds. */
  packetsLost: number | null;
  roundTripMs: number | null;
  /** `H264`, `PCMU`. */
  videoCodec: string | null;
  audioCodec: string | null;
  width: number | null;
  height: number | null;
  framesPerSecond: number | null;
  framesDecoded: number;
  /** How far the shown picture is behind the camera's clock, milliseconds. */
  behindMs: number | null;
  /** How packets travel: `direct, UDP`, `relay, TCP`. */
  path: string | null;
}

/** What one report counts, to be compared with the next one. */
export interface Sample {
  /** Local clock, milliseconds since 1970. */
  at: number;
  bytes: number;
  packets: number;
  lost: number;
}

/** Facts that are not in the report. */
export interface MeasureContext {
  /** Local clock, milliseconds since 1970. */
  now: number;
  firstFrameMs: number | null;
  /** The camera's clock minus ours, milliseconds; null when not known. */
  cameraClockAheadMs: number | null;
}

type InboundStats = RTCInboundRtpStreamStats & { type: 'inbound-rtp' };
type CandidateStats = RTCStats & { candidateType?: string; protocol?: string };

/** Keeps the samples that rates are made from. */
export class StatisticsMeter {
  #samples: Sample[] = [];

  /** Adds a report and says what it means. */
  measure(report: Iterable<RTCStats>, context: MeasureContext): Statistics {
    const byId = new Map<string, RTCStats>();
    for (const stats of report) byId.set(stats.id, stats);
    const all = [...byId.values()];
    const inbound = all.filter((stats): stats is InboundStats => stats.type === 'inbound-rtp');
    const video = inbound.find((stats) => stats.kind === 'video');
    const audio = inbound.find((stats) => stats.kind === 'audio');
    const pair = nominatedPair(all, byId);
    const sample: Sample = {
      at: context.now,
      bytes: sum(inbound, (stats) => stats.bytesReceived),
      packets: sum(inbound, (stats) => stats.packetsReceived),
      lost: sum(inbound, (stats) => stats.packetsLost),
    };
    const previous = this.#samples.at(-1);
    this.#samples = [...this.#samples.filter((old) => context.now - old.at <= LOSS_WINDOW_MS), sample];
    return {
      firstFrameMs: context.firstFrameMs,
      bitrateKbps: previous === undefined ? null : bitrate(previous, sample),
      ...this.#loss(sample),
      roundTripMs: seconds(pair?.currentRoundTripTime),
      videoCodec: codecName(video, byId),
      audioCodec: codecName(audio, byId),
      width: video?.frameWidth ?? null,
      height: video?.frameHeight ?? null,
      framesPerSecond: video?.framesPerSecond ?? null,
      framesDecoded: video?.framesDecoded ?? 0,
      behindMs: timeBehind(video, context),
      path: pathOf(pair, byId),
    };
  }

  #loss(sample: Sample): { lossShare: number | null; packetsLost: number | null } {
    const oldest = this.#samples[0] ?? sample;
    const lost = Math.max(0, sample.lost - oldest.lost);
    const expected = lost + sample.packets - oldest.packets;
    return expected === 0 ? { lossShare: null, packetsLost: null } : { lossShare: lost / expected, packetsLost: lost };
  }
}

/**
 * How far the picture on screen is behind: the sender's clock of the last played frame, which the browser derives from
 * sender reports (`estimatedPlayoutTimestamp`, NTP time), against the camera's clock now.
 */
function timeBehind(video: InboundStats | undefined, context: MeasureContext): number | null {
  const playout = video?.estimatedPlayoutTimestamp;
  if (playout === undefined || context.cameraClockAheadMs === null) return null;
  return context.now + context.cameraClockAheadMs - (playout - NTP_UNIX_OFFSET_MS);
}

function bitrate(previous: Sample, sample: Sample): number | null {
  const interval = sample.at - previous.at;
  return interval <= 0 ? null : ((sample.bytes - previous.bytes) * 8) / interval;
}

function nominatedPair(all: RTCStats[], byId: Map<string, RTCStats>): RTCIceCandidatePairStats | undefined {
  const pairs = all.filter((stats): stats is RTCIceCandidatePairStats => stats.type === 'candidate-pair');
  const transport = all.find((stats): stats is RTCTransportStats => stats.type === 'transport');
  const selected = byId.get(transport?.selectedCandidatePairId ?? '');
  return pairs.find((pair) => pair === selected) ?? pairs.find((pair) => pair.nominated === true && pair.state === 'succeeded');
}

function pathOf(pair: RTCIceCandidatePairStats | undefined, byId: Map<string, RTCStats>): string | null {
  const candidates = [pair?.localCandidateId, pair?.remoteCandidateId].map((id): CandidateStats | undefined => byId.get(id ?? ''));
  const local = candidates[0];
  if (local?.protocol === undefined) return null;
  const relayed = candidates.some((candidate) => candidate?.candidateType === 'relay');
  return `${relayed ? 'relay' : 'direct'}, ${local.protocol.toUpperCase()}`;
}

/** `video/H264` to `H264`. */
function codecName(stats: InboundStats | undefined, byId: Map<string, RTCStats>): string | null {
  const codec: (RTCStats & { mimeType?: string }) | undefined = byId.get(stats?.codecId ?? '');
  return codec?.mimeType?.replace(/^\w+\//, '') ?? null;
}

function seconds(value: number | undefined): number | null {
  return value === undefined ? null : value * 1000;
}

function sum(inbound: InboundStats[], value: (stats: InboundStats) => number | undefined): number {
  return inbound.reduce((total, stats) => total + (value(stats) ?? 0), 0);
}
