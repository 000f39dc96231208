import { isObject } from '../check.ts';

/** What a candidate line says (RFC 8839 section 5.1). */
export interface CandidateLine {
  transport: string;
  address: string;
  port: number;
  type: string;
}

const LINE =
  /^candidate:[\w+/]{1,32} \d{1,5} (?<transport>\S+) \d{1,10} (?<address>\S+) (?<port>\d{1,5}) typ (?<type>host|srflx|prflx|relay)(?: \S+ \S+)*\s*$/i;

/** Undefined where the line is none. */
export function parseCandidate(line: string): CandidateLine | undefined {
  const { transport, address, port, type } = LINE.exec(line)?.groups ?? {};
  if (transport === undefined || address === undefined || port === undefined || type === undefined) return undefined;
  return { transport: transport.toLowerCase(), address, port: Number(port), type: type.toLowerCase() };
}

/** The line of a trickled RTCIceCandidateInit; undefined where there is none. */
export function lineOf(candidate: unknown): string | undefined {
  return isObject(candidate) && typeof candidate['candidate'] === 'string' ? candidate['candidate'] : undefined;
}

/** "Empty ICE candidate content" (5.2.6): an empty string as candidate, or an object that says nothing. */
export function isEnd(candidate: unknown): boolean {
  if (candidate === null || candidate === '' || candidate === undefined) return true;
  if (!isObject(candidate)) return false;
  const { candidate: line } = candidate;
  return line === undefined || line === null || line === '';
}
