import { WINDOW_MS, type Sample } from './history.ts';

/* The chart's lines as SVG paths, in a box of WIDTH by HEIGHT that is stretched to its place. All pure. */

export const WIDTH = 240;
export const HEIGHT = 48;

/** Between samples that are farther apart nobody looked: the line ends. */
const GAP_MS = 5000;
/** A strip of losses ends at so much at least, that one lost packet does not look like an outage. */
const LEAST_LOSS = 0.05;
const LEAST_ROUND_TRIP_MS = 100;
/** An estimate far above what is sent says no more than that there is room; it must not flatten all else. */
const MOST_ABOVE_SENT = 2;

export interface ChartPaths {
  /** Upper end of the first strip, kbit/s. */
  topKbps: number;
  estimate: string;
  sent: string;
  rung: string;
  /** One upright line at each change of what is sent. */
  changes: string;
  loss: string;
  roundTrip: string;
}

/** @param nowMs the right edge; the left one is {@link WINDOW_MS} before */
export function chartPaths(samples: readonly Sample[], nowMs: number): ChartPaths {
  const topKbps = niceTop(highestRate(samples));
  const line = (value: (sample: Sample) => number | null, top: number, isStepped = false): string =>
    path(samples, nowMs, (sample) => scaled(value(sample), top), isStepped);
  return {
    topKbps,
    estimate: line(({ estimateKbps }) => estimateKbps, topKbps),
    sent: line(({ sentKbps }) => sentKbps, topKbps),
    rung: line(({ rungKbps }) => rungKbps, topKbps, true),
    changes: changes(samples, nowMs),
    loss: line(
      ({ lossShare }) => lossShare,
      highest(samples, ({ lossShare }) => lossShare, LEAST_LOSS),
      true,
    ),
    roundTrip: line(
      ({ roundTripMs }) => roundTripMs,
      highest(samples, ({ roundTripMs }) => roundTripMs, LEAST_ROUND_TRIP_MS),
    ),
  };
}

function highestRate(samples: readonly Sample[]): number {
  const used = Math.max(
    highest(samples, ({ sentKbps }) => sentKbps, 0),
    highest(samples, ({ rungKbps }) => rungKbps, 0),
  );
  const estimate = highest(samples, ({ estimateKbps }) => estimateKbps, 0);
  return used === 0 ? estimate : Math.min(Math.max(used, estimate), MOST_ABOVE_SENT * used);
}

function highest(samples: readonly Sample[], value: (sample: Sample) => number | null, least: number): number {
  return samples.reduce((most, sample) => Math.max(most, value(sample) ?? 0), least);
}

/** The next of 100, 200, 500, 1000 ... */
function niceTop(kbps: number): number {
  const decade = 10 ** Math.floor(Math.log10(Math.max(100, kbps)));
  return [1, 2, 5, 10].map((step) => step * decade).find((top) => top >= kbps) ?? 10 * decade;
}

/** Distance from the upper edge; undefined where nothing is known. */
function scaled(value: number | null, top: number): number | undefined {
  return value === null ? undefined : HEIGHT - (Math.min(Math.max(0, value), top) / top) * HEIGHT;
}

function across(atMs: number, nowMs: number): number {
  return WIDTH - ((nowMs - atMs) / WINDOW_MS) * WIDTH;
}

function path(
  samples: readonly Sample[],
  nowMs: number,
  height: (sample: Sample) => number | undefined,
  isStepped: boolean,
): string {
  let before: Sample | undefined;
  const parts: string[] = [];
  for (const sample of samples) {
    const y = height(sample);
    if (y === undefined) {
      before = undefined;
      continue;
    }
    const x = rounded(across(sample.atMs, nowMs));
    const goesOn = before !== undefined && sample.atMs - before.atMs <= GAP_MS;
    if (goesOn && isStepped) parts.push(`H${x}`, `V${rounded(y)}`);
    else parts.push(`${goesOn ? 'L' : 'M'}${x} ${rounded(y)}`);
    before = sample;
  }
  return parts.join('');
}

function changes(samples: readonly Sample[], nowMs: number): string {
  return samples
    .filter(({ rung }, index) => {
      const before = samples[index - 1]?.rung ?? null;
      return rung !== null && before !== null && rung !== before;
    })
    .map(({ atMs }) => `M${rounded(across(atMs, nowMs))} 0V${HEIGHT}`)
    .join('');
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
