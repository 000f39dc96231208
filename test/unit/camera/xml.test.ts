import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copyXml, escapeXml, findElement, findElements, numberAt, parseXml, textAt } from '../../../src/camera/xml.ts';

describe('parseXml', () => {
  it('reads elements and attributes by local name, whatever prefixes the camera uses', () => {
    const root = parseXml('<?xml version="1.0"?><q:a xmlns:q="x" q:token="t1"><b>1</b><z:b>2</z:b><c><d>deep</d></c></q:a>');
    expect(root?.name).toBe('a');
    expect(root?.attributes.get('token')).toBe('t1');
    expect(findElements(root, 'b').map((element) => element.text)).toEqual(['1', '2']);
    expect(textAt(root, 'c', 'd')).toBe('deep');
    expect(findElement(root, 'c', 'missing', 'd')).toBeUndefined();
  });

  it('keeps tokens that look like numbers, truth values or dates as they were written', () => {
    const root = parseXml('<a token="007"><b>0001</b><c>1e3</c><d>true</d><e>12345678901234567890</e></a>');
    expect(root?.attributes.get('token')).toBe('007');
    expect(['b', 'c', 'd', 'e'].map((name) => textAt(root, name))).toEqual(['0001', '1e3', 'true', '12345678901234567890']);
  });

  it('decodes the predefined entities, character references and CDATA, and nothing else', () => {
    const root = parseXml('<a b="x&amp;y&quot;"><c>&lt;&#233;&#x20AC;&apos;&unknown;</c><d>1 <![CDATA[<&amp;>]]></d></a>');
    expect(root?.attributes.get('b')).toBe('x&y"');
    expect(textAt(root, 'c')).toBe("<é€'&unknown;");
    expect(textAt(root, 'd')).toContain('<&amp;>');
  });

  it('refuses a document type, so that no entity expands', () => {
    expect(parseXml('<!DOCTYPE a [<!ENTITY x "boom">]><a>&x;</a>')).toBeUndefined();
  });

  it('refuses endless nesting', () => {
    expect(parseXml('<a>'.repeat(100_000))).toBeUndefined();
  });

  it('refuses what is nothing but tags or attributes', () => {
    expect(parseXml(`<a>${'<b/>'.repeat(400_000)}</a>`)).toBeUndefined();
    expect(parseXml(`<a ${'b="" '.repeat(400_000)}/>`)).toBeUndefined();
  });

  it('says undefined to what is not XML', () => {
    for (const text of ['', 'hello', '<', '<a', '<a b=', '\0\0']) expect(parseXml(text)).toBeUndefined();
  });

  it('never throws, on random text and on broken XML', () => {
    const broken = fc.array(
      fc.constantFrom(
        '<a>',
        '</a>',
        '<b c="',
        '"',
        '/>',
        '<![CDATA[',
        ']]>',
        '<!--',
        '-->',
        '&#x',
        ';',
        '<?',
        'x',
        '<__proto__>',
      ),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          broken.map((parts) => parts.join('')),
        ),
        (text) => {
          expect(() => parseXml(text)).not.toThrow();
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('numberAt', () => {
  it('is undefined for what is no finite number', () => {
    const root = parseXml('<a><n>2048</n><f>12.5</f><x>many</x><i>1e999</i><e/></a>');
    expect(numberAt(root, 'n')).toBe(2048);
    expect(numberAt(root, 'f')).toBe(12.5);
    for (const name of ['x', 'i', 'e', 'none']) expect(numberAt(root, name)).toBeUndefined();
  });
});

describe('escapeXml', () => {
  it('makes any text survive as content and as attribute, but for characters that XML cannot carry', () => {
    expect(escapeXml('a\u0000b\u0008c')).toBe('abc');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        // The parser trims text, and normalizes line ends as XML 1.0 section 2.11 says.
        const expected = `x${text.replaceAll(/[^\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')}x`;
        const safe = escapeXml(expected);
        expect(textAt(parseXml(`<a><b>${safe}</b></a>`), 'b')).toBe(expected);
        expect(parseXml(`<a b="${safe}"/>`)?.attributes.get('b')).toBe(expected);
      }),
    );
  });
});

describe('copyXml', () => {
  const camera = `<e:Envelope xmlns:e="env" xmlns="outer" xmlns:tt="schema"><tt:Body xmlns:v="vendor">
    <tt:Configuration token="a'b&amp;"><tt:Name>x &lt; y</tt:Name><v:Secret v:kind='say "hi"'>7<![CDATA[<raw>]]></v:Secret>
      <Plain xmlns="inner"/><tt:Topic>tns1:Motion</tt:Topic></tt:Configuration></tt:Body></e:Envelope>`;

  it('gives back an element whole, with the namespaces that were in scope, innermost first', () => {
    const copy = copyXml(findElement(parseXml(camera), 'Body', 'Configuration') ?? unreachable());
    expect(copy).toBe(
      '<tt:Configuration xmlns:v="vendor" xmlns:e="env" xmlns="outer" xmlns:tt="schema" token="a\'b&amp;">' +
        '<tt:Name>x &lt; y</tt:Name><v:Secret v:kind="say &#34;hi&#34;">7<![CDATA[<raw>]]></v:Secret>' +
        '<Plain xmlns="inner"></Plain><tt:Topic>tns1:Motion</tt:Topic></tt:Configuration>',
    );
  });

  it('declares nothing twice', () => {
    const inner = findElement(parseXml('<a xmlns="1" xmlns:p="2"><p:b xmlns:p="3" c="4"/></a>'), 'b');
    expect(copyXml(inner ?? unreachable())).toBe('<p:b xmlns="1" xmlns:p="3" c="4"></p:b>');
  });

  it('takes the nearest of several declarations of one prefix', () => {
    const inner = findElement(parseXml('<a xmlns:p="1"><b xmlns:p="2"><p:c/></b></a>'), 'b', 'c');
    expect(copyXml(inner ?? unreachable())).toBe('<p:c xmlns:p="2"></p:c>');
  });

  it('takes no longer where a document declares thousands of namespaces at each of thousands of elements', () => {
    const declarations = Array.from({ length: 20_000 }, (_, index) => ` xmlns:n${index}="u"`).join('');
    const root = parseXml(`<a${declarations}>${'<b xmlns:q="u"/>'.repeat(20_000)}</a>`);
    expect(root?.children).toHaveLength(20_000);
  });
});

function unreachable(): never {
  throw new Error('the element is not there');
}
