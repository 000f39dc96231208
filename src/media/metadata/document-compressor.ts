import { promisify } from 'node:util';
import { gzip, gzipSync } from 'node:zlib';
import type { DocumentForm } from './document-form.ts';
import { singleMember } from './gzip-member.ts';

/**
 * Large documents, and what comes behind them, that may wait for their compression, and their bytes: what a camera sends at once that was held up for
 * some seconds. The oldest give way, the newest has a place whatever its size.
 */
const MAX_WAITING = 128;
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
/**
 * Up to so many bytes this thread compresses a document itself. To hand it to another and take it back costs this one more; and on a busy machine the
 * other has its turn late: boxes were half a second behind their picture.
 */
const SMALL_BYTES = 16 * 1024;

interface Waiting {
  document: Buffer;
  form: DocumentForm;
  onCompressed: (gzipped: Buffer) => void;
}

const compress = promisify(gzip);

/**
 * Compresses documents, each once for all viewers (`vnd.onvif.metadata+gzip`, ONVIF WebRTC section 6.7.2), in the order in which they
 * came; large ones off this thread.
 */
export class DocumentCompressor {
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #isBusy = false;
  #dropped = 0;

  /** Documents that came faster than they could be compressed, or that the camera compressed to what cannot be expanded. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Takes one whole document.
   *
   * @param form as it comes; what the camera compressed is passed on as it is where viewers can expand that
   */
  push(document: Buffer, onCompressed: (gzipped: Buffer) => void, form: DocumentForm = 'xml'): void {
    if (!this.#isBusy && form === 'xml' && document.length <= SMALL_BYTES) {
      onCompressed(gzipSync(document));
      return;
    }
    this.#waiting.push({ document, form, onCompressed });
    this.#waitingBytes += document.length;
    while (this.#waiting.length > MAX_WAITING || (this.#waitingBytes > MAX_WAITING_BYTES && this.#waiting.length > 1)) {
      this.#next();
      this.#dropped += 1;
    }
    if (!this.#isBusy) void this.#compressWaiting();
  }

  async #compressWaiting(): Promise<void> {
    this.#isBusy = true;
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { document, form, onCompressed } = next;
      const gzipped = await (form === 'xml' ? compress(document) : singleMember(document)).catch(() => undefined);
      if (gzipped === undefined) this.#dropped += 1;
      else onCompressed(gzipped);
    }
    this.#isBusy = false;
  }

  #next(): Waiting | undefined {
    const next = this.#waiting.shift();
    this.#waitingBytes -= next?.document.length ?? 0;
    return next;
  }
}
