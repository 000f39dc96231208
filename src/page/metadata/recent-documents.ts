import type { PageDocument } from './document.ts';

const MAX_DOCUMENTS = 20;
/** Characters of all of them. */
const MAX_LENGTH = 4 * 1024 * 1024;

/** The newest documents of a session, and how many there were. */
export class RecentDocuments {
  #documents: PageDocument[] = [];
  #count = 0;
  #bytes = 0;

  /** Newest first. */
  get newest(): readonly PageDocument[] {
    return this.#documents;
  }

  /** Since the session began. */
  get count(): number {
    return this.#count;
  }

  /** Of all documents, as the camera wrote them. */
  get bytes(): number {
    return this.#bytes;
  }

  add(document: PageDocument): void {
    this.#count += 1;
    this.#bytes += document.bytes;
    this.#documents = [document, ...this.#documents].slice(0, MAX_DOCUMENTS);
    let length = 0;
    const end = this.#documents.findIndex(({ text }) => (length += text.length) > MAX_LENGTH);
    // The newest stays, however long it is.
    if (end !== -1) this.#documents.length = Math.max(1, end);
  }
}
