import { XMLParser } from 'fast-xml-parser';
import type { XmlElement } from '../../../../src/page/metadata/analytics-frame.ts';

const ATTRIBUTES = ':@';
const TEXT = '#text';

type Node = Record<string, unknown>;

/** The tree that a browser's DOMParser makes of a document, as far as it is read. */
export function parseTree(xml: string): XmlElement {
  const nodes = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseTagValue: false,
    parseAttributeValue: false,
    ignoreDeclaration: true,
  }).parse(xml) as Node[];
  const [root] = elementsOf(nodes, new Map());
  if (root === undefined) throw new Error('no root element');
  return root;
}

function elementsOf(nodes: readonly Node[], outer: ReadonlyMap<string, string>): XmlElement[] {
  return nodes.flatMap((node) => {
    const name = Object.keys(node).find((key) => key !== ATTRIBUTES && key !== TEXT);
    if (name === undefined) return [];
    const attributes = (node[ATTRIBUTES] ?? {}) as Record<string, string>;
    const namespaces = new Map(outer);
    for (const [key, value] of Object.entries(attributes)) {
      const [, prefix = ''] = /^xmlns(?::(.+))?$/.exec(key) ?? [undefined, undefined];
      if (key.startsWith('xmlns')) namespaces.set(prefix, value);
    }
    const content = node[name] as Node[];
    const [prefix = '', localName = prefix] = name.includes(':') ? name.split(':') : ['', name];
    const children = elementsOf(content, namespaces);
    const own = content.map((child) => (typeof child[TEXT] === 'string' ? child[TEXT] : '')).join('');
    return [
      {
        localName,
        namespaceURI: namespaces.get(prefix) ?? null,
        textContent: own + children.map(({ textContent }) => textContent).join(''),
        children,
        getAttribute: (attribute) => attributes[attribute] ?? null,
      },
    ];
  });
}
