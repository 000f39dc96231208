/**
 * What a camera wrote, as one line for logs, terminals and pages: control characters become spaces, the length is bounded.
 */
export function printable(text: string, maxLength = 200): string {
  return text
    .slice(0, maxLength)
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim();
}
