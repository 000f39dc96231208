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
  /** As it was written, for {@link copyXml}. */
  readonly written: WrittenElement;
}

interface WrittenElement {
  node: ParsedNode;
  /** What it stands in, whose namespaces hold for it, too; null for the root. */
  parent: WrittenElement | null;
}

/** Nesting beyond this is refused; the deepest ONVIF answers have about twelve levels. */
const MAX_DEPTH = 64;

/**
 * Tags and attributes beyond this many are refused: a document made of nothing else would block the process for seconds. An
 * NVR's 1024 profiles have 200,000.
 */
const MAX_MARKUP = 300_000;

const parser = new XMLParser({
  preserveOrder: true,
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
  if (document.includes('<!DOCTYPE') || isMostlyMarkup(document)) return undefined;
  try {
    return elementsOf(parser.parse(document), null)[0];
  } catch {
    return undefined;
  }
}

/**
 * The element as XML, by itself: with everything in it, known to us or not, and with the namespaces that were in scope. For
 * what must go back to the camera as it came.
 */
export function copyXml(element: XmlElement): string {
  return writeNode(element.written.node, declarationsAround(element.written.parent));
}

/**
 * The element as XML that can stand in another document and that strict readers take, whatever the camera wrote: like {@link copyXml}, but
 * well-formed with namespaces, and with those declarations alone that it needs there. Undefined where that cannot be: a name is none, a
 * prefix is not declared, there are more than a hundred declarations.
 *
 * @param around the declarations (`xmlns:tt`) of the other document, which has no default namespace
 * @param leaveOut children that are not copied, by local name
 */
export function quoteXml(
  { written: { node, parent } }: XmlElement,
  around: ReadonlyMap<string, string>,
  leaveOut: ReadonlySet<string>,
): string | undefined {
  const tag = tagOf(node) ?? '';
  const quoted = { ...node, [tag]: nodesOf(node[tag]).filter((child) => !leaveOut.has(localName(tagOf(child) ?? ''))) };
  const declarations = declarationsAround(parent);
  const isDeclared = (name: string): boolean => declarations.has(name) || around.has(name);
  if (declarations.size > MAX_DECLARATIONS || !isSound(quoted, isDeclared)) return undefined;
  const plain = writeNode(quoted, NO_DECLARATIONS, mended);
  const used = [...declarations].filter(([name, namespace]) => {
    const prefix = name.replace(/^xmlns:?/, '');
    return around.get(name) !== namespace && (prefix === '' || plain.includes(`${prefix}:`));
  });
  return writeNode(quoted, new Map(used), mended);
}

/** The namespace that a prefix means in an element, '' the default one; undefined where it is not declared. */
export function namespaceOf(element: XmlElement, prefix: string): string | undefined {
  const declaration = prefix === '' ? 'xmlns' : `xmlns:${prefix}`;
  for (let each: WrittenElement | null = element.written; each !== null; each = each.parent) {
    const declared = writtenAttributes(each.node).find(([name]) => name === declaration);
    if (declared !== undefined) return decodeReferences(declared[1]).trim();
  }
  return undefined;
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
  return withoutIllegal(text).replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function isMostlyMarkup(document: string): boolean {
  let count = 0;
  for (const sign of '<=') {
    for (let at = document.indexOf(sign); at !== -1; at = document.indexOf(sign, at + 1)) {
      count += 1;
      if (count > MAX_MARKUP) return true;
    }
  }
  return false;
}

function elementsOf(nodes: unknown, parent: WrittenElement | null): XmlElement[] {
  const elements: XmlElement[] = [];
  for (const node of nodesOf(nodes)) {
    const tag = tagOf(node);
    if (tag === undefined) continue;
    const written = { node, parent };
    elements.push({
      name: localName(tag),
      attributes: attributesOf(node),
      children: elementsOf(node[tag], written),
      text: textOf(node[tag]),
      written,
    });
  }
  return elements;
}

/** Undefined for text. */
function tagOf(node: ParsedNode): string | undefined {
  return Object.keys(node).find((key) => !key.startsWith('#') && key !== ':@');
}

function writtenAttributes(node: ParsedNode): [string, string][] {
  return Object.entries(node[':@'] ?? {}).map(([name, value]) => [name, String(value)]);
}

function attributesOf(node: ParsedNode): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const [name, value] of writtenAttributes(node)) {
    if (!isDeclaration(name)) attributes.set(localName(name), decodeReferences(value));
  }
  return attributes;
}

function isDeclaration(attribute: string): boolean {
  return attribute === 'xmlns' || attribute.startsWith('xmlns:');
}

function localName(qualified: string): string {
  return qualified.slice(qualified.indexOf(':') + 1);
}

/** The declarations of namespaces that hold in an element, from those around it, the nearest of each prefix. Shared, since siblings have the same. */
function declarationsAround(parent: WrittenElement | null): ReadonlyMap<string, string> {
  if (parent === null) return NO_DECLARATIONS;
  const known = declarationsIn.get(parent);
  if (known !== undefined) return known;
  const declarations = new Map<string, string>();
  for (let each: WrittenElement | null = parent; each !== null; each = each.parent) {
    for (const [name, value] of writtenAttributes(each.node)) {
      if (isDeclaration(name) && !declarations.has(name)) declarations.set(name, value);
    }
  }
  declarationsIn.set(parent, declarations);
  return declarations;
}

const NO_DECLARATIONS: ReadonlyMap<string, string> = new Map();
const declarationsIn = new WeakMap<WrittenElement, ReadonlyMap<string, string>>();

/**
 * References were never decoded in the parsed form, so nothing is to be escaped, but quotes in attributes.
 *
 * @param text what is done to each text and value of an attribute
 */
function writeNode(
  node: ParsedNode,
  declarations: ReadonlyMap<string, string>,
  text: (written: string) => string = (written) => written,
): string {
  const tag = tagOf(node);
  if (tag === undefined) {
    const sections = nodesOf(node['#cdata']).map((part) => `<![CDATA[${withoutIllegal(stringOf(part['#text']))}]]>`);
    return text(stringOf(node['#text'])) + sections.join('');
  }
  const attributes = new Map([...declarations, ...writtenAttributes(node)]);
  const written = [...attributes].map(([name, value]) => ` ${name}="${text(value).replaceAll('"', '&#34;')}"`).join('');
  const content = nodesOf(node[tag]).map((child) => writeNode(child, NO_DECLARATIONS, text));
  return `<${tag}${written}>${content.join('')}</${tag}>`;
}

/** Of an element or attribute (Namespaces in XML 1.0 section 4), without the rarer letters of XML 1.0 section 2.3. */
const QUALIFIED_NAME = /^(?:([\p{L}_][\p{L}\p{N}_.-]*):)?[\p{L}_][\p{L}\p{N}_.-]*$/u;
/** Around an element that is quoted; gSOAP declares some seventy. */
const MAX_DECLARATIONS = 100;

/** @param isDeclared whether a declaration, `xmlns:tt`, holds around it */
function isSound(node: ParsedNode, isDeclared: (name: string) => boolean): boolean {
  const tag = tagOf(node);
  if (tag === undefined) return true;
  const attributes = writtenAttributes(node);
  const own = new Map(attributes.filter(([name]) => isDeclaration(name)));
  for (const [name, value] of own) {
    // A prefix cannot be taken back, and two of them mean what they mean (Namespaces in XML 1.0 sections 3 and 5).
    if (name !== 'xmlns' && (value.trim() === '' || name === 'xmlns:xml' || name === 'xmlns:xmlns')) return false;
  }
  const holds = own.size === 0 ? isDeclared : (name: string): boolean => own.has(name) || isDeclared(name);
  const isName = (name: string): boolean => {
    const parts = QUALIFIED_NAME.exec(name);
    const prefix = parts?.[1];
    return parts !== null && (prefix === undefined || prefix === 'xml' || isDeclaration(name) || holds(`xmlns:${prefix}`));
  };
  return isName(tag) && attributes.every(([name]) => isName(name)) && nodesOf(node[tag]).every((child) => isSound(child, holds));
}

/** Text as it was written, but for what no reader must take: references that mean nothing, signs of markup, characters that XML cannot carry. */
function mended(written: string): string {
  return withoutIllegal(written)
    .replaceAll(/&(?:#\d{1,7};|#x[\da-fA-F]{1,6};|(?:amp|lt|gt|quot|apos);)?/g, (reference) => {
      if (reference === '&') return '&amp;';
      const meant = decodeReferences(reference);
      return meant === reference || withoutIllegal(meant) === '' ? '' : reference;
    })
    .replaceAll('<', '&lt;')
    .replaceAll(']]>', ']]&gt;');
}

/** Characters that XML 1.0 (section 2.2) cannot carry are left out. */
function withoutIllegal(text: string): string {
  return text.replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '');
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
