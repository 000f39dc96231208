import { controlUrl } from './control-url.ts';
import type { RtspTrack } from './sdp.ts';

/** Where the media of one track begin, as far as the answer to PLAY says it (RFC 2326 section 12.33). */
export interface RtpStart {
  sequenceNumber?: number;
  /** RTP timestamp that belongs to the beginning of the range that is played. */
  timestamp?: number;
}

const MAX_LENGTH = 16 * 1024;

/**
 * Where each track begins. What an entry's URL says of it counts; where it fits none, and there are as many entries as tracks, their order.
 */
export function rtpStarts(value: string, tracks: readonly RtspTrack[], base: string): Map<RtspTrack, RtpStart> {
  const entries = parseRtpInfo(value);
  const starts = new Map<RtspTrack, RtpStart>();
  for (const [index, track] of tracks.entries()) {
    const uri = controlUrl(base, track.control);
    const named = entries.find(({ url }) => url !== '' && controlUrl(base, url) === uri);
    const found = named ?? (entries.length === tracks.length ? entries[index] : undefined);
    if (found !== undefined) starts.set(track, found.start);
  }
  return starts;
}

/**
 * Reads the RTP-Info of an answer: for each entry its URL as it came, which cameras write in full, relative, or not at all. Entries
 * are told apart by their `url=`, since URLs hold commas and semicolons.
 */
function parseRtpInfo(value: string): { url: string; start: RtpStart }[] {
  const entries = value.slice(0, MAX_LENGTH).split(/(?:^|,)\s*(?=url\s*=)/i);
  return entries.flatMap((entry) => {
    const [, url] = /^url\s*=\s*"?([^";\s]*(?:;(?!\s*(?:seq|rtptime|ssrc)\s*=)[^";\s]*)*)/i.exec(entry) ?? [];
    if (url === undefined) return [];
    const sequenceNumber = number(entry, 'seq', 0xffff);
    const timestamp = number(entry, 'rtptime', 0xffffffff);
    const start = {
      ...(sequenceNumber === undefined ? {} : { sequenceNumber }),
      ...(timestamp === undefined ? {} : { timestamp }),
    };
    return [{ url: url.replace(/,$/, ''), start }];
  });
}

function number(entry: string, name: string, most: number): number | undefined {
  const [, digits] = new RegExp(String.raw`;\s*${name}\s*=\s*"?(\d{1,10})`, 'i').exec(entry) ?? [];
  const value = Number(digits);
  return value <= most ? value : undefined;
}
