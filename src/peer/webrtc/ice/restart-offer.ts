/* The offer of an ICE restart is the first one with other credentials (RFC 8829 section 5.2.2), and of its answer only the credentials matter. */

export interface IceCredentials {
  usernameFragment: string;
  password: string;
}

/**
 * @param offer as it was sent first
 * @param answer what was answered to it: a section that it rejected stays so
 * @param version how often an offer was made before
 */
export function restartOffer(
  offer: string,
  answer: string,
  { usernameFragment, password }: IceCredentials,
  version: number,
): string {
  const rejected = new Set(
    sectionsOf(answer)
      .filter(({ lines }) => /^m=\S+ 0 /.test(lines[0] ?? ''))
      .map(({ mid }) => mid),
  );
  const [session = '', ...media] = offer.split(/^(?=m=)/m);
  const kept = media.map((section) => (rejected.has(midOf(section)) ? section.replace(/^(m=\S+) \d+/, '$1 0') : section));
  const head = session
    .replace(/^(o=\S+ \S+) (\d+)/m, (_, origin: string, first: string) => `${origin} ${BigInt(first) + BigInt(version)}`)
    .replace(/^(a=group:BUNDLE)(.*)$/m, (_, group: string, mids: string) =>
      [
        group,
        ...mids
          .trim()
          .split(/\s+/)
          .filter((mid) => !rejected.has(mid)),
      ].join(' '),
    );
  return [head, ...kept]
    .join('')
    .replaceAll(/^(a=ice-ufrag:).*?(\r?)$/gm, `$1${usernameFragment}$2`)
    .replaceAll(/^(a=ice-pwd:).*?(\r?)$/gm, `$1${password}$2`)
    .replaceAll(/^a=(?:candidate:.*|end-of-candidates)\r?\n/gm, '');
}

/** The first credentials of a description; undefined where it has none. */
export function readCredentials(sdp: string): IceCredentials | undefined {
  const usernameFragment = /^a=ice-ufrag:([\w+/]{4,256})\s*$/m.exec(sdp)?.[1];
  const password = /^a=ice-pwd:([\w+/]{22,256})\s*$/m.exec(sdp)?.[1];
  return usernameFragment === undefined || password === undefined ? undefined : { usernameFragment, password };
}

/** The description without candidates, and these; a browser in no hurry puts them in there. */
export function takeCandidates(sdp: string): { sdp: string; candidates: string[] } {
  return {
    sdp: sdp.replaceAll(/^a=(?:candidate:.*|end-of-candidates)\r?\n/gm, ''),
    candidates: [...sdp.matchAll(/^a=(candidate:.*?)\r?$/gm)].map(([, line = '']) => line),
  };
}

function sectionsOf(sdp: string): { lines: string[]; mid: string | undefined }[] {
  return sdp
    .split(/^(?=m=)/m)
    .slice(1)
    .map((section) => ({ lines: section.split(/\r?\n/), mid: midOf(section) }));
}

function midOf(section: string): string | undefined {
  return /^a=mid:(\S+)/m.exec(section)?.[1];
}
