import { isDeepStrictEqual } from 'node:util';
import { isCollection, isMap, isNode, isScalar, isSeq, parseDocument, visit, type Document, type Node, type YAMLSeq } from 'yaml';
import { GatewayError } from '../base/errors.ts';
import { dataOf, entriesOf, flowItem, itemLines, type CameraToAdd, type Entry } from './camera-entries.ts';
import { ConfigError, formatIssue, type ConfigIssue } from './config-error.ts';
import { ConfigDocument } from './document.ts';
import { parseConfig } from './load.ts';
import type { Environment } from './secrets.ts';

export interface AddedCamera {
  id: string;
  /** The environment variable that the config takes the password from. */
  variable: string;
}

export interface AddedCameras {
  /** The whole file: what was there byte for byte, and the cameras after the last one of the list. */
  text: string;
  added: AddedCamera[];
}

const HEADER = `# Config of onvif-webrtc-gateway, begun by \`discover --write\`. Check it, then run it:
#
#   onvif-webrtc-gateway check --config FILE
#   onvif-webrtc-gateway run --config FILE
#
# The page is at http://127.0.0.1:8080. \${VARIABLE} is taken from the environment, so that no password stands here.
# An id names its camera in URLs, logs and tokens: change it now or never. A name is for people.

`;

const LIST_KEY = 'cameras';

/**
 * Adds cameras to the text of a config.
 *
 * @param text Undefined: the file is not there yet.
 * @throws ConfigError where the text is not YAML, `config.not_extended` where its form has no place for cameras or where the
 *   result would have an error that the text has not.
 */
export function addCameras(file: string, text: string | undefined, cameras: readonly CameraToAdd[]): AddedCameras {
  const before = text ?? HEADER;
  const syntaxIssues = new ConfigDocument(file, before).syntaxIssues();
  if (syntaxIssues.length > 0) throw new ConfigError(syntaxIssues);
  const document = parse(before);
  const entries = entriesOf(cameras, idsIn(document), before);
  const eol = before.includes('\r\n') ? '\r\n' : '\n';
  const after = insert(file, before, document, entries, eol);
  verify(file, before, after, entries);
  return { text: after, added: entries.map(({ id, variable }) => ({ id, variable })) };
}

function insert(file: string, text: string, document: Document, entries: readonly Entry[], eol: string): string {
  const root = document.contents;
  if (root === null) return append(text, listLines(entries, 0), eol);
  if (!isMap(root) || root.flow === true) throw noPlace(file, 'the file is no map of keys, each on lines of its own');
  const column = columnOf(text, root.range?.[0] ?? 0);
  const pair = root.items.find(({ key }) => isScalar(key) && key.value === LIST_KEY);
  if (pair === undefined) return append(text, listLines(entries, column), eol);
  const list = pair.value;
  if (isSeq(list)) return insertIntoList(text, list, entries, column, eol);
  if (list !== null && !(isScalar(list) && list.value === null && list.source === '')) {
    throw noPlace(file, `${LIST_KEY} is not a list`);
  }
  const keyEnd = isScalar(pair.key) ? (pair.key.range?.[1] ?? 0) : 0;
  return insertLines(text, lineEnd(text, keyEnd), itemLines(entries, column + 2), eol);
}

function insertIntoList(text: string, list: YAMLSeq, entries: readonly Entry[], column: number, eol: string): string {
  const [start = 0, end = 0] = list.range ?? [];
  if (list.flow !== true) {
    const dash = columnOf(text, start);
    return insertLines(text, endOfLastItem(text, list, dash), itemLines(entries, dash), eol);
  }
  if (/^\[\s*\]$/.test(text.slice(start, end))) {
    const without = text.slice(0, start).replace(/[ \t]+$/, '') + text.slice(end);
    return insertLines(without, lineEnd(without, start - 1), itemLines(entries, column + 2), eol);
  }
  const items = entries.map(flowItem).join(', ');
  const last = list.items.at(-1);
  const at = rangeOf(last)?.[1];
  return at === undefined ? text : `${text.slice(0, at)}, ${items}${text.slice(at)}`;
}

/** The end of the last line that belongs to the last item, also of comments below it that are deeper than its dash. */
function endOfLastItem(text: string, list: YAMLSeq, dash: number): number {
  let content = 0;
  visit(list, (_key, node) => {
    if (isNode(node) && !(isCollection(node) && node.flow !== true)) content = Math.max(content, node.range?.[1] ?? 0);
  });
  // A block text ends after its line breaks.
  let end = lineEnd(text, text.slice(0, content).trimEnd().length);
  for (let next = end; next < text.length; next = lineEnd(text, next + 1)) {
    const line = text.slice(next + 1, lineEnd(text, next + 1)).trimEnd();
    if (line === '') continue;
    if (line.search(/[^ ]/) <= dash) break;
    end = lineEnd(text, next + 1);
  }
  return end;
}

/** The offset of the line break (or end of text) that ends the line of `offset`. */
function lineEnd(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end === -1 ? text.length : end;
}

function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1);
}

function rangeOf(node: unknown): Node['range'] {
  return isNode(node) ? node.range : undefined;
}

/** Adds lines below the one that ends at `at`. */
function insertLines(text: string, at: number, lines: readonly string[], eol: string): string {
  if (at === text.length) return append(text, lines, eol);
  return `${text.slice(0, at + 1)}${lines.map((line) => `${line}${eol}`).join('')}${text.slice(at + 1)}`;
}

function append(text: string, lines: readonly string[], eol: string): string {
  const lineBreak = text === '' || text.endsWith('\n') ? '' : eol;
  return `${text}${lineBreak}${lines.join(eol)}${eol}`;
}

function listLines(entries: readonly Entry[], column: number): string[] {
  return [`${' '.repeat(column)}${LIST_KEY}:`, ...itemLines(entries, column + 2)];
}

function verify(file: string, before: string, after: string, entries: readonly Entry[]): void {
  const old = parse(before).toJS({ maxAliasCount: -1 }) as Record<string, unknown> | null;
  const cameras: unknown = old?.[LIST_KEY];
  const expected = { ...old, [LIST_KEY]: [...(Array.isArray(cameras) ? (cameras as unknown[]) : []), ...entries.map(dataOf)] };
  const document = parse(after);
  if (document.errors.length > 0 || !isDeepStrictEqual(document.toJS({ maxAliasCount: -1 }), expected)) {
    throw noPlace(file, 'its form does not let lines be added safely');
  }
  const known = new Set(issuesOf(file, before).map(wordsOf));
  const added = issuesOf(file, after).find((issue) => !known.has(wordsOf(issue)));
  if (added !== undefined) throw noPlace(file, `the result would be wrong: ${formatIssue(added)}`);
}

/** What `check` would say if every variable were set. */
function issuesOf(file: string, text: string): readonly ConfigIssue[] {
  const environment: Environment = new Proxy<Record<string, string>>({}, { get: (_, name) => `value of ${String(name)}` });
  try {
    parseConfig(file, text, environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
}

function wordsOf({ path, message }: ConfigIssue): string {
  return `${path}: ${message}`;
}

function idsIn(document: Document): Set<string> {
  const list = document.get(LIST_KEY);
  const items = isSeq(list) ? list.items : [];
  return new Set(items.flatMap((item) => (isMap(item) ? String(item.get('id')) : [])));
}

function parse(text: string): Document {
  return parseDocument(text, { merge: true });
}

function noPlace(file: string, why: string): GatewayError {
  return new GatewayError('config.not_extended', `Cameras cannot be added to ${file}: ${why}.`, {
    advice: 'Write them to a new file with --write, and copy them over.',
  });
}
