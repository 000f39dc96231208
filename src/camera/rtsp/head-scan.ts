const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const SLASH = 0x2f;
const UNDERSCORE = 0x5f;
const MIN_WORD = 3;
/** Of a method's name. */
export const MAX_WORD_BYTES = 32;

/**
 * Finds lines and heads of messages in a buffer, asked for places that only ever grow. However many places of a stretch of garbage look
 * like the beginning of a message, each byte of it is searched but a few times.
 */
export class HeadScan {
  readonly #buffer: Buffer;
  #lineFeed = -1;
  #unprintable = -1;
  #emptyLine = -1;

  /** `noEmptyLineBefore`: up to where the empty line was searched before, when there were fewer bytes. */
  constructor(buffer: Buffer, noEmptyLineBefore: number) {
    this.#buffer = buffer;
    this.#emptyLine = noEmptyLineBefore > 0 ? endOfHead(buffer, noEmptyLineBefore) : -1;
  }

  /**
   * Whether a message can begin at `offset`: an upper-case word of a method's length, a space or slash behind it, and printable characters to the
   * end of the line, or of the buffer.
   */
  mayBegin(offset: number): boolean {
    return this.#hasWord(offset) && this.#isPrintable(offset, this.lineEnd(offset));
  }

  /** Of the LF that ends the line; the buffer's length where there is none yet. */
  lineEnd(offset: number): number {
    if (this.#lineFeed < offset) this.#lineFeed = orLength(this.#buffer, this.#buffer.indexOf(LF, offset));
    return this.#lineFeed;
  }

  /** Behind the empty line that ends the head with this first line; undefined where there is none yet. */
  headEnd(lineEnd: number): number | undefined {
    // The head may be its first line alone.
    if (this.#emptyLine < lineEnd + 2) this.#emptyLine = endOfHead(this.#buffer, lineEnd);
    return this.#emptyLine > this.#buffer.length ? undefined : this.#emptyLine;
  }

  #hasWord(offset: number): boolean {
    const buffer = this.#buffer;
    const last = Math.min(offset + MAX_WORD_BYTES, buffer.length - 1);
    for (let index = offset; index <= last; index += 1) {
      const byte = buffer.readUInt8(index);
      if (byte === SPACE || byte === SLASH) return index - offset >= MIN_WORD;
      if ((byte < 0x41 || byte > 0x5a) && byte !== UNDERSCORE) return false;
    }
    return last - offset < MAX_WORD_BYTES;
  }

  #isPrintable(offset: number, lineEnd: number): boolean {
    const buffer = this.#buffer;
    if (this.#unprintable < offset) {
      let index = offset;
      while (index < buffer.length && isPrintable(buffer.readUInt8(index))) index += 1;
      this.#unprintable = index;
    }
    return this.#unprintable >= lineEnd || (this.#unprintable === lineEnd - 1 && buffer[lineEnd - 1] === CR);
  }
}

/** Bytes of other character sets too. */
function isPrintable(byte: number): boolean {
  return (byte >= SPACE && byte <= 0x7e) || byte >= 0x80;
}

/** Behind the first empty line at or after `from`; more than the buffer's length where there is none. Bare LF is accepted. */
function endOfHead(buffer: Buffer, from: number): number {
  const crlf = orLength(buffer, buffer.indexOf('\n\r\n', from, 'latin1')) + 3;
  const lf = orLength(buffer, buffer.indexOf('\n\n', from, 'latin1')) + 2;
  return Math.min(crlf, lf);
}

function orLength(buffer: Buffer, index: number): number {
  return index < 0 ? buffer.length : index;
}
