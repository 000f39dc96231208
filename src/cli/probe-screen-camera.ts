import { describeClockOffset } from '../camera/clock-offset.ts';
import type { ProbeReport } from '../probe/report.ts';
import type { Row } from './probe-screen.ts';

const CREDENTIALS = {
  accepted: 'accepted',
  refused: 'refused',
  missing: 'asked for, and none given',
  none: 'none asked for',
  unknown: 'not tried',
} as const;

/** What is said of the camera as a whole. */
export function describeCamera(report: ProbeReport): Row[] {
  const { kind, manufacturer, model, firmware, serial, hardware, credentials, clockOffsetMs, onvif } = report;
  const rows: Row[] = [];
  const add = (label: string, value: string | null): void => {
    if (value !== null && value !== '') rows.push({ label, value });
  };
  add('Endpoint', kind === 'onvif' ? `ONVIF at ${report.address}` : `RTSP at ${report.address}`);
  add('Manufacturer', manufacturer);
  add('Model', [model, hardware === null ? null : `(hardware ${hardware})`].filter((part) => part !== null).join(' '));
  add('Firmware', firmware);
  add('Serial', serial);
  add('Credentials', CREDENTIALS[credentials]);
  if (kind === 'onvif' && (onvif !== null || clockOffsetMs !== null)) add('Clock', describeClock(clockOffsetMs));
  if (onvif === null) return rows;
  add('Services', onvif.services.map(({ name, version }) => (version === null ? name : `${name} ${version}`)).join(', '));
  add('Has', describeFeatures(onvif));
  return rows;
}

function describeClock(offsetMs: number | null): string {
  if (offsetMs === null) return 'the camera does not tell its UTC time; WS-Security goes by ours';
  const seconds = Math.abs(offsetMs) / 1000;
  const off = describeClockOffset(offsetMs);
  // ONVIF gives whole seconds: less than that says nothing.
  if (off === undefined) return seconds < 1 ? 'right (within a second)' : `right (${seconds.toFixed(0)} s ${sideOf(offsetMs)})`;
  return (
    `${off.replace('its clock is ', '')}: set its time or NTP. The gateway signs by the camera's clock, so that ` +
    'logging in works all the same; the time on recordings, metadata and events is wrong.'
  );
}

function sideOf(offsetMs: number): string {
  return offsetMs > 0 ? 'ahead' : 'behind';
}

function describeFeatures({ events, ptz, imaging, snapshot, audioOutputs }: NonNullable<ProbeReport['onvif']>): string {
  const features: [string, boolean | null][] = [
    ['events', events],
    ['PTZ', ptz],
    ['imaging', imaging],
    ['snapshot', snapshot],
    ['audio output (talk-back)', audioOutputs === null ? null : audioOutputs > 0],
  ];
  const named = (wanted: boolean): string => features.flatMap(([name, has]) => (has === wanted ? [name] : [])).join(', ');
  const [has, lacks] = [named(true), named(false)];
  return [has, lacks === '' ? '' : `not: ${lacks}`].filter((part) => part !== '').join('; ');
}
