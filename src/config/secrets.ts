import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';

/** The environment that secrets come from. */
export type Environment = Readonly<Record<string, string | undefined>>;

const MAX_SECRET_BYTES = 64 * 1024;
const VARIABLE = /\$\$\{|\$\{([^}]*)\}?/g;

/**
 * The text with each `${NAME}` replaced by that variable of the environment, and `$${` by `${`.
 *
 * @param complain Called with what is wrong; what to do about it.
 */
export function replaceVariables(text: string, environment: Environment, complain: (message: string) => void): string {
  return text.replace(VARIABLE, (whole, name: string | undefined) => {
    if (name === undefined) return '${';
    if (!whole.endsWith('}') || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      complain('holds a ${ that names no variable; write ${NAME}, or $${ where the text itself has ${');
      return whole;
    }
    const value = environment[name];
    if (value === undefined || value === '') {
      const state = value === undefined ? 'not set' : 'empty';
      complain(
        `the environment variable ${name} is ${state}; set it (systemd: Environment= or EnvironmentFile=) or write the value in a file`,
      );
      return whole;
    }
    return value;
  });
}

/**
 * Reads a secret's file: a systemd credential (systemd.exec(5), LoadCredential) where there is one of that name, else the path,
 * relative to `folder`. Line breaks at the end are not part of the secret.
 *
 * @param complain Called with what is wrong; what to do about it.
 */
export function readSecretFile(
  name: string,
  folder: string,
  environment: Environment,
  complain: (message: string) => void,
): string | undefined {
  const places = placesOf(name, folder, environment);
  const failures: string[] = [];
  for (const place of places) {
    try {
      const text = readBounded(place, MAX_SECRET_BYTES)?.replace(/[\r\n]+$/, '');
      if (text !== undefined && text !== '') return text;
      complain(
        text === ''
          ? `the file ${place} is empty; write the secret into it`
          : `the file ${place} is too long; a secret is at most 64 KiB`,
      );
      return undefined;
    } catch (error) {
      failures.push(`${place} (${reasonOfFailure(error)})`);
    }
  }
  complain(
    `the file cannot be read: ${failures.join(', ')}; create it readable for the gateway's user, or LoadCredential=${name}:PATH in its unit`,
  );
  return undefined;
}

/** The path of a file that is read again later; by the rule of {@link readSecretFile}. */
export function locateFile(name: string, folder: string, environment: Environment): string {
  const places = placesOf(name, folder, environment);
  return resolve(places.find((place) => existsSync(place)) ?? places.at(-1) ?? name);
}

function placesOf(name: string, folder: string, environment: Environment): string[] {
  const credentials = environment['CREDENTIALS_DIRECTORY'];
  if (isAbsolute(name)) return [name];
  return [...(credentials === undefined ? [] : [join(credentials, name)]), join(folder, name)];
}

/**
 * The text of a file; undefined where it is longer than `most` bytes.
 *
 * @throws Error of node:fs where it cannot be read.
 */
export function readBounded(file: string, most: number): string | undefined {
  const descriptor = openSync(file, 'r');
  try {
    // Not by its size: a pipe or a file of /proc has none.
    const buffer = Buffer.alloc(most + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read)
      read = readSync(descriptor, buffer, length, buffer.length - length, null);
    return length > most ? undefined : buffer.toString('utf8', 0, length);
  } finally {
    closeSync(descriptor);
  }
}

/** In words, by the code of an error of node:fs. */
export function reasonOfFailure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const words: Record<string, string> = { ENOENT: 'does not exist', EACCES: 'may not be read', EISDIR: 'is a folder' };
  return words[code] ?? code;
}
