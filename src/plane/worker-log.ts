import type { Logger } from '../base/log.ts';

const LEVELS = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' } as const;

interface Line {
  level: keyof typeof LEVELS;
  msg?: string;
  time?: string;
}

/**
 * Takes lines of a worker's log into that of the process: one form, one place where it goes, and secrets left out by both. What a worker wrote
 * before it died is delivered before its end is told, so that no line is lost.
 */
export function relayLog(logger: Logger): (line: string) => void {
  // An error is in the form of its own serializer by now.
  const taken = logger.child({}, { serializers: { err: (error: unknown) => error } });
  return (line) => {
    const { level, msg, time: _, ...fields } = JSON.parse(line) as Line;
    taken[LEVELS[level]](fields, msg);
  };
}
