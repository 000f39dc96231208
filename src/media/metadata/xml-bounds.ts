import { firstBytes, lastBytes } from './byte-parts.ts';

/*
 * Where an XML document begins and whether it is closed, without reading what is in between. Bytes are looked at as Latin-1 without zeros: markup is
 * ASCII, and in UTF-16 each of its characters is its byte and a zero, in this order or the other (XML 1.0 appendix F).
 */

/** Byte order marks of UTF-8 and UTF-16, as Latin-1. */
const BYTE_ORDER_MARKS = ['\u00ef\u00bb\u00bf', '\u00ff\u00fe', '\u00fe\u00ff'];
/** An XML declaration or ONVIF's root element: nothing in the middle of a document begins like this. */
const BEGINNING = /^\s*<(?:\?xml\s|(?:[\w.-]+:)?MetadataStream[\s/>])/i;
const BEGINNING_BYTES = 256;
/** Of the beginning of a document, in which its root element is looked for. */
const HEAD_BYTES = 4096;
/** Of its end, in which that is closed: comments may follow. */
const TAIL_BYTES = 1024;
/** What may stand before and behind the root element. */
const MISCELLANEOUS = [
  { open: '<?', close: '?>' },
  { open: '<!--', close: '-->' },
] as const;
const NAME = /<([^\s<>/=!?'"]+)(?=[\s/>])/y;
/** The attributes of an element without content. */
const EMPTY_ELEMENT_REST = /^(?:[^<>"']|"[^"<]*"|'[^'<]*')*\/>$/;

/** Whether a packet begins a document, whatever came before it. */
export function beginsXml(payload: Buffer): boolean {
  const text = markup(payload.subarray(0, BEGINNING_BYTES));
  const content = withoutByteOrderMark(text);
  return BEGINNING.test(content) || (content.length < text.length && /^\s*</.test(content));
}

/** Whether the bytes are the beginning of a document, and its root element is still to come. */
export function isProlog(parts: readonly Buffer[]): boolean {
  const head = withoutByteOrderMark(markup(firstBytes(parts, HEAD_BYTES)));
  return prologEnd(head) === head.length;
}

/** Whether the bytes, from first to last, are a document whose root element is closed. */
export function isClosedXml(parts: readonly Buffer[]): boolean {
  const head = withoutByteOrderMark(markup(firstBytes(parts, HEAD_BYTES)));
  const root = rootElement(head);
  if (root === undefined) return false;
  const tail = withoutTrailing(markup(lastBytes(parts, TAIL_BYTES)));
  if (tail.endsWith('/>')) return EMPTY_ELEMENT_REST.test(withoutTrailing(head).slice(root.end));
  const lastTag = tail.slice(tail.lastIndexOf('<'));
  return lastTag.startsWith('</') && lastTag.endsWith('>') && lastTag.slice(2, -1).trimEnd() === root.name;
}

function rootElement(head: string): { name: string; end: number } | undefined {
  NAME.lastIndex = prologEnd(head);
  const name = NAME.exec(head)?.[1];
  return name === undefined ? undefined : { name, end: NAME.lastIndex };
}

/** Where what stands before the root element ends; the end of the text where that is all there is. */
function prologEnd(text: string): number {
  let at = skipSpace(text, 0);
  for (;;) {
    const found = MISCELLANEOUS.find(({ open }) => text.startsWith(open, at));
    const close = found?.close ?? (text.startsWith('<!DOCTYPE', at) ? '>' : undefined);
    if (close === undefined) return at;
    const end = text.indexOf(close, at);
    if (end < 0) return text.length;
    at = skipSpace(text, end + close.length);
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (/\s/.test(text.charAt(at))) at += 1;
  return at;
}

/** Without white space, comments and processing instructions at the end. */
function withoutTrailing(text: string): string {
  let rest = text.trimEnd();
  for (;;) {
    const found = MISCELLANEOUS.find(({ close }) => rest.endsWith(close));
    const open = found === undefined ? -1 : rest.lastIndexOf(found.open);
    if (open < 0) return rest;
    rest = rest.slice(0, open).trimEnd();
  }
}

function withoutByteOrderMark(text: string): string {
  const mark = BYTE_ORDER_MARKS.find((each) => text.startsWith(each));
  return mark === undefined ? text : text.slice(mark.length);
}

function markup(bytes: Buffer): string {
  return bytes.toString('latin1').replaceAll('\0', '');
}
