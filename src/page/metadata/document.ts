import { type AnalyticsFrame, readFrames } from './analytics-frame.ts';

/** A document as the page deals with it. */
export interface PageDocument {
  /** As the camera wrote it. */
  text: string;
  /** Length of the camera's bytes. */
  bytes: number;
  /** When it came, milliseconds since 1970. */
  at: number;
  /** What is in it (`VideoAnalytics`, `PTZ`, `Event`), or why that is not known. */
  about: string;
  frames: AnalyticsFrame[];
}

/** Most characters of a document in which objects are looked for: reading more would be seen in the picture. */
const MAX_PARSED_LENGTH = 512 * 1024;
const MAX_PARTS = 8;

/** Reads a document. What is no XML, or too much of it, is still a document that can be looked at. */
export function readDocument(text: string, bytes: number, at: number): PageDocument {
  const document = { text, bytes, at, frames: [] };
  if (text.length > MAX_PARSED_LENGTH) return { ...document, about: 'too long to look for objects' };
  // A metadata document needs none, and what one can do is not wanted.
  if (text.includes('<!DOCTYPE')) return { ...document, about: 'not read: it has a DOCTYPE' };
  const root = new DOMParser().parseFromString(text, 'application/xml').documentElement;
  if (root.localName === 'parsererror' || root.getElementsByTagName('parsererror').length > 0) {
    return { ...document, about: 'not well-formed XML' };
  }
  const parts = [...new Set([...root.children].slice(0, MAX_PARTS).map(({ localName }) => localName))];
  return { ...document, about: parts.join(', ') || root.localName, frames: readFrames(root) };
}
