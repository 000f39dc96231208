import { delay } from '../base/delay.ts';
import { reasonOf, type Reason } from '../base/errors.ts';
import type { RtspTransport, TlsPolicy } from '../base/rtsp-transport.ts';
import { RtspClient } from '../camera/rtsp/client.ts';
import type { Credentials } from '../config/addresses.ts';
import { StreamMeasurement, type StreamFigures } from '../media/measurement/stream-measurement.ts';

export interface PullRequest {
  /** RTSP URL without credentials. */
  url: string;
  credentials: Credentials | undefined;
  transport: RtspTransport | undefined;
  tls: TlsPolicy | undefined;
  /** How long the stream is looked at, from its first video packet on (the first of any kind where it has no video), milliseconds. */
  durationMs: number;
  /** Ends it at once; what is known then is the result. */
  signal: AbortSignal;
  /** Now and then while it is looked at. */
  onProgress: (elapsedMs: number, figures: StreamFigures) => void;
}

export interface PullResult {
  /** Null where the camera did not play. */
  figures: StreamFigures | null;
  transport: 'tcp' | 'udp' | 'http' | 'tls' | null;
  /** When the connect began, Unix milliseconds. */
  startedMs: number;
  /** How long the stream was looked at, or waited for where nothing came. */
  seconds: number | null;
  /** Why it did not play, or not to the end; null also where it was interrupted. */
  reason: Reason | null;
}

const PROGRESS_INTERVAL_MS = 500;
/** A camera may begin with its next keyframe only. */
const FIRST_PACKET_MS = 10_000;

interface PullState {
  measurement: StreamMeasurement | undefined;
  hasVideo: boolean;
  /** What is measured from has come. */
  hasBegun: boolean;
  reason: Reason | null;
}

/** Pulls one stream and measures it; whatever goes wrong is in the result. */
export async function pull(request: PullRequest): Promise<PullResult> {
  const { url, credentials, transport, tls, durationMs, signal } = request;
  const startedMs = Date.now();
  const ended = new AbortController();
  const stop = AbortSignal.any([signal, ended.signal]);
  const begun = new AbortController();
  const state: PullState = { measurement: undefined, hasVideo: false, hasBegun: false, reason: null };
  const client = new RtspClient({
    url,
    ...(credentials === undefined ? {} : { credentials }),
    ...(transport === undefined ? {} : { transport }),
    ...(tls === undefined ? {} : { tls }),
    onTracks: (tracks) => {
      state.hasVideo = tracks.some(({ kind }) => kind === 'video');
      state.measurement = new StreamMeasurement(tracks);
    },
    onRtp: (track, packet, arrivalMs) => {
      if (track.kind === 'video' || !state.hasVideo) {
        state.hasBegun = true;
        begun.abort();
      }
      state.measurement?.receiveRtp(track, packet, arrivalMs);
    },
    onRtcp: (track, packet, arrivalMs) => state.measurement?.receiveRtcp(track, packet, arrivalMs),
    onClose: (error) => {
      state.reason = reasonOf(error);
      ended.abort();
    },
  });
  try {
    await client.start(signal);
    let since = performance.now();
    await delay(FIRST_PACKET_MS, AbortSignal.any([stop, begun.signal]));
    if (state.hasBegun) {
      since = performance.now();
      await watch(since, durationMs, stop, (elapsedMs) => {
        if (state.measurement !== undefined) request.onProgress(elapsedMs, state.measurement.figures(Date.now()));
      });
    }
    return {
      figures: state.measurement?.figures(Date.now()) ?? null,
      transport: transportOf(url, transport, client.overUdp),
      startedMs,
      seconds: (performance.now() - since) / 1000,
      reason: state.reason,
    };
  } catch (error) {
    return { figures: null, transport: null, startedMs, seconds: null, reason: signal.aborted ? null : reasonOf(error) };
  } finally {
    await client.close();
  }
}

async function watch(
  startedAt: number,
  durationMs: number,
  signal: AbortSignal,
  onTick: (elapsedMs: number) => void,
): Promise<void> {
  const elapsed = (): number => performance.now() - startedAt;
  while (!signal.aborted && elapsed() < durationMs) {
    const waitMs = Math.min(PROGRESS_INTERVAL_MS, Math.max(1, durationMs - elapsed()));
    await delay(waitMs, signal);
    onTick(Math.min(elapsed(), durationMs));
  }
}

function transportOf(url: string, asked: RtspTransport | undefined, overUdp: boolean): PullResult['transport'] {
  if (asked === 'http') return 'http';
  if (asked === 'tls' || /^rtsps:/i.test(url)) return 'tls';
  return overUdp ? 'udp' : 'tcp';
}
