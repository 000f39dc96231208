import { printable } from '../base/printable.ts';

const ONVIF = /^onvif:\/\/www\.onvif\.org\//i;
/** Have columns of their own. */
const IN_COLUMNS = /^(?:name|hardware)(?:\/|$)/i;
/** A line of a terminal or two; `--json` has all. */
const MAX_LENGTH = 180;

/** What a camera's scopes say beyond name and hardware: `location/city/Graz, Profile/T, type/ptz`; null where they say nothing. */
export function describeScopes(scopes: readonly string[]): string | null {
  const shown = scopes
    .map((scope) => printable(decode(scope.replace(ONVIF, ''))))
    .filter((scope) => scope !== '' && !IN_COLUMNS.test(scope));
  const text = [...new Set(shown)].toSorted((a, b) => rankOf(a) - rankOf(b)).join(', ');
  if (text === '') return null;
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH - 1)}…`;
}

/** Where a camera is comes first: it tells cameras of one model apart. */
function rankOf(scope: string): number {
  return /^location(?:\/|$)/i.test(scope) ? 0 : 1;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
