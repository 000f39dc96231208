import { GatewayError, reasonOf, type Reason } from '../base/errors.ts';
import type { RtspTransport, TlsPolicy } from '../base/rtsp-transport.ts';
import { OnvifDevice } from '../camera/onvif/adapter.ts';
import type { OnvifProfile } from '../camera/onvif/profiles.ts';
import { printable } from '../base/printable.ts';
import { describePlace } from '../camera/whereabouts.ts';
import type { Credentials, OnvifAddress } from '../config/addresses.ts';
import { hintsAt } from './hints.ts';
import { hasSnapshot, readOnvifFacts } from './onvif-facts.ts';
import { measureProfiles, type LocatedProfile, type ProbeObserver } from './measure-profiles.ts';
import { configurationOf, unpulled } from './profile-report.ts';
import type { ProbeReport } from './report.ts';

/** Which camera, and how it is got at. */
export interface ProbeTarget {
  /** As it is shown; no credentials. */
  shown: string;
  /** Its id in the config, where it was named by that. */
  id: string | null;
  credentials: Credentials | undefined;
  transport: RtspTransport | undefined;
  tls: TlsPolicy | undefined;
  /** Its ONVIF device, or RTSP URLs without credentials by the name of the profile. */
  at: { onvif: OnvifAddress } | { rtsp: Readonly<Record<string, string>> };
}

export interface ProbeOptions {
  /** How long each profile is pulled, milliseconds. */
  durationMs: number;
  /** Tokens or names of the profiles that are pulled; empty: all. */
  profiles: readonly string[];
  /** Ends it at once; what is known then is the report. */
  signal: AbortSignal;
}

/**
 * Asks one camera what it is, and measures its streams one after another; what goes wrong is in the report.
 *
 * @throws GatewayError `usage.profile` where a profile is named that the camera does not have.
 */
export async function probeCamera(target: ProbeTarget, options: ProbeOptions, observer: ProbeObserver): Promise<ProbeReport> {
  const report = emptyReport(target);
  if ('rtsp' in target.at) {
    const configured = { videoSource: null, configured: null };
    const profiles = Object.entries(target.at.rtsp).map(([token, url]) => ({ token, name: token, url, ...configured }));
    return await measure(report, chosen(profiles, options.profiles), target, options, observer);
  }
  return await probeOnvif(report, target.at.onvif, target, options, observer);
}

async function probeOnvif(
  report: ProbeReport,
  address: OnvifAddress,
  target: ProbeTarget,
  options: ProbeOptions,
  observer: ProbeObserver,
): Promise<ProbeReport> {
  const { signal } = options;
  const { credentials, tls } = target;
  const { username, password } = credentials ?? { username: '', password: '' };
  let device: OnvifDevice | undefined;
  let known = report;
  try {
    observer.step(`asking ${report.address} by ONVIF`);
    device = await OnvifDevice.connect({ ...address, ...(tls === undefined ? {} : { tls }), username, password, signal });
    known = { ...known, ...identityOf(device), credentials: credentials === undefined ? 'none' : 'accepted' };
    const onvif = await readOnvifFacts(device);
    known = { ...known, onvif };
    const profiles = await device.profiles();
    known = { ...known, onvif: { ...onvif, snapshot: await hasSnapshot(device, profiles[0]) } };
    const wanted = chosen(profiles, options.profiles);
    const located = await locate(device, wanted, signal);
    known = { ...known, profiles: located.map(({ profile, reason }) => unpulled(profile, reason)) };
    return await measure(
      known,
      located.map(({ profile }) => profile),
      target,
      options,
      observer,
    );
  } catch (error) {
    if (signal.aborted) return { ...known, complete: false };
    if (error instanceof GatewayError && error.code.startsWith('usage.')) throw error;
    return await explain(known, error, target, address, observer, signal);
  } finally {
    device?.close();
  }
}

/** Why the camera could not be asked, and what is there in its place. */
async function explain(
  known: ProbeReport,
  error: unknown,
  { credentials, tls }: ProbeTarget,
  address: OnvifAddress,
  observer: ProbeObserver,
  signal: AbortSignal,
): Promise<ProbeReport> {
  const reason = reasonOf(error);
  const failed = { ...known, reason, complete: false };
  if (reason.code === 'camera.unauthorized') {
    const clockOffsetMs = known.clockOffsetMs ?? (await askTime(address, tls, signal));
    return { ...failed, clockOffsetMs, credentials: credentials === undefined ? 'missing' : 'refused' };
  }
  if (known.credentials !== 'unknown' || !NOT_THERE.has(reason.code)) return failed;
  observer.step(`looking what else is at ${address.host}`);
  return { ...failed, hints: await hintsAt(address, signal) };
}

/** Anybody may ask for the time: a clock that is far off is one cause of refusals. */
async function askTime(address: OnvifAddress, tls: TlsPolicy | undefined, signal: AbortSignal): Promise<number | null> {
  try {
    return await OnvifDevice.clockOffsetAt({ ...address, ...(tls === undefined ? {} : { tls }), signal });
  } catch {
    return null;
  }
}

/** Nothing there is a camera with ONVIF; something else may be. */
const NOT_THERE: ReadonlySet<string> = new Set([
  'camera.unreachable',
  'camera.timeout',
  'camera.unavailable',
  'camera.not_onvif',
  'camera.redirected',
]);

function emptyReport({ shown, id, at }: ProbeTarget): ProbeReport {
  return {
    target: shown,
    id,
    kind: 'onvif' in at ? 'onvif' : 'rtsp',
    address: 'onvif' in at ? describePlace(at.onvif) : (URL.parse(Object.values(at.rtsp)[0] ?? '')?.host ?? shown),
    manufacturer: null,
    model: null,
    firmware: null,
    serial: null,
    hardware: null,
    credentials: 'unknown',
    clockOffsetMs: null,
    onvif: null,
    profiles: [],
    reason: null,
    hints: [],
    complete: true,
  };
}

function identityOf({
  information,
  clockOffsetMs,
}: OnvifDevice): Pick<ProbeReport, 'manufacturer' | 'model' | 'firmware' | 'serial' | 'hardware' | 'clockOffsetMs'> {
  const known = (text: string): string | null => (text === '' ? null : text);
  const { manufacturer, model, firmware, serial, hardware } = information;
  return {
    manufacturer: known(manufacturer),
    model: known(model),
    firmware: known(firmware),
    serial: known(serial),
    hardware: known(hardware),
    clockOffsetMs,
  };
}

/** Those that are named, by token or by name, in the camera's order. */
function chosen<Profile extends { token: string; name: string }>(all: readonly Profile[], names: readonly string[]): Profile[] {
  const described = ({ token, name }: Profile): string => (name === token ? name : `${token} (${name})`);
  const unknown = names.find((name) => !all.some((profile) => profile.token === name || profile.name === name));
  if (unknown !== undefined) {
    throw new GatewayError('usage.profile', `The camera has no profile "${unknown}".`, {
      advice: `It has: ${all.map((profile) => printable(described(profile))).join(', ')}.`,
    });
  }
  return names.length === 0 ? [...all] : all.filter(({ token, name }) => names.includes(token) || names.includes(name));
}

/** Where the streams are; why not, where the camera gives no address. */
async function locate(
  device: OnvifDevice,
  profiles: readonly OnvifProfile[],
  signal: AbortSignal,
): Promise<{ profile: LocatedProfile; reason: Reason | null }[]> {
  const located: { profile: LocatedProfile; reason: Reason | null }[] = [];
  for (const profile of profiles) {
    const { token, name, videoSource } = profile;
    const known = { token, name, videoSource, configured: configurationOf(profile) };
    try {
      located.push({ profile: { ...known, url: await device.streamUri(token) }, reason: null });
    } catch (error) {
      if (signal.aborted) throw error;
      located.push({ profile: { ...known, url: null }, reason: reasonOf(error) });
    }
  }
  return located;
}

async function measure(
  known: ProbeReport,
  profiles: readonly LocatedProfile[],
  target: ProbeTarget,
  options: ProbeOptions,
  observer: ProbeObserver,
): Promise<ProbeReport> {
  const before = profiles.map(
    (profile) => known.profiles.find(({ token }) => token === profile.token) ?? unpulled(profile, null),
  );
  const reports = await measureProfiles(profiles, before, target, options, observer);
  const reason = known.reason ?? (reports.every((report) => report.reason !== null) ? (reports[0]?.reason ?? null) : null);
  return {
    ...known,
    credentials: credentialsAfter(known, reports, target.credentials !== undefined),
    profiles: reports,
    reason,
    complete: !options.signal.aborted,
  };
}

/** By RTSP alone it shows in the streams whether the credentials are good. */
function credentialsAfter(
  known: ProbeReport,
  reports: ProbeReport['profiles'],
  hasCredentials: boolean,
): ProbeReport['credentials'] {
  if (known.kind === 'onvif') return known.credentials;
  if (reports.some(({ reason }) => reason?.code === 'rtsp.unauthorized')) return hasCredentials ? 'refused' : 'missing';
  if (!hasCredentials && reports.some(({ seconds }) => seconds !== null)) return 'none';
  return reports.some(({ seconds }) => seconds !== null) ? 'accepted' : 'unknown';
}
