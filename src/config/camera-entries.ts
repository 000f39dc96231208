import { isIPv6 } from 'node:net';
import { stringify } from 'yaml';
import type { OnvifAddress } from './addresses.ts';
import { isOwnName } from './endpoint-reference.ts';

/** A camera that is to stand in the config. Its texts came from the network. */
export interface CameraToAdd {
  /** For people; null where none is known. */
  name: string | null;
  onvif: OnvifAddress;
  /** Of more than one input each becomes a camera; default 1. */
  videoSources?: number;
  /** What it calls itself in discovery; written only where it is a name of its own. */
  endpointReference?: string;
  /** Undefined: user name and password are left for the reader to fill in. */
  username?: string;
}

/** A camera as it stands in the list. */
export interface Entry {
  id: string;
  /** The environment variable that the config takes the password from. */
  variable: string;
  name: string | undefined;
  onvif: string;
  videoSource: number | undefined;
  endpoint: string | undefined;
  username: string | undefined;
}

const MAX_ID_LENGTH = 64;

/**
 * Entries with ids and variables of their own.
 *
 * @param ids Those that are taken.
 * @param text Of the config, in whose variables none of theirs may stand.
 */
export function entriesOf(cameras: readonly CameraToAdd[], ids: ReadonlySet<string>, text: string): Entry[] {
  const taken = new Set(ids);
  const variables = new Set<string>();
  const slugs = cameras.map(({ name }) => slugOf(name ?? ''));
  return cameras.flatMap(({ name, onvif, videoSources = 1, endpointReference, username }, index) => {
    const slug = slugs[index] ?? '';
    const place = slugOf(`${onvif.host}${onvif.port === 80 ? '' : `-${onvif.port}`}`);
    const shared = slug === '' || taken.has(slug) || slugs.indexOf(slug) !== slugs.lastIndexOf(slug);
    const id = unused(shared ? shorten(slug || 'camera', place) : slug, taken, '-');
    const base = `${/^\d/.test(id) ? 'CAMERA_' : ''}${id.toUpperCase().replaceAll('-', '_')}`;
    const variable = unused(`${base}_PASSWORD`, { has: (word) => variables.has(word) || text.includes(`\${${word}}`) }, '_');
    taken.add(id);
    variables.add(variable);
    const entry = {
      id,
      variable,
      name: name === null || name === '' ? undefined : escapeVariables(name),
      onvif: addressText(onvif),
      videoSource: undefined,
      endpoint: endpointReference !== undefined && isOwnName(endpointReference) ? endpointReference : undefined,
      username,
    };
    return videoSources === 1 ? [entry] : inputsOf(entry, videoSources, taken);
  });
}

/** The inputs of an encoder or NVR, which share its password. */
function inputsOf(device: Entry, inputs: number, taken: Set<string>): Entry[] {
  return Array.from({ length: inputs }, (_, index) => {
    const videoSource = index + 1;
    const id = unused(`${device.id.slice(0, MAX_ID_LENGTH - 10)}-${videoSource}`, taken, '-');
    taken.add(id);
    return { ...device, id, name: `${device.name ?? device.id} ${videoSource}`, videoSource };
  });
}

/** The lines of entries in a list whose dashes stand at `column`. */
export function itemLines(entries: readonly Entry[], column: number): string[] {
  const indent = ' '.repeat(column);
  return entries.flatMap(({ id, name, onvif, videoSource, endpoint, username, variable }) => [
    `${indent}- id: ${scalar(id)}`,
    ...(name === undefined ? [] : [`${indent}  name: ${scalar(name)}`]),
    `${indent}  onvif: ${scalar(onvif)}`,
    ...(videoSource === undefined ? [] : [`${indent}  video_source: ${videoSource}`]),
    ...(endpoint === undefined ? [] : [`${indent}  endpoint: ${scalar(endpoint)}`]),
    ...(username === undefined
      ? [`${indent}  # username: viewer`, `${indent}  # password: \${${variable}}`]
      : [`${indent}  username: ${scalar(escapeVariables(username))}`, `${indent}  password: \${${variable}}`]),
  ]);
}

/** An entry of a list in brackets. */
export function flowItem(entry: Entry): string {
  return `{${Object.entries(dataOf(entry))
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
    .join(', ')}}`;
}

/** An entry as it is read back from the file. */
export function dataOf({ id, name, onvif, videoSource, endpoint, username, variable }: Entry): Record<string, string | number> {
  const credentials = username === undefined ? {} : { username: escapeVariables(username), password: `\${${variable}}` };
  return {
    id,
    ...(name === undefined ? {} : { name }),
    onvif,
    ...(videoSource === undefined ? {} : { video_source: videoSource }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...credentials,
  };
}

/** `Front door (Ost)` -> `front-door-ost`; empty where no Latin letter or digit is in it. */
function slugOf(text: string): string {
  const plain = text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
  return plain
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_ID_LENGTH)
    .replaceAll(/^-|-$/g, '');
}

/** Both, the first cut where they would be too long. */
function shorten(slug: string, place: string): string {
  return `${slug.slice(0, Math.max(1, MAX_ID_LENGTH - place.length - 5))}-${place}`;
}

function unused(wanted: string, taken: { has(word: string): boolean }, separator: string): string {
  let candidate = wanted;
  for (let number = 2; taken.has(candidate); number += 1) {
    candidate = `${wanted.slice(0, MAX_ID_LENGTH - 5)}${separator}${number}`;
  }
  return candidate;
}

/** The shortest form of the address that the config knows. */
function addressText({ host, port, secure, path = '' }: OnvifAddress): string {
  const bracketed = isIPv6(host) ? `[${host}]` : host;
  const place = port === (secure ? 443 : 80) ? bracketed : `${bracketed}:${port}`;
  // A URL cannot carry the scope of a link-local address.
  if ((secure || path !== '') && !host.includes('%')) return escapeVariables(`http${secure ? 's' : ''}://${place}${path}`);
  return port === 80 ? host : place;
}

/** What a camera calls itself must not read our environment. */
function escapeVariables(text: string): string {
  return text.replaceAll('${', () => '$${');
}

/** One line; quoted where YAML would read it as anything else than this text. */
function scalar(text: string): string {
  return stringify(text, { lineWidth: 0 }).trimEnd();
}
