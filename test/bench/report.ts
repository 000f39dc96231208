import { availableParallelism, cpus, loadavg } from 'node:os';
import { median, type Row } from './row.ts';

/** On what was measured. */
export interface Machine {
  cores: number;
  processor: string;
  node: string;
  /** Processes that wanted to run, mean of the last minute; before and after. */
  load: [before: number, after: number];
}

export function machineNow(): Machine {
  const [load = 0] = loadavg();
  return { cores: availableParallelism(), processor: cpus()[0]?.model ?? '', node: process.version, load: [load, load] };
}

type Align = 'left' | 'right';
const COLUMNS: readonly [title: string, align: Align, value: (row: Row) => string][] = [
  ['scenario', 'left', ({ scenario, variant }) => [scenario, variant].filter(Boolean).join(', ')],
  ['sender', 'left', ({ sender }) => sender],
  ['cameras', 'right', ({ cameras }) => `${cameras}`],
  ['viewers', 'right', ({ viewers }) => `${viewers}`],
  ['Mbit/s', 'right', (row) => number(row.mbit_s, 1)],
  ['packets/s', 'right', (row) => number(row.packets_s, 0)],
  ['us a packet', 'right', (row) => number(row.cpu_us_per_packet, 1)],
  ['% of a core', 'right', (row) => number(row.cpu_percent, 1)],
  [
    'latency ms p50/p99/max',
    'right',
    ({ latency_ms: l }) => (l === null ? '' : [l.p50, l.p99, l.max].map((ms) => number(ms, 1)).join(' / ')),
  ],
  [
    'first frame ms warm/cold',
    'right',
    ({ first_frame_ms: f }) =>
      [f.warm, f.cold]
        .map((ms) => number(ms, 0) || '-')
        .join(' / ')
        .replace('- / -', ''),
  ],
  ['RSS MB', 'right', (row) => number(row.rss_mb, 0)],
  ['loop delay ms', 'right', (row) => number(row.loop_delay_ms, 1)],
  ['receivers %', 'right', ({ receivers }) => number(receivers?.cpu_percent ?? null, 0)],
  ['does not count since', 'left', ({ flags }) => flags.join('; ')],
];

/** For a terminal, or for a page of documentation. */
export function table(rows: readonly Row[], markdown: boolean): string {
  // What no row has is left out.
  const columns = COLUMNS.filter(([, , value]) => rows.some((row) => value(row) !== ''));
  const cells = [columns.map(([title]) => title), ...rows.map((row) => columns.map(([, , value]) => value(row)))];
  const widths = columns.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const lines = cells.map((line) =>
    line.map((cell, column) =>
      columns[column]?.[1] === 'left' ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    ),
  );
  if (!markdown) return lines.map((line) => line.join('  ').trimEnd()).join('\n');
  const rule = columns.map(([, align]) => (align === 'left' ? '---' : '--:'));
  return [lines[0] ?? [], rule, ...lines.slice(1)].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** What the rows say when held against each other, a line each: those that count, and how many do not. */
export function findings(all: readonly Row[]): string[] {
  const rows = all.filter(({ flags }) => flags.length === 0);
  const leftOut = Map.groupBy(
    all.filter(({ flags }) => flags.length > 0),
    ({ scenario }) => scenario,
  );
  return [
    ...egressFindings(rows),
    ...growthOfViewers(rows),
    ...latencies(rows),
    ...ratiosToPeers(rows),
    ...ratioOfWorkers(rows),
    ...growthOfCameras(rows),
    ...Array.from(leftOut, ([scenario, { length }]) => {
      const of = all.filter((row) => row.scenario === scenario).length;
      return `${scenario}: ${length} of ${of} rows do not count and are left out above`;
    }),
  ];
}

function egressFindings(rows: readonly Row[]): string[] {
  const [own, werift] = ['own', 'werift'].map((sender) =>
    costOf(rows.filter((row) => row.scenario === 'egress' && row.sender === sender)),
  );
  if (own === undefined || werift === undefined || Number.isNaN(own / werift)) return [];
  return [`egress: ${number(own, 1)} us a packet, ${number(own / werift, 2)} times werift's sendRtp (${number(werift, 1)} us)`];
}

/** What a viewer costs among many, on average and by what each more adds; the latter is without what the camera and being woken for it cost once. */
function growthOfViewers(rows: readonly Row[]): string[] {
  const measured = rows.filter(({ scenario }) => scenario === 'viewers');
  const [least, most] = [measured.find(({ viewers }) => viewers >= 10) ?? measured[0], measured.at(-1)];
  if (least === undefined || most === undefined || least === most) return [];
  const average = ({ cpu_percent: cpu, viewers }: Row): number => (cpu ?? Number.NaN) / viewers;
  const memory = ((most.rss_mb ?? Number.NaN) - (least.rss_mb ?? Number.NaN)) / (most.viewers - least.viewers);
  const steps = measured.slice(measured.indexOf(least)).map((to, index, from) => {
    const before = from[index - 1];
    const added = before && ((to.cpu_percent ?? Number.NaN) - (before.cpu_percent ?? Number.NaN)) / (to.viewers - before.viewers);
    const ratio = number(average(to) / average(least), 2);
    const each = `${number(average(to), 3)} % of a core (${ratio}), ${number(to.cpu_us_per_packet, 1)} us a packet`;
    return `viewers: one of ${to.viewers} costs ${each}${added === undefined ? '' : `; each beyond ${before?.viewers} adds ${number(added, 3)} %`}`;
  });
  return [...steps, `viewers: ${number(memory, 2)} MB for each from ${least.viewers} to ${most.viewers}`];
}

function latencies(rows: readonly Row[]): string[] {
  const turns = rows.filter(({ scenario, latency_ms: measured }) => scenario === 'latency' && measured !== null);
  const groups = Map.groupBy(turns, ({ mbit_s: mbitS, variant }) => `${mbitS} Mbit/s, ${variant.replace(/, round \d+$/, '')}`);
  return [...groups].map(([load, its]) => {
    const of = [
      spread(its, 'latency_ms'),
      `of keyframes ${spread(its, 'latency_of_keyframes_ms')}`,
      `of others ${spread(its, 'latency_of_others_ms')}`,
    ];
    return `latency to ${its[0]?.viewers} viewers, ${load}: p50, p99, max ${of.join('; ')} ms`;
  });
}

type Latencies = 'latency_ms' | 'latency_of_keyframes_ms' | 'latency_of_others_ms';

/** Medians of the turns; of few pictures there may be none. */
function spread(turns: readonly Row[], packets: Latencies): string {
  const measured = turns.flatMap(({ [packets]: latency }) => latency ?? []);
  if (measured.length === 0) return '-';
  return (['p50', 'p99', 'max'] as const).map((of) => number(median(measured.map(({ [of]: ms }) => ms)), 1)).join(', ');
}

/** Of processor time for a packet that arrived, the median of the turns: for the same pictures each sender makes as many packets as it likes. */
function ratiosToPeers(rows: readonly Row[]): string[] {
  const groups = Map.groupBy(
    rows.filter(({ scenario }) => scenario === 'peers'),
    ({ mbit_s: mbitS }) => mbitS,
  );
  return [...groups].flatMap(([mbitS, turns]) => {
    const bySender = Map.groupBy(turns, ({ sender }) => sender);
    const own = costOf(bySender.get('own') ?? []);
    return [...bySender].map(([sender, its]) => {
      const percent = median(its.flatMap((row) => row.cpu_percent ?? []));
      const cost = costOf(its);
      const each = `${its[0]?.viewers} viewers at ${mbitS} Mbit/s: ${sender} takes ${number(percent, 1)} % of a core, ${number(cost, 1)} us a packet`;
      const aCore = `${Math.floor(((its[0]?.viewers ?? 0) * 100) / percent)} viewers a core`;
      return `${each}, ${aCore}${sender === 'own' || Number.isNaN(own) ? '' : `; own / ${sender} = ${number(own / cost, 2)} a packet`}`;
    });
  });
}

function ratioOfWorkers(rows: readonly Row[]): string[] {
  const costs = ['1 worker,', '2 workers,'].map((name) =>
    costOf(rows.filter(({ scenario, variant }) => scenario === 'workers' && variant.startsWith(name))),
  );
  const [one = Number.NaN, two = Number.NaN] = costs;
  return Number.isNaN(one / two)
    ? []
    : [`workers: packets for a second of processor time with two are ${number(one / two, 2)} times those with one`];
}

function growthOfCameras(rows: readonly Row[]): string[] {
  const measured = rows.filter(({ scenario, viewers }) => scenario === 'cameras' && viewers === 0);
  const [least, most] = [measured[0], measured.at(-1)];
  if (least === undefined || most === undefined || least === most) return [];
  const each = (of: 'rss_mb' | 'cpu_percent'): number =>
    ((most[of] ?? Number.NaN) - (least[of] ?? Number.NaN)) / (most.cameras - least.cameras);
  const mbitS = most.mbit_s;
  return [
    `cameras at ${mbitS} Mbit/s: ${number(each('rss_mb'), 1)} MB and ${number(each('cpu_percent'), 2)} % of a core for each from ${least.cameras} to ${most.cameras}`,
  ];
}

function costOf(rows: readonly Row[]): number {
  return median(rows.flatMap(({ cpu_us_per_packet: cost }) => cost ?? []));
}

function number(value: number | null, digits: number): string {
  return value === null ? '' : value.toFixed(digits);
}
