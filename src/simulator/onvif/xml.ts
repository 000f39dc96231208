import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** An element with its namespace resolved, so that a client's choice of prefixes does not matter. */
export interface XmlElement {
  namespace: string;
  name: string;
  /** By name as written (`token`, `wsu:Id`); namespace declarations included. */
  attributes: ReadonlyMap<string, string>;
  children: readonly XmlElement[];
  /** The element's own character data, trimmed. */
  text: string;
  /** In-scope prefixes; a topic expression or a list of types in the text refers to them. */
  prefixes: ReadonlyMap<string, string>;
}

export class MalformedXmlError extends Error {}

const ATTRIBUTE = '@';
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: ATTRIBUTE,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  processEntities: false,
});

type OrderedNode = Record<string, unknown>;

/**
 * Parses a document whose size the caller has bounded. A document type declaration is refused (SOAP 1.2 part 1
 * section 5 forbids it), so no entity can expand.
 */
export function parseXml(text: string): XmlElement {
  if (text.includes('<!DOCTYPE')) throw new MalformedXmlError('A document type declaration is not allowed');
  const validity = XMLValidator.validate(text);
  if (validity !== true) throw new MalformedXmlError(validity.err.msg);
  let nodes: OrderedNode[];
  try {
    nodes = parser.parse(text) as OrderedNode[];
  } catch (error) {
    throw new MalformedXmlError(error instanceof Error ? error.message : String(error));
  }
  const root = nodes.map((node) => toElement(node, new Map())).find((element) => element !== undefined);
  if (root === undefined) throw new MalformedXmlError('The document has no root element');
  return root;
}

function toElement(node: OrderedNode, outer: ReadonlyMap<string, string>): XmlElement | undefined {
  const tag = Object.keys(node).find((key) => key !== ':@' && key !== '#text');
  if (tag === undefined) return undefined;
  const attributes = new Map<string, string>();
  let prefixes = outer;
  for (const [key, value] of Object.entries((node[':@'] ?? {}) as Record<string, unknown>)) {
    const name = key.slice(ATTRIBUTE.length);
    const decoded = decodeReferences(String(value));
    attributes.set(name, decoded);
    if (name === 'xmlns' || name.startsWith('xmlns:')) prefixes = new Map(prefixes).set(name.slice('xmlns:'.length), decoded);
  }
  const content = node[tag] as OrderedNode[];
  const text = content.map((child) => (child['#text'] as string | undefined) ?? '').join('');
  const { namespace, name } = resolveName(tag, prefixes);
  return {
    namespace,
    name,
    attributes,
    prefixes,
    children: content.map((child) => toElement(child, prefixes)).filter((child) => child !== undefined),
    text: decodeReferences(text).trim(),
  };
}

/** Splits `prefix:name` and looks the prefix up; an unknown prefix gives the namespace ''. */
export function resolveName(qualified: string, prefixes: ReadonlyMap<string, string>): { namespace: string; name: string } {
  const colon = qualified.indexOf(':');
  const prefix = colon === -1 ? '' : qualified.slice(0, colon);
  return { namespace: prefixes.get(prefix) ?? '', name: qualified.slice(colon + 1) };
}

const PREDEFINED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decodeReferences(text: string): string {
  return text.replaceAll(
    /&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z]+));/gi,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return PREDEFINED[name] ?? whole;
      const codePoint = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : whole;
    },
  );
}

/** The first child of that local name. Arguments are looked up without their namespace, as forgiving cameras do. */
export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((candidate) => candidate.name === name);
}

/** The text of the first child of that name; undefined where there is none. */
export function childText(element: XmlElement | undefined, name: string): string | undefined {
  return child(element, name)?.text;
}

/** The xs:boolean of the first child of that name; undefined where there is none. */
export function childFlag(element: XmlElement | undefined, name: string): boolean | undefined {
  const text = childText(element, name);
  return text === undefined ? undefined : ['true', '1'].includes(text);
}

/** XML that is already escaped. Only {@link xml} and {@link element} make it. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type MarkupValue = Markup | readonly Markup[] | string | number | boolean | undefined;

/** Template for XML: values are escaped, markup (also in arrays) is inserted as it is, undefined leaves nothing. */
export function xml(strings: TemplateStringsArray, ...values: MarkupValue[]): Markup {
  let text = strings[0] ?? '';
  values.forEach((value, index) => {
    text += render(value) + (strings[index + 1] ?? '');
  });
  return new Markup(text);
}

/** An element whose name or attributes are computed; their names are the program's own, not input. */
export function element(name: string, attributes: Readonly<Record<string, string | number | boolean>>, content: Markup): Markup {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`);
  return new Markup(`<${name}${written.join('')}>${content.text}</${name}>`);
}

function render(value: MarkupValue): string {
  if (value === undefined) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map((part) => part.text).join('');
  return escapeXml(String(value));
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}
