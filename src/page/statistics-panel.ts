import type { CameraInfo, ProfileInfo } from '../base/api.ts';
import { profileFacts } from './card-view.ts';
import { setText } from './dom.ts';
import { formatBitrate, formatCount, formatDuration, formatFrameRate, formatLoss, formatSize, UNKNOWN } from './format.ts';
import type { Statistics } from './player.ts';

/** What the panel tells of; null where there is no session, or nothing but a peer id is known. */
export interface PanelFacts {
  statistics: Statistics | null;
  camera: CameraInfo | null;
  profile: ProfileInfo | null;
}

interface Row {
  /** `data-testid` of the value is `stat-` and this. */
  id: string;
  label: string;
  /** Undefined hides the row. */
  value: (facts: PanelFacts) => string | undefined;
}

const ROWS: Row[] = [
  ofSession('first-frame', 'First frame', (statistics) => formatDuration(statistics.timeToFirstFrameMs)),
  ofSession('behind', 'Behind live', (statistics) => formatDuration(statistics.behindLiveMs)),
  ofSession('bitrate', 'Bitrate', (statistics) => formatBitrate(statistics.bitrateKbps)),
  ofSession('frame-rate', 'Frame rate', (statistics) => formatFrameRate(statistics.framesPerSecond)),
  ofSession('size', 'Size', (statistics) => formatSize(statistics.width, statistics.height)),
  ofSession('codec', 'Codecs', codecs),
  ofSession('loss', 'Loss, last 10 s', (statistics) => formatLoss(statistics.recentLoss)),
  ofSession('round-trip', 'Round trip', (statistics) => formatDuration(statistics.roundTripMs)),
  ofSession('metadata', 'Metadata', (statistics) => formatCount(statistics.metadataDocuments, 'document')),
  { id: 'profile', label: 'Set in the camera', value: ({ profile }) => (profile === null ? undefined : profileFacts(profile)) },
  ofCamera('clock', 'Camera clock', clockOffset),
  ofCamera('viewers', 'Viewers', (camera) => String(camera.viewers)),
  ofCamera('firmware', 'Firmware', (camera) => camera.firmware ?? undefined),
  ofCamera('since', 'State since', (camera) => new Date(camera.since).toLocaleTimeString()),
];

/** Fills the panel; its rows are made once, so that a selection in it survives the next second. */
export function renderPanel(panel: HTMLElement, facts: PanelFacts): void {
  if (panel.childElementCount === 0) panel.append(...ROWS.map(makeRow));
  for (const row of ROWS) {
    const element = panel.querySelector<HTMLElement>(`[data-testid="stat-${row.id}"]`);
    if (element === null) continue;
    const value = row.value(facts);
    if (element.parentElement !== null) element.parentElement.hidden = value === undefined;
    setText(element, value ?? '');
  }
}

function makeRow(row: Row): HTMLElement {
  const group = document.createElement('div');
  const label = document.createElement('dt');
  const value = document.createElement('dd');
  label.textContent = row.label;
  value.dataset['testid'] = `stat-${row.id}`;
  group.append(label, value);
  return group;
}

function ofSession(id: string, label: string, value: (statistics: Statistics) => string): Row {
  return { id, label, value: ({ statistics }) => (statistics === null ? undefined : value(statistics)) };
}

function ofCamera(id: string, label: string, value: (camera: CameraInfo) => string | undefined): Row {
  return { id, label, value: ({ camera }) => (camera === null ? undefined : value(camera)) };
}

function codecs(statistics: Statistics): string {
  const names = [statistics.codec, statistics.audioCodec].filter((name) => name !== null);
  return names.length === 0 ? UNKNOWN : names.join(', ');
}

/** A wrong clock makes recordings and events useless as evidence, so installers look for it. */
function clockOffset(camera: CameraInfo): string | undefined {
  const offset = camera.clockOffsetMs;
  if (offset === null) return undefined;
  if (Math.abs(offset) < 1000) return 'correct';
  return `${formatDuration(Math.abs(offset))} ${offset > 0 ? 'ahead' : 'behind'}`;
}
