/** One media section of a session description. */
export interface MediaSection {
  kind: string;
  port: number;
  protocol: string;
  formats: string[];
  /** Its lines, without the media line. */
  lines: string[];
}

export interface SessionDescription {
  /** Before the first media section. */
  lines: string[];
  media: MediaSection[];
}

/**
 * The lines of a session description (RFC 8866), sorted by section. The kit reads SDP by itself: nothing is repaired or understood that
 * is not there.
 */
export function readSdp(text: string): SessionDescription {
  const session: SessionDescription = { lines: [], media: [] };
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line === '') continue;
    if (line.startsWith('m=')) {
      const [kind = '', port = '', protocol = '', ...formats] = line.slice(2).split(' ');
      session.media.push({ kind, port: Number(port), protocol, formats, lines: [] });
    } else (session.media.at(-1)?.lines ?? session.lines).push(line);
  }
  return session;
}

/** Values of `a=NAME:VALUE`, of a section and else of the session, to which attributes of all sections may be moved. */
export function attribute(session: SessionDescription, section: MediaSection, name: string): string[] {
  const own = valuesOf(section.lines, name);
  return own.length > 0 ? own : valuesOf(session.lines, name);
}

/** Values of `a=NAME:VALUE`; the empty string for `a=NAME`. */
export function valuesOf(lines: readonly string[], name: string): string[] {
  return lines.flatMap((line) => {
    if (line === `a=${name}`) return [''];
    return line.startsWith(`a=${name}:`) ? [line.slice(name.length + 3)] : [];
  });
}

const DIRECTIONS = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];

/** Of a media section; sendrecv where nothing is said (RFC 8866 section 6.7). */
export function directionOf(session: SessionDescription, section: MediaSection): string {
  const find = (lines: readonly string[]): string | undefined => DIRECTIONS.find((direction) => lines.includes(`a=${direction}`));
  return find(section.lines) ?? find(session.lines) ?? 'sendrecv';
}

/** Encoding names of a section in upper case, of static payload types too where they have no rtpmap. */
export function codecsOf({ lines, formats }: MediaSection): string[] {
  const named = valuesOf(lines, 'rtpmap').map((value) => value.split(' ')[1]?.split('/')[0]?.toUpperCase() ?? '');
  return [...named, ...(formats.includes('0') ? ['PCMU'] : [])];
}

/** The description without candidates in it, so that only those that are trickled are known. */
export function withoutCandidates(text: string): string {
  return text.replace(/^a=(candidate:.*|end-of-candidates)\r?\n/gm, '');
}
