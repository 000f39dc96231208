import { pino, stdTimeFunctions, type DestinationStream, type Logger as PinoLogger } from 'pino';
import pretty from 'pino-pretty';

export type Logger = PinoLogger;

export interface LogOptions {
  level?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Where lines go; default standard error, so that a command's result on standard output stays clean. */
  destination?: DestinationStream;
  /** For people (colours, short times) or for machines (one JSON object a line). Default: people when on a terminal. */
  format?: 'pretty' | 'json';
}

/** Keys whose values never reach a log line, wherever they stand in the logged object (two levels deep). */
const SECRET_KEYS = [
  'password',
  'token',
  'authorization',
  'credential',
  'secret',
  'client_secret',
  'access_token',
  'credentials',
];

/**
 * The process's log: JSON lines for systemd and collectors, readable lines on a terminal. Secrets are redacted by key here;
 * URLs are to be passed through {@link redactUrl} by whoever logs them.
 */
export function createLogger(options: LogOptions = {}): Logger {
  const format = options.format ?? (process.stderr.isTTY ? 'pretty' : 'json');
  const settings = {
    level: options.level ?? 'info',
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[redacted]' },
  };
  if (options.destination !== undefined) return pino(settings, options.destination);
  if (format === 'json') return pino(settings, pino.destination({ dest: 2, sync: true }));
  return pino(
    settings,
    pretty({ destination: 2, sync: true, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname', singleLine: true }),
  );
}

/** A logger that says nothing; for tests and for libraries without one. */
export const silentLogger: Logger = pino({ level: 'silent' });

/** Cameras of several makers take the password in the path: `/user=admin&password=secret&channel=1`. */
const SECRET_IN_PATH = /((?:user|username|usr|pass|passwd|password|pwd|token|auth)[=:_])[^&/;,?]*/gi;

/** The URL without user name, password, what names itself so in the path, and the values of its query, for logs, API and error texts. */
export function redactUrl(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return '(not a URL)';
  const user = parsed.username === '' && parsed.password === '' ? '' : '***@';
  const query = parsed.search === '' ? '' : `?${[...parsed.searchParams.keys()].map((key) => `${key}=***`).join('&')}`;
  return `${parsed.protocol}//${user}${parsed.host}${parsed.pathname.replace(SECRET_IN_PATH, '$1***')}${query}`;
}
