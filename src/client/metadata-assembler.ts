import { decodeXml } from './xml-text.ts';

/** One metadata document as it came over the data channel. */
export interface MetadataDocument {
  xml: string;
  /** As the camera wrote it, byte for byte. */
  content: Uint8Array;
  /** Compressed length. */
  bytes: number;
}

/**
 * Expands one GZIP member (RFC 1952) that comes in parts.
 *
 * @returns its bytes; undefined where the parts are no whole member of exactly this length
 */
export type Expand = (parts: readonly Uint8Array[], length: number) => Uint8Array | undefined | Promise<Uint8Array | undefined>;

/** Most bytes of one document, expanded. */
const MAX_EXPANDED_BYTES = 8 * 1024 * 1024;
/** Most bytes of one document, compressed, and of all messages that wait to be looked at. */
const MAX_COMPRESSED_BYTES = 2 * 1024 * 1024;
/** A document whose fragments looked complete this often and were not is given up. */
const MAX_ATTEMPTS = 64;
/** Deflate expands by 1032 at most (zlib's technical details). */
const MAX_EXPANSION = 1032;
const GZIP_MIN_BYTES = 18;

/**
 * Puts the documents of `vnd.onvif.metadata+gzip` together (ONVIF WebRTC section 6.7.2): a message that starts with a GZIP header
 * (RFC 1952) begins a document, the others continue it. No length is announced, so a document is complete when it can be expanded.
 */
export class MetadataAssembler {
  readonly #onDocument: (document: MetadataDocument) => void;
  readonly #expand: Expand;
  #fragments: Uint8Array[] = [];
  #length = 0;
  #attempts = 0;
  /** Expanding is asynchronous: messages are looked at one after the other. */
  #work: Promise<void> = Promise.resolve();
  #waitingBytes = 0;
  #dropped = 0;

  constructor(onDocument: (document: MetadataDocument) => void, expand: Expand = expandByStream) {
    this.#onDocument = onDocument;
    this.#expand = expand;
  }

  /** Messages and unfinished documents that were given up. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes one data channel message. */
  push(message: Uint8Array): void {
    if (this.#waitingBytes + message.length > MAX_COMPRESSED_BYTES) {
      this.#dropped += 1;
      return;
    }
    this.#waitingBytes += message.length;
    this.#work = this.#work.then(async () => {
      this.#waitingBytes -= message.length;
      await this.#take(message);
    });
  }

  async #take(message: Uint8Array): Promise<void> {
    if (isGzipStart(message)) {
      if (this.#length > 0) this.#drop();
    } else if (this.#length === 0) {
      this.#dropped += 1;
      return;
    }
    this.#fragments.push(message);
    this.#length += message.length;
    if (this.#length > MAX_COMPRESSED_BYTES) {
      this.#drop();
      return;
    }
    const expandedLength = this.#announcedLength();
    if (expandedLength === undefined) return;
    this.#attempts += 1;
    const expanded = await this.#expand(this.#fragments, expandedLength);
    if (expanded !== undefined) {
      const document = { xml: decodeXml(expanded), content: expanded, bytes: this.#length };
      this.#reset();
      this.#onDocument(document);
    } else if (this.#attempts >= MAX_ATTEMPTS) this.#drop();
  }

  /** The last four bytes of a complete document say how long it is expanded (RFC 1952 section 2.3.1); undefined where that cannot be. */
  #announcedLength(): number | undefined {
    if (this.#length < GZIP_MIN_BYTES) return undefined;
    const tail: number[] = [];
    for (let at = this.#fragments.length - 1; tail.length < 4; at -= 1)
      tail.unshift(...(this.#fragments[at] ?? []).slice(tail.length - 4));
    const length = new DataView(Uint8Array.from(tail).buffer).getUint32(0, true);
    return length <= Math.min(MAX_EXPANDED_BYTES, this.#length * MAX_EXPANSION) ? length : undefined;
  }

  #drop(): void {
    this.#dropped += 1;
    this.#reset();
  }

  #reset(): void {
    this.#fragments = [];
    this.#length = 0;
    this.#attempts = 0;
  }
}

function isGzipStart(message: Uint8Array): boolean {
  return message[0] === 0x1f && message[1] === 0x8b;
}

/** By what browsers and Node have in common. */
async function expandByStream(fragments: readonly Uint8Array[], length: number): Promise<Uint8Array | undefined> {
  // Not by way of a Blob: Chromium reads one through another process, which a page that is busy waits for longer than for the next document.
  const stream = new DecompressionStream('gzip');
  write(stream.writable.getWriter(), fragments).catch(() => undefined);
  const expanded = new Uint8Array(length);
  let at = 0;
  const reader = stream.readable.getReader();
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      if (at + chunk.value.length > length) {
        await reader.cancel();
        return undefined;
      }
      expanded.set(chunk.value, at);
      at += chunk.value.length;
    }
  } catch {
    return undefined;
  }
  return at === length ? expanded : undefined;
}

async function write(writer: WritableStreamDefaultWriter<BufferSource>, fragments: readonly Uint8Array[]): Promise<void> {
  for (const fragment of fragments) await writer.write(fragment as Uint8Array<ArrayBuffer>);
  await writer.close();
}
