import type { FoundCamera, VideoSource } from './discover-camera.ts';
import { describeScopes } from './discover-scopes.ts';

/* What `discover` shows to people. All texts of cameras are printable already. */

const TITLES = ['ADDRESS', 'NAME', 'MODEL', 'FIRMWARE', 'HARDWARE', 'VIDEO', 'LOGIN', 'CONFIG'];
const MAX_CELL = 32;

const LOGIN = { accepted: 'accepted', refused: 'refused', unknown: '-' } as const;

/** A line for each camera, below it one for its scopes and one for each input where it has several. */
export function tableLines(cameras: readonly FoundCamera[]): string[] {
  if (cameras.length === 0) return [];
  const rows = [TITLES, ...cameras.map(cellsOf)].map((cells) => cells.map((cell) => cut(cell, MAX_CELL)));
  const widths = TITLES.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const lines = rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const [titles = '', ...rest] = lines;
  return [
    titles,
    ...rest.flatMap((line, index) => {
      const { scopes = [], videoSources } = cameras[index] ?? {};
      return [line, ...scopeLines(scopes), ...inputLines(videoSources ?? [])];
    }),
  ];
}

/** The same in one line, for logs and pipes. */
export function plainLine(camera: FoundCamera): string {
  const { address, name, firmware, hardware, videoSources, credentials, configured, reason, scopes } = camera;
  const described = describeScopes(scopes);
  const parts = [
    name,
    modelOf(camera),
    firmware === null ? null : `firmware ${firmware}`,
    hardware === null ? null : `hardware ${hardware}`,
    described === null ? null : `scopes ${described}`,
    videoSources === null ? null : videoOf(videoSources),
    credentials === 'unknown' ? null : `credentials ${credentials}`,
    configured === null ? 'new' : `in the config as ${configured}`,
    credentials === 'unknown' && reason !== null ? reason.message : null,
  ];
  return `${address}: ${parts.filter((part) => part !== null && part !== '').join(', ')}`;
}

/** Redraws a block of lines at the end of what a terminal shows. */
export class LiveBlock {
  readonly #terminal: { write(text: string): unknown; columns: number; rows: number };
  #height = 0;

  constructor(terminal: { write(text: string): unknown; columns: number; rows: number }) {
    this.#terminal = terminal;
  }

  /** Shows the title line and of the others the last that fit: the cursor cannot go back beyond the screen. */
  draw(lines: readonly string[]): void {
    const { columns, rows } = this.#terminal;
    const room = Math.max(2, rows - 1);
    const fitting = lines.length <= room ? lines : [...lines.slice(0, 1), ...lines.slice(1 - room)];
    this.#replace(fitting.map((line) => cut(line, columns - 1)));
  }

  /** Shows all lines, whole, and leaves them there. */
  finish(lines: readonly string[]): void {
    this.#replace(lines);
    this.#height = 0;
  }

  #replace(lines: readonly string[]): void {
    const back = this.#height === 0 ? '' : `\u001B[${this.#height}F\u001B[J`;
    this.#terminal.write(back + lines.map((line) => `${line}\n`).join(''));
    this.#height = lines.length;
  }
}

function cellsOf(camera: FoundCamera): string[] {
  const { address, name, firmware, hardware, videoSources, credentials, configured } = camera;
  return [
    address,
    name ?? '-',
    modelOf(camera) || '-',
    firmware ?? '-',
    hardware ?? '-',
    videoSources === null ? '-' : videoOf(videoSources),
    LOGIN[credentials],
    configured ?? 'new',
  ];
}

function modelOf({ manufacturer, model }: FoundCamera): string {
  return [manufacturer, model].filter((part) => part !== null).join(' ');
}

function videoOf(sources: readonly VideoSource[]): string {
  const profiles = sources.reduce((sum, source) => sum + source.profiles.length, 0);
  return `${counted(sources.length, 'source')}, ${counted(profiles, 'profile')}`;
}

function scopeLines(scopes: readonly string[]): string[] {
  const described = describeScopes(scopes);
  return described === null ? [] : [`  scopes: ${described}`];
}

function inputLines(sources: readonly VideoSource[]): string[] {
  if (sources.length < 2) return [];
  return sources.map(({ profiles }, index) => {
    const described = profiles.map(({ name, codec, width, height }) =>
      codec === null ? name : `${name} ${codec} ${width}x${height}`,
    );
    return `  source ${index + 1}: ${described.join(', ')}`;
  });
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
