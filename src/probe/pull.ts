import { setTimeout as sleep } from 'node:timers/promises';
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
  /** How long the stream is looked at, from the moment that the camera agrees to play, milliseconds. */
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
  /** How long the stream was looked at. */
  seconds: number | null;
  /** Why it did not play, or not to the end; null also where it was interrupted. */
  reason: Reason | null;
}

const PROGRESS_INTERVAL_MS = 500;

/** Pulls one stream and measures it; whatever goes wrong is in the result. */
export async function pull(request: PullRequest): Promise<PullResult> {
  const { url, credentials, transport, tls, durationMs, signal } = request;
  const startedMs = Date.now();
  const ended = new AbortController();
  const stop = AbortSignal.any([signal, ended.signal]);
  let measurement: StreamMeasurement | undefined;
  let reason: Reason | null = null;
  const client = new RtspClient({
    url,
    ...(credentials === undefined ? {} : { credentials }),
    ...(transport === undefined ? {} : { transport }),
    ...(tls === undefined ? {} : { tls }),
    onTracks: (tracks) => (measurement = new StreamMeasurement(tracks)),
    onRtp: (track, packet, arrivalMs) => measurement?.receiveRtp(track, packet, arrivalMs),
    onRtcp: (track, packet, arrivalMs) => measurement?.receiveRtcp(track, packet, arrivalMs),
    onClose: (error) => {
      reason = reasonOf(error);
      ended.abort();
    },
  });
  try {
    await client.start(signal);
    const playedAt = performance.now();
    await watch(playedAt, durationMs, stop, (elapsedMs) => {
      if (measurement !== undefined) request.onProgress(elapsedMs, measurement.figures(Date.now()));
    });
    return {
      figures: measurement?.figures(Date.now()) ?? null,
      transport: transportOf(url, transport, client.overUdp),
      startedMs,
      seconds: (performance.now() - playedAt) / 1000,
      reason,
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
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    onTick(Math.min(elapsed(), durationMs));
  }
}

function transportOf(url: string, asked: RtspTransport | undefined, overUdp: boolean): PullResult['transport'] {
  if (asked === 'http') return 'http';
  if (asked === 'tls' || /^rtsps:/i.test(url)) return 'tls';
  return overUdp ? 'udp' : 'tcp';
}
