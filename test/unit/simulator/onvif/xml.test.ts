import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { child, childText, element, MalformedXmlError, parseXml, xml } from '../../../../src/simulator/onvif/xml.ts';

describe('parseXml', () => {
  it('resolves prefixes and default namespaces, also those declared further in', () => {
    const root = parseXml('<x:a xmlns:x="urn:1" xmlns="urn:2"><b/><x:c><d xmlns="urn:3"/></x:c></x:a>');
    expect([root.namespace, root.name]).toEqual(['urn:1', 'a']);
    expect(root.children.map(({ namespace, name }) => `${namespace} ${name}`)).toEqual(['urn:2 b', 'urn:1 c']);
    expect(child(child(root, 'c'), 'd')?.namespace).toBe('urn:3');
  });

  it('gives no namespace to a prefix that is not declared', () => {
    expect(parseXml('<x:a/>').namespace).toBe('');
  });

  it('decodes predefined and numeric references in text and attributes', () => {
    const root = parseXml('<a b="&quot;&#65;">&lt;&amp;lt; &#x20AC;</a>');
    expect(root.text).toBe('<&lt; €');
    expect(root.attributes.get('b')).toBe('"A');
  });

  it('keeps text that looks like a number or a boolean as it is', () => {
    const root = parseXml('<a t="007"><b>0123</b><c>true</c></a>');
    expect([root.attributes.get('t'), childText(root, 'b'), childText(root, 'c')]).toEqual(['007', '0123', 'true']);
  });

  it.each([
    ['a document type declaration', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
    ['nothing', ''],
    ['text', 'hello'],
    ['an element that is not closed', '<a><b></a>'],
    ['a declaration alone', '<?xml version="1.0"?>'],
    ['nesting without end', '<a>'.repeat(10_000) + '</a>'.repeat(10_000)],
  ])('refuses %s', (_, text) => {
    expect(() => parseXml(text)).toThrow(MalformedXmlError);
  });

  it('gives an element or refuses, whatever comes', () => {
    const scraps = [
      '<a>',
      '</a>',
      '<x:b xmlns:x="u">',
      '</x:b>',
      '<![CDATA[',
      ']]>',
      '<!--',
      '-->',
      '<?p?>',
      '&#x110000;',
      '&lt;',
    ];
    const names = [
      '<__proto__>',
      '</__proto__>',
      '<constructor/>',
      '<a toString="1"/>',
      ' xmlns="',
      '"',
      '<!DOCTYPE a>',
      '<#text>',
    ];
    const piece = fc.oneof(fc.constantFrom(...scraps, ...names), fc.string({ maxLength: 5 }));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          return typeof parseXml(pieces.join('')).name === 'string';
        } catch (error) {
          return error instanceof MalformedXmlError;
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('xml', () => {
  it('escapes values and inserts markup', () => {
    const inner = [xml`<b>${'<&>'}</b>`, xml`<c d="${'"\''}"/>`];
    expect(xml`<a>${inner}${undefined}${7}</a>`.text).toBe('<a><b>&lt;&amp;&gt;</b><c d="&quot;&apos;"/>7</a>');
  });

  it('makes elements with computed names and escaped attributes', () => {
    expect(element('tt:Name', { token: '<1>' }, xml`x`).text).toBe('<tt:Name token="&lt;1&gt;">x</tt:Name>');
  });
});
