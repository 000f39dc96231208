import { dirname, resolve } from 'node:path';
import { ConfigError, type ConfigIssue } from './config-error.ts';
import { ConfigDocument } from './document.ts';
import type { GatewayConfig } from './gateway-config.ts';
import { knownKeys } from './known-keys.ts';
import { resolveConfig } from './resolve.ts';
import { configSchema, validParts } from './schema.ts';
import { locateFile, readBounded, readSecretFile, reasonOfFailure, replaceVariables, type Environment } from './secrets.ts';
import { describeZodIssues } from './zod-issues.ts';

const NO_CAMERA = 'is missing or empty; write at least one camera, or discovery: with adopt: all';

/** Ten thousand cameras fit. */
const MAX_CONFIG_BYTES = 2 * 1024 * 1024;

/**
 * Reads and checks the config file, with its secrets from the environment, files beside it and systemd credentials.
 *
 * @param environment `process.env`, or a test's own.
 * @throws ConfigError with all that is wrong.
 */
export function loadConfig(file: string, environment: Environment): GatewayConfig {
  return parseConfig(file, readConfig(file), environment);
}

/** As {@link loadConfig}, from a text; `file` names it in messages, and its folder is where relative secret files lie. */
export function parseConfig(file: string, text: string, environment: Environment): GatewayConfig {
  const document = parseYaml(file, text);
  const issues: ConfigIssue[] = [];
  document.replaceTexts((value, issueAt) => replaceVariables(value, environment, (message) => issues.push(issueAt(message))));
  const data = dataOf(document);

  const checked = configSchema.safeParse(data, { reportInput: true });
  if (!checked.success) issues.push(...describeZodIssues(checked.error.issues, document, knownKeys));
  const parts = validParts(data);
  const listed = data['cameras'] ?? [];
  if (Array.isArray(listed) && listed.length === 0 && parts.discovery?.adopt === 'none')
    issues.push(document.issueAt(['cameras'], NO_CAMERA));
  const config = resolveConfig(parts, {
    ids: idsIn(data),
    locate: (name) => locateFile(name, dirname(file), environment),
    lineOf: (path) => document.lineOf(path),
    report: (path, message, at) => issues.push(document.issueAt(path, message, at)),
    readSecret: (name, path) => {
      return readSecretFile(name, dirname(file), environment, (message) => issues.push(document.issueAt(path, message)));
    },
  });
  if (issues.length > 0 || config === undefined) throw new ConfigError(inOrder(issues));
  const stateDirectory = config.stateDirectory ?? environment['STATE_DIRECTORY']?.split(':')[0];
  return stateDirectory === undefined ? config : { ...config, stateDirectory: resolve(dirname(file), stateDirectory) };
}

function readConfig(file: string): string {
  const failed = (message: string): ConfigError => new ConfigError([{ file, path: '', message }]);
  let text: string | undefined;
  try {
    text = readBounded(file, MAX_CONFIG_BYTES);
  } catch (error) {
    throw failed(`the config file ${reasonOfFailure(error)}; name one that can be read by --config`);
  }
  if (text === undefined) throw failed(`is longer than ${MAX_CONFIG_BYTES / 1024 / 1024} MiB; this is no config file`);
  return text;
}

function parseYaml(file: string, text: string): ConfigDocument {
  const document = new ConfigDocument(file, text);
  const issues = document.syntaxIssues();
  if (issues.length > 0) throw new ConfigError(inOrder(issues));
  return document;
}

function dataOf(document: ConfigDocument): Record<string, unknown> {
  let data: unknown;
  try {
    data = document.toData();
  } catch {
    throw new ConfigError([document.issueAt([], 'has aliases (*name) that expand to too much; write the values out')]);
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    const what = data === null ? 'is empty' : 'holds no keys with values';
    throw new ConfigError([document.issueAt([], `${what}; write at least cameras: with one camera`)]);
  }
  // A section whose keys are all commented out is as good as absent; inside of sections an empty value is an error.
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null));
}

function idsIn(data: Readonly<Record<string, unknown>>): (string | undefined)[] {
  const cameras: unknown[] = Array.isArray(data['cameras']) ? data['cameras'] : [];
  return cameras.map((camera) => {
    const id: unknown = typeof camera === 'object' && camera !== null && 'id' in camera ? camera.id : undefined;
    return typeof id === 'string' ? id : undefined;
  });
}

/** In the order of the file; of several at one value the first, which is the cause of the others. */
function inOrder(issues: readonly ConfigIssue[]): ConfigIssue[] {
  const first = new Map<string, ConfigIssue>();
  for (const issue of issues) {
    const key = `${issue.line}:${issue.column}:${issue.path}`;
    if (!first.has(key)) first.set(key, issue);
  }
  return [...first.values()].toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
