import { z } from 'zod';
import { isWebSocketUrl } from '../addresses.ts';

/*
 * The YAML as it is written. Every message is what to write instead; what is wrong is said before it (see zod-issues.ts).
 * Lookups by form are refinements, not patterns: the generated JSON Schema must let `${VARIABLE}` pass in an editor.
 */

/** Text of a certain form. */
export function text(isValid: (value: string) => boolean, instead: string): z.ZodString {
  return z.string({ error: instead }).refine(isValid, { error: instead });
}

export const notEmpty = (instead: string): z.ZodString => text((value) => value.trim() !== '', instead);

export const secret = (what: string): z.ZodString =>
  notEmpty(`write ${what}, or \${VARIABLE} to take it from the environment`).meta({
    title: what,
    description: 'Better as ${VARIABLE} (taken from the environment) or in a file than in clear. A literal ${ is written $${.',
  });

export const secretFile = (what: string): z.ZodString =>
  notEmpty('write the name of the file').meta({
    title: `File with ${what}`,
    description:
      'Name of a systemd credential, or a path; relative to the folder of this file. A line break at its end does not count.',
  });

export const webSocketUrl = text(isWebSocketUrl, 'write a URL such as wss://signaling.example.com/onvif');

export const id = text(
  (value) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(value),
  'write at most 64 letters, digits, dots, underscores and hyphens, such as front-door',
);

/** A number within limits, both inclusive. */
export function number(least: number, most: number, unit: string): z.ZodNumber {
  const error = `write a number from ${least} to ${most}${unit}`;
  return z.number({ error }).min(least, { error }).max(most, { error });
}
