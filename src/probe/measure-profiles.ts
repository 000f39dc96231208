import type { Reason } from '../base/errors.ts';
import type { StreamFigures } from '../media/measurement/stream-measurement.ts';
import { pulled, type ProbedProfile } from './profile-report.ts';
import { pull, type PullRequest } from './pull.ts';
import type { ProfileReport } from './report.ts';

/** Hears what a probe is at. */
export interface ProbeObserver {
  /** In a few words. */
  step(text: string): void;
  /** A profile is measured; again and again. */
  pulling(progress: PullProgress): void;
}

export interface PullProgress {
  name: string;
  /** Of `total`, from 1. */
  position: number;
  total: number;
  elapsedMs: number;
  /** Of all tracks. */
  packets: number;
  frames: number;
  keyframes: number;
  bitrateKbps: number | null;
}

/** Without a URL where the camera gives none. */
export type LocatedProfile = Omit<ProbedProfile, 'url'> & { url: string | null };

/**
 * Pulls profiles one after another: a camera that is pulled several times at once is another one.
 *
 * @param before what is said of those that are not pulled, in the same order
 */
export async function measureProfiles(
  profiles: readonly LocatedProfile[],
  before: readonly ProfileReport[],
  access: Pick<PullRequest, 'credentials' | 'transport' | 'tls'>,
  { durationMs, signal }: Pick<PullRequest, 'durationMs' | 'signal'>,
  observer: ProbeObserver,
): Promise<ProfileReport[]> {
  const reports = [...before];
  const { credentials, transport, tls } = access;
  for (const [index, { url, ...profile }] of profiles.entries()) {
    if (url === null) continue;
    if (signal.aborted) break;
    const place = { name: profile.name, position: index + 1, total: profiles.length };
    observer.step(`connecting to profile ${place.name} (${place.position} of ${place.total})`);
    const onProgress = (elapsedMs: number, figures: StreamFigures): void =>
      observer.pulling({ ...place, elapsedMs, ...sumOf(figures) });
    const result = await pull({ url, credentials, transport, tls, durationMs, signal, onProgress });
    reports[index] = pulled({ ...profile, url }, result);
    const { reason } = result;
    // Many cameras lock an account that fails too often.
    if (reason?.code === 'rtsp.unauthorized')
      return reports.map((report) => (report.seconds === null ? refused(report, reason) : report));
  }
  return reports;
}

function sumOf({
  video,
  audio,
  metadata,
}: StreamFigures): Pick<PullProgress, 'packets' | 'frames' | 'keyframes' | 'bitrateKbps'> {
  return {
    packets: (video?.packets ?? 0) + (audio?.packets ?? 0) + (metadata?.packets ?? 0),
    frames: video?.frames ?? 0,
    keyframes: video?.keyframes ?? 0,
    bitrateKbps: video?.bitrateKbps ?? null,
  };
}

function refused(report: ProfileReport, reason: Reason): ProfileReport {
  return { ...report, reason, browser: { ...report.browser, reasons: [reason] } };
}
