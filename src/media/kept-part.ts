/** Most parts of what comes in parts: each costs memory, however little is in it. More than a picture of a camera has. */
export const MAX_PARTS = 8192;

/** A part keeps all bytes alive that came with it: at most so many times its own. */
const MAX_RATIO = 64;

/**
 * A part of what the socket gave, fit to be kept: as it is where it is no small part, which those of pictures are not, else a copy
 * that keeps nothing else alive.
 */
export function keptPart(part: Buffer): Buffer {
  if (part.length * MAX_RATIO >= part.buffer.byteLength) return part;
  // Not out of Node's pool, of which it would keep a whole block alive.
  const copy = Buffer.allocUnsafeSlow(part.length);
  part.copy(copy);
  return copy;
}
