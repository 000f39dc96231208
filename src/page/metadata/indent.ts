/** Deeper than this it would only be pushed out of sight. */
const DEEPEST = 12;

/**
 * For reading: an XML document that was written in one line, with a line for each element. One that has lines of its own is as it was; nothing but
 * white space between elements is ever added.
 */
export function indentXml(text: string): string {
  const body = text.trim();
  const declaration = /^<\?xml[^>]*\?>\s*/.exec(body)?.[0] ?? '';
  const root = body.slice(declaration.length);
  if (root.includes('\n')) return body;
  let depth = 0;
  const lines = root.split(/(?<=>)(?=<)/).map((piece) => {
    const closes = piece.startsWith('</');
    if (closes) depth = Math.max(0, depth - 1);
    const line = '  '.repeat(Math.min(depth, DEEPEST)) + piece;
    if (!closes && !/^<[?!]|\/>$|<\/[^<>]*>$/.test(piece)) depth += 1;
    return line;
  });
  return [declaration.trim(), ...lines].filter((line) => line !== '').join('\n');
}
