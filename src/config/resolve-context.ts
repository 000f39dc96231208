/** What the resolving of a file needs from outside. */
export interface ResolveContext {
  /** Says what is wrong, and what to write instead, at a place of the file. */
  report: (path: readonly PropertyKey[], message: string, at?: 'value' | 'key') => void;
  /** The text of a secret's file; undefined after reporting at `path` why not. */
  readSecret: (name: string, path: readonly PropertyKey[]) => string | undefined;
  /** The path of a file that the config names: a systemd credential of that name, else relative to the folder of the config. */
  locate: (name: string) => string;
  /** Line of a value, 1-based. */
  lineOf: (path: readonly PropertyKey[]) => number | undefined;
  /** The ids of all cameras in the order of the file, also of those that are invalid otherwise; undefined where there is none. */
  ids: readonly (string | undefined)[];
}

/** A secret given in place or by its file; undefined where it is neither, or after a report. */
export function secretOf(
  key: 'token' | 'password' | 'secret',
  written: { value: string | undefined; file: string | undefined },
  path: readonly PropertyKey[],
  { report, readSecret }: ResolveContext,
): string | undefined {
  if (written.file === undefined) return written.value;
  const filePath = [...path, `${key}_file`];
  if (written.value !== undefined) report(filePath, `stands beside ${key}; keep one of the two`, 'key');
  return readSecret(written.file, filePath);
}

/** RFC 6750 section 2.1: it must fit into a header. */
export function checkToken(token: string, path: readonly PropertyKey[], { report }: ResolveContext): void {
  if (!/^[\x21-\x7e]+$/.test(token)) report(path, 'holds spaces, line breaks or letters beyond ASCII; write the token alone');
}
