import type { Reason } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import type { ProbeReport, Verdict } from '../probe/report.ts';
import { describeCamera } from './probe-screen-camera.ts';
import { profileRows } from './probe-screen-profile.ts';

/* What `probe` shows to people. All texts of cameras are printable already. */

export type Style = (kind: 'title' | 'good' | 'bad', text: string) => string;

/** A line of a section: what it is, what was measured or said, and in a table beside it what is configured. */
export interface Row {
  label: string;
  value: string;
  configured?: string;
}

const MAX_WIDTH = 100;
const LABEL_WIDTH = 14;
/** Where what is configured begins. */
const CONFIGURED_AT = 62;

/** The whole screen. */
export function screenLines(report: ProbeReport, style: Style): string[] {
  const { profiles, reason, hints, complete } = report;
  const lines = [style('title', titleOf(report)), ...describeCamera(report).flatMap(rowLines)];
  // What went wrong with a profile is said there.
  const isOfProfile = profiles.some((profile) => profile.reason?.message === reason?.message);
  if (reason !== null && !isOfProfile) lines.push('', style('bad', 'Failed'), ...reasonLines(reason, '  '));
  if (hints.length > 0) lines.push('', style('title', 'Found there'), ...hints.flatMap((hint) => wrapped(hint, '  - ', '    ')));
  for (const [index, profile] of profiles.entries()) {
    const hasConfiguration = profile.configured !== null;
    lines.push('', style('title', `Profile ${index + 1} of ${profiles.length}: ${nameOf(profile)}`));
    const rows = profileRows(profile);
    if (hasConfiguration && rows.length > 0) lines.push(`${' '.repeat(CONFIGURED_AT)}configured`);
    lines.push(...rows.flatMap(rowLines), ...verdictLines(profile.browser, style));
  }
  if (!complete && reason === null) lines.push('', 'Interrupted: this is what was known by then.');
  return lines;
}

function titleOf({ target, id, address, manufacturer, model }: ProbeReport): string {
  const what = [manufacturer, model].filter((part) => part !== null).join(' ');
  const where = id === null ? address : `${id} at ${address}`;
  return (what === '' ? where || target : `${where}: ${what}`).slice(0, MAX_WIDTH);
}

function nameOf({ token, name }: { token: string; name: string }): string {
  return printable(name === token ? name : `${token} (${name})`, MAX_WIDTH - 20);
}

function verdictLines({ plays, reasons, notes, sound }: Verdict, style: Style): string[] {
  const word = plays === null ? style('bad', 'not known') : plays ? style('good', 'yes') : style('bad', 'no');
  const silent = plays === true && sound?.plays === false ? ', without its sound' : '';
  const reasonsOfSound = sound?.reason === null || sound === null ? [] : [sound.reason];
  const told = [...reasons, ...reasonsOfSound, ...notes];
  return ['', `  Plays in a browser: ${word}${silent}`, ...told.flatMap((reason) => reasonLines(reason, '    - '))];
}

/** Message and advice, the advice on lines of its own. */
function reasonLines({ message, advice }: Reason, indent: string): string[] {
  const blank = ' '.repeat(indent.length);
  return [...wrapped(message, indent, blank), ...(advice === undefined ? [] : wrapped(advice, blank, blank))];
}

function rowLines({ label, value, configured }: Row): string[] {
  const start = `  ${label.padEnd(LABEL_WIDTH)}`;
  const indent = ' '.repeat(start.length);
  if (configured === undefined) return wrapped(value, start, indent);
  const left = wrapped(value, start, indent, CONFIGURED_AT - 2);
  const right = wrapped(configured, '', '', MAX_WIDTH - CONFIGURED_AT);
  const rows = Array.from({ length: Math.max(left.length, right.length) }, (_, index) =>
    `${(left[index] ?? '').padEnd(CONFIGURED_AT)}${right[index] ?? ''}`.trimEnd(),
  );
  return rows;
}

/** Breaks a text at blanks; a word that is longer than a line is cut. */
function wrapped(text: string, first: string, following: string, width = MAX_WIDTH): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (let word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = following;
      isEmpty = true;
    }
    while (line.length + word.length > width) {
      const room = width - line.length;
      lines.push(line + word.slice(0, room));
      word = word.slice(room);
      line = following;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  lines.push(line);
  return lines;
}
