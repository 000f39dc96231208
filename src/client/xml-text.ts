/** How far the XML declaration is looked for, bytes; it is the first thing of a document and short. */
const DECLARATION_BYTES = 160;

/**
 * The text of an XML document: its encoding is what its byte order mark says, else its declaration, else UTF-8 (XML 1.0 section 4.3.3 and appendix F).
 * Bytes that are wrong in that encoding become U+FFFD.
 */
export function decodeXml(bytes: Uint8Array): string {
  return decoderOf(bytes).decode(bytes);
}

function decoderOf(bytes: Uint8Array): TextDecoder {
  const [first, second] = bytes;
  // With a byte order mark, or with none and so begun by `<` in two bytes.
  if ((first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c)) return new TextDecoder('utf-16be');
  if ((first === 0xff && second === 0xfe) || (first === 0x3c && second === 0)) return new TextDecoder('utf-16le');
  const declaration = String.fromCharCode(...bytes.subarray(0, DECLARATION_BYTES));
  const [, encoding = 'utf-8'] = /^<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(declaration) ?? [];
  // What can be read as bytes of one each is not UTF-16, whatever it says of itself.
  if (/^utf-?16/i.test(encoding)) return new TextDecoder();
  try {
    return new TextDecoder(encoding);
  } catch {
    return new TextDecoder();
  }
}
