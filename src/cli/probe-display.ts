import { styleText } from 'node:util';
import type { ProbeObserver, PullProgress } from '../probe/measure-profiles.ts';
import type { ProbeReport } from '../probe/report.ts';
import { screenLines, type Style } from './probe-screen.ts';

/** What the progress is written to. */
interface ProgressStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

export interface ProgressDisplay extends ProbeObserver {
  /** Takes the line away that is rewritten. */
  end(): void;
}

const BAR_WIDTH = 20;

/** A line that is rewritten on a terminal; elsewhere a line for each step. */
export function progressDisplay(stream: ProgressStream, durationMs: number): ProgressDisplay {
  if (stream.isTTY !== true) {
    return {
      step: (text) => void stream.write(`${capital(text)} ...\n`),
      pulling: () => undefined,
      end: () => undefined,
    };
  }
  // Some terminals do not tell their width.
  const draw = (text: string): void => void stream.write(`\r\u001B[K${text.slice(0, (stream.columns || 80) - 1)}`);
  return {
    step: (text) => draw(`${capital(text)} ...`),
    pulling: (progress) => {
      const { name, position, total, elapsedMs } = progress;
      const done = Math.min(BAR_WIDTH, Math.round((elapsedMs / durationMs) * BAR_WIDTH));
      const bar = `${'#'.repeat(done)}${'.'.repeat(BAR_WIDTH - done)}`;
      draw(`[${bar}] profile ${position} of ${total}, ${name}: ${describe(progress)}`);
    },
    end: () => void stream.write('\r\u001B[K'),
  };
}

function describe({ packets, frames, keyframes, bitrateKbps }: PullProgress): string {
  const rate = bitrateKbps === null ? '' : `, ${Math.round(bitrateKbps)} kbit/s`;
  return `${packets} packets, ${frames} frames${rate}, ${keyframes} keyframes`;
}

/** Writes the result: an object for programs, a screen for people. */
export function showReport(report: ProbeReport, json: boolean): void {
  const text = json ? JSON.stringify(report) : screenLines(report, styleFor(process.stdout)).join('\n');
  process.stdout.write(`${text}\n`);
}

const FORMATS = { title: 'bold', good: 'green', bad: 'red' } as const;

/** Plain where it is no terminal, or colours are not wanted (NO_COLOR). */
function styleFor(stream: NodeJS.WritableStream): Style {
  return (kind, text) => styleText(FORMATS[kind], text, { stream });
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
