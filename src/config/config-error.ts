import { GatewayError } from '../base/errors.ts';

/** One thing that is wrong with the config. */
export interface ConfigIssue {
  file: string;
  /** 1-based; absent where the file as a whole is meant. */
  line?: number;
  /** 1-based, in UTF-16 units as editors count. */
  column?: number;
  /** Where in the structure: `cameras[1].onvif`; empty: the whole. */
  path: string;
  /** What is wrong; what to write instead. Never holds the value of a secret. */
  message: string;
}

/** All that is wrong with a config, in the order of the file. Code `config.invalid`. */
export class ConfigError extends GatewayError {
  readonly issues: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[]) {
    super('config.invalid', issues.map(formatIssue).join('\n'));
    this.name = 'ConfigError';
    this.issues = issues;
  }
}

/** `file:line:column: path: what is wrong; what to write instead`. */
export function formatIssue({ file, line, column, path, message }: ConfigIssue): string {
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  return path === '' ? `${place}: ${message}` : `${place}: ${path}: ${message}`;
}
