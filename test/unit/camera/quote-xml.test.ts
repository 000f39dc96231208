import { XMLValidator } from 'fast-xml-parser';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findElement, parseXml, quoteXml, type XmlElement } from '../../../src/camera/xml.ts';

const AROUND = new Map([['xmlns:tt', 'schema']]);
const NOTHING = new Set<string>();

function bodyOf(document: string, ...path: string[]): XmlElement {
  const element = findElement(parseXml(document), ...path);
  if (element === undefined) throw new Error(`there is no such element in ${document}`);
  return element;
}

const quoted = (document: string, ...path: string[]): string | undefined => quoteXml(bodyOf(document, ...path), AROUND, NOTHING);

describe('an element that is quoted', () => {
  it('declares the namespaces that it needs from those around it, the nearest of each, and none else', () => {
    const document = `<e:Envelope xmlns:e="env" xmlns:v="far" xmlns:unused="no"><b xmlns:v="near" xmlns:q="values">
      <n><v:x a="q:name"/></n></b></e:Envelope>`;
    expect(quoted(document, 'b', 'n')).toBe('<n xmlns:v="near" xmlns:q="values"><v:x a="q:name"></v:x></n>');
  });

  it('keeps the default namespace that was in scope, and its own declarations', () => {
    expect(quoted('<a xmlns="d"><n><p:x xmlns:p="own"/></n></a>', 'n')).toBe('<n xmlns="d"><p:x xmlns:p="own"></p:x></n>');
  });

  it('does not declare again what is the same in the other document, and does where it is another', () => {
    expect(quoted('<a xmlns:tt="schema"><n><tt:x/></n></a>', 'n')).toBe('<n><tt:x></tt:x></n>');
    expect(quoted('<a xmlns:tt="other"><n><tt:x/></n></a>', 'n')).toBe('<n xmlns:tt="other"><tt:x></tt:x></n>');
    expect(quoted('<a><n><tt:x/></n></a>', 'n')).toBe('<n><tt:x></tt:x></n>');
  });

  it('is as it was written, with references, quotes and CDATA', () => {
    const inside = '<x a="&lt;&quot;&#233;" b=\'say "hi"\'>1 &amp; 2<![CDATA[<&]]></x>';
    expect(quoted(`<a><n>${inside}</n></a>`, 'n')).toBe(
      '<n><x a="&lt;&quot;&#233;" b="say &#34;hi&#34;">1 &amp; 2<![CDATA[<&]]></x></n>',
    );
  });

  it('leaves children out by local name, and nothing deeper', () => {
    const element = bodyOf('<a xmlns:w="w"><n><w:Ours>1</w:Ours><y><Ours>2</Ours></y></n></a>', 'n');
    expect(quoteXml(element, AROUND, new Set(['Ours']))).toBe('<n><y><Ours>2</Ours></y></n>');
  });

  it.each([
    [
      'a bare ampersand',
      '<x a="Tom & Jerry">R&D &unknown; &#12345678;</x>',
      '<x a="Tom &amp; Jerry">R&amp;D &amp;unknown; &amp;#12345678;</x>',
    ],
    ['signs of markup in a value', '<x a="1<2"/>', '<x a="1&lt;2"></x>'],
    ['characters that XML cannot carry', '<x a="\u0001a\uFFFE">\u0008b<![CDATA[\u0000c]]></x>', '<x a="a">b<![CDATA[c]]></x>'],
    ['references to such', '<x>&#0;a&#x1F;&#xD800;&#x110000;b&#x1F600;</x>', '<x>ab&#x1F600;</x>'],
    ['an end of CDATA outside of one', '<x>a]]>b</x>', '<x>a]]&gt;b</x>'],
  ])('is mended where the camera wrote %s', (_, written, mended) => {
    expect(quoted(`<a><n>${written}</n></a>`, 'n')).toBe(`<n>${mended}</n>`);
  });

  it.each([
    ['a prefix that is declared nowhere', '<a><n><v:x/></n></a>'],
    ['a prefix of an attribute that is declared nowhere', '<a><n v:b="1"/></a>'],
    ['a prefix that is declared only in a sibling', '<a><n><y xmlns:v="v"/><v:x/></n></a>'],
    ['a name that is none', '<a><n><1x/></n></a>'],
    ['two colons', '<a xmlns:v="v"><n><v:x:y/></n></a>'],
    ['a prefix that is taken back', '<a><n><x xmlns:v=""/></n></a>'],
    ['a prefix that cannot be declared', '<a><n><x xmlns:xmlns="v"/></n></a>'],
    ['declarations without end', `<a ${Array.from({ length: 101 }, (_, index) => `xmlns:n${index}="u"`).join(' ')}><n/></a>`],
  ])('is not quoted with %s', (_, document) => {
    expect(quoted(document, 'n')).toBeUndefined();
  });

  it('takes no longer where thousands of siblings stand below thousands of declarations', () => {
    const declarations = Array.from({ length: 20_000 }, (_, index) => ` xmlns:n${index}="u"`).join('');
    const root = parseXml(`<a${declarations}>${'<n><x xmlns:q="u"/></n>'.repeat(10_000)}</a>`);
    expect(root?.children.map((child) => quoteXml(child, AROUND, NOTHING)).filter((each) => each !== undefined)).toEqual([]);
    const deep = `<a><n>${'<x xmlns:q="u">'.repeat(50)}${'<y xmlns:r="u"/>'.repeat(20_000)}${'</x>'.repeat(50)}</n></a>`;
    expect(quoted(deep, 'n')).toBeDefined();
  });

  it('is well-formed, and means what the element means, whatever was written', () => {
    const pieces = fc.constantFrom(
      '<x>',
      '</x>',
      '<p:y a="',
      '">',
      '"',
      '/>',
      '&',
      '&amp;',
      '&#0;',
      '&#65;',
      '<![CDATA[',
      ']]>',
      ']',
      '\u0001',
      'text',
      ' ',
      "'",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const element = findElement(parseXml(`<a xmlns:p="u"><n>${parts.join('')}</n></a>`), 'n');
        const xml = element && quoteXml(element, AROUND, NOTHING);
        if (xml === undefined) return;
        expect(XMLValidator.validate(xml)).toBe(true);
        // Control characters apart, which no XML carries.
        expect(parseXml(xml)?.text).toBe(element?.text.replaceAll('\0', '').replaceAll('\u0001', '').trim());
      }),
    );
  });
});
