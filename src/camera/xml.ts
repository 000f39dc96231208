import { XMLParser } from 'fast-xml-parser';

/**
 * One element of what a camera sent, by local name: cameras choose their own namespace prefixes, and many get the
 * namespaces themselves wrong.
 */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Own text, trimmed, references decoded. Always a string: a token `001` must not become a number. */
  readonly text: string;
}

/** Nesting beyond this is refused; the deepest ONVIF answers have about twelve levels. */
const MAX_DEPTH = 64;

const parser = new XMLParser({
  preserveOrder: true,
  removeNSPrefix: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
  cdataPropName: '#cdata',
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: MAX_DEPTH,
});

/** A node of the parser's ordered form: `{name: children}`, `{'#text': value}` or `{'#cdata': [{'#text': value}]}`. */
type ParsedNode = Record<string, unknown>;

/**
 * The root element of a document, or undefined when it is not XML. A document type is refused, as SOAP 1.2 (section 5)
 * does: without it there are no entities to expand. Never throws.
 */
export function parseXml(document: string): XmlElement | undefined {
  if (document.includes('<!DOCTYPE')) return undefined;
  try {
    return elementsOf(parser.parse(document))[0];
  } catch {
    return undefined;
  }
}

/** The first element along a path of local names; undefined where the path ends early. */
export function findElement(element: XmlElement | undefined, ...path: string[]): XmlElement | undefined {
  let current = element;
  for (const name of path) current = current?.children.find((child) => child.name === name);
  return current;
}

/** The children with this local name. */
export function findElements(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** The text at a path of local names; undefined where there is none or it is empty. */
export function textAt(element: XmlElement | undefined, ...path: string[]): string | undefined {
  const text = findElement(element, ...path)?.text;
  return text === '' ? undefined : text;
}

/** The number at a path of local names; undefined where there is none or it is not a finite number. */
export function numberAt(element: XmlElement | undefined, ...path: string[]): number | undefined {
  const text = textAt(element, ...path);
  const value = text === undefined ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** Text made safe to stand in XML content or in a quoted attribute; characters that XML 1.0 cannot carry are left out. */
export function escapeXml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function elementsOf(nodes: unknown): XmlElement[] {
  const elements: XmlElement[] = [];
  for (const node of nodesOf(nodes)) {
    for (const [name, content] of Object.entries(node)) {
      if (name.startsWith('#') || name === ':@') continue;
      elements.push({ name, attributes: attributesOf(node), children: elementsOf(content), text: textOf(content) });
    }
  }
  return elements;
}

function attributesOf(node: ParsedNode): Map<string, string> {
  const attributes = node[':@'] ?? {};
  return new Map(Object.entries(attributes).map(([name, value]) => [name, decodeReferences(String(value))]));
}

function textOf(nodes: unknown): string {
  let text = '';
  for (const node of nodesOf(nodes)) {
    text += decodeReferences(stringOf(node['#text']));
    for (const part of nodesOf(node['#cdata'])) text += stringOf(part['#text']);
  }
  return text.trim();
}

function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function nodesOf(value: unknown): ParsedNode[] {
  return Array.isArray(value) ? (value as ParsedNode[]) : [];
}

const NAMED_REFERENCES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The five predefined entities and character references (XML 1.0 section 4.1, 4.6); anything else stays as it is. */
function decodeReferences(text: string): string {
  if (!text.includes('&')) return text;
  return text.replaceAll(
    /&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|(amp|lt|gt|quot|apos));/g,
    (reference, decimal, hexadecimal, name) => {
      if (typeof name === 'string') return NAMED_REFERENCES[name] ?? reference;
      const codePoint = typeof decimal === 'string' ? Number.parseInt(decimal, 10) : Number.parseInt(String(hexadecimal), 16);
      return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : reference;
    },
  );
}
