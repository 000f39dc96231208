import type { z } from 'zod';
import type { ConfigIssue } from './config-error.ts';
import type { ConfigDocument } from './document.ts';
import { suggest } from './suggest.ts';

type Issue = z.core.$ZodIssue;

/** Keys whose value never stands in a message. */
const SECRETS: ReadonlySet<PropertyKey> = new Set(['token', 'client_secret', 'password', 'credential', 'secret']);

/**
 * The issues that the schema found, in the words of `file:line:column: path: what is wrong; what to write instead`.
 *
 * @param knownKeys The keys that the schema has in the map at a path.
 */
export function describeZodIssues(
  issues: readonly Issue[],
  document: ConfigDocument,
  knownKeys: (path: readonly PropertyKey[]) => readonly string[],
): ConfigIssue[] {
  return issues.flatMap((issue) => {
    const within = issueWithin(issue);
    if (within.length > 0) return describeZodIssues(within, document, knownKeys);
    if (issue.code === 'unrecognized_keys') {
      const known = knownKeys(issue.path);
      return issue.keys.map((key) => document.issueAt([...issue.path, key], unknownKey(key, known), 'key'));
    }
    if (issue.code === 'invalid_key')
      return [document.issueAt(issue.path, `is not a name; ${issue.issues[0]?.message ?? ''}`, 'key')];
    return [document.issueAt(issue.path, `${whatIsWrong(issue, document)}; ${whatToWrite(issue)}`)];
  });
}

/** Of a value that may be one of several things: what is wrong inside of the list that it is; none where it is nothing of them. */
function issueWithin(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union' || !Array.isArray(issue.input)) return [];
  const ofList = issue.errors.find((found) => found.every(({ code, path }) => path.length > 0 || code === 'too_small')) ?? [];
  return ofList.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = suggest(key, known);
  return meant === undefined
    ? `is not a key that is known here; the keys are: ${known.join(', ')}`
    : `is not a known key; did you mean "${meant}"?`;
}

function whatIsWrong(issue: Issue, document: ConfigDocument): string {
  const { input } = issue;
  if (input === undefined) return 'is missing';
  if (input === null && SECRETS.has(issue.path.at(-1) ?? ''))
    return 'is empty (what starts with # is a comment, unless it is in quotes)';
  if (input === null || (typeof input === 'string' && input.trim() === '')) return 'is empty';
  if (issue.code === 'too_big' && issue.origin === 'array') return 'has too many entries';
  if (issue.code === 'too_small' && issue.origin === 'array') return 'is an empty list';
  if (isOfWrongKind(issue)) return `is ${kindOf(input)}`;
  const text = document.writtenAt(issue.path);
  // What stands before an @ may be a password.
  const isSecret = text === undefined || text.includes('@') || SECRETS.has(issue.path.at(-1) ?? '');
  return isSecret ? 'is not valid' : `is "${text.length > 80 ? `${text.slice(0, 80)}...` : text}"`;
}

/** A text that is no number is shown as it is: `is "soon"`. */
function isOfWrongKind(issue: Issue): boolean {
  if (issue.code === 'invalid_union') return typeof issue.input !== 'string';
  return issue.code === 'invalid_type' && (typeof issue.input !== 'string' || issue.expected !== 'number');
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return 'read as a number, not as text';
  if (typeof value === 'boolean') return 'read as true or false, not as text';
  return typeof value === 'object' ? 'a map (keys with values)' : 'a single value';
}

function whatToWrite(issue: Issue): string {
  if (issue.code === 'invalid_type') {
    if (issue.expected === 'string' && (typeof issue.input === 'number' || typeof issue.input === 'boolean'))
      return 'put it in quotes';
    if (issue.expected === 'object' || issue.expected === 'record')
      return 'write keys with values below it, or leave the key out';
    if (issue.expected === 'array' && issue.input !== undefined) return 'write a list: a line with "- " for each entry';
  }
  return issue.message;
}
