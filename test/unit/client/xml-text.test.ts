import { describe, expect, it } from 'vitest';
import { decodeXml } from '../../../src/client/xml-text.ts';

const TEXT = '<?xml version="1.0" encoding="UTF-16"?><a>Tür 門</a>';

function bigEndian(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

describe('text of an XML document', () => {
  it.each([
    ['UTF-16 with a mark, little end first', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(TEXT, 'utf16le')])],
    ['UTF-16 with a mark, big end first', Buffer.concat([Buffer.from([0xfe, 0xff]), bigEndian(TEXT)])],
    ['UTF-16 without a mark, little end first', Buffer.from(TEXT, 'utf16le')],
    ['UTF-16 without a mark, big end first', bigEndian(TEXT)],
    ['UTF-8 with a mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(TEXT)])],
    ['bytes that are UTF-8 and declared as UTF-16', Buffer.from(TEXT)],
  ])('is read from %s', (_name, bytes) => {
    expect(decodeXml(bytes)).toBe(TEXT);
  });

  it('is read in the encoding that it declares', () => {
    expect(decodeXml(Buffer.from(`<?xml version='1.0' encoding='ISO-8859-1' ?><a>Tür</a>`, 'latin1'))).toContain('<a>Tür</a>');
  });

  it.each(['<a>Tür</a>', '<?xml version="1.0" encoding="x-unheard-of"?><a>Tür</a>', ''])('is UTF-8 otherwise: %s', (text) => {
    expect(decodeXml(Buffer.from(text))).toBe(text);
  });

  it('has U+FFFD for what is wrong', () => {
    expect(decodeXml(Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0x3c]))).toBe('<a>\ufffd<');
  });
});
