import { copyOnPress } from '../copy-button.ts';
import { find, setText } from '../dom.ts';
import { formatBytes, formatCount } from '../format.ts';
import type { PageDocument } from './document.ts';
import { indentXml } from './indent.ts';
import { RecentDocuments } from './recent-documents.ts';

/** The list is renewed no more often than this, milliseconds. */
const RENEW_MS = 250;
/** Characters shown of a document; all of it can be copied. */
const SHOWN_LENGTH = 100_000;

/** The documents of a session as the camera wrote them, newest first. Texts of a camera are only ever set as text. */
export class DocumentsPanel {
  readonly #element: HTMLDetailsElement;
  readonly #count: HTMLElement;
  readonly #pause: HTMLButtonElement;
  readonly #list: HTMLOListElement;
  readonly #template = find(document, '#metadata-document', HTMLTemplateElement);
  #documents = new RecentDocuments();
  #isPaused = false;
  #renewal: number | undefined;

  constructor(element: HTMLDetailsElement) {
    this.#element = element;
    this.#count = find(element, '[data-testid="documents-count"]', HTMLElement);
    this.#pause = find(element, '[data-testid="documents-pause"]', HTMLButtonElement);
    this.#list = find(element, 'ol', HTMLOListElement);
    element.addEventListener('toggle', () => this.#renew());
    this.#pause.addEventListener('click', () => this.#setPaused(!this.#isPaused));
  }

  get isEmpty(): boolean {
    return this.#documents.count === 0;
  }

  add(document: PageDocument): void {
    this.#documents.add(document);
    if (this.#renewal !== undefined) return;
    this.#renewal = window.setTimeout(() => {
      this.#renewal = undefined;
      this.#renew();
    }, RENEW_MS);
  }

  /** Forgets the documents of a session that is over. */
  clear(): void {
    this.#documents = new RecentDocuments();
    this.#setPaused(false);
    this.#list.replaceChildren();
    this.#renew();
  }

  #setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    setText(find(this.#pause, 'span', HTMLElement), isPaused ? 'Go on' : 'Pause');
    this.#renew();
  }

  #renew(): void {
    const { count, bytes, newest } = this.#documents;
    this.#element.hidden = count === 0;
    setText(this.#count, `${formatCount(count, 'document')}, ${formatBytes(bytes)}`);
    if (!this.#element.open || this.#isPaused) return;
    const rows = [...this.#list.children].filter((row) => row instanceof HTMLLIElement);
    const shown = new Map(rows.map((row) => [row.dataset['document'], row]));
    this.#list.replaceChildren(
      ...newest.map((document, index) => {
        const number = String(count - index);
        return shown.get(number) ?? this.#row(document, number);
      }),
    );
  }

  #row(pageDocument: PageDocument, number: string): HTMLLIElement {
    const row = find(this.#template.content.cloneNode(true) as DocumentFragment, 'li', HTMLLIElement);
    row.dataset['document'] = number;
    setText(find(row, '.at', HTMLElement), timeOf(pageDocument.at));
    setText(find(row, '.about', HTMLElement), pageDocument.about);
    setText(find(row, '.size', HTMLElement), formatBytes(pageDocument.bytes));
    const details = find(row, 'details', HTMLDetailsElement);
    const code = find(row, 'code', HTMLElement);
    details.addEventListener('toggle', () => {
      if (!details.open) return;
      setText(code, readable(pageDocument.text));
      // What somebody reads must not run away.
      this.#setPaused(true);
    });
    copyOnPress(
      find(row, 'button', HTMLButtonElement),
      () => pageDocument.text,
      () => {
        details.open = true;
        setText(code, pageDocument.text);
        return code;
      },
    );
    return row;
  }
}

function readable(text: string): string {
  if (text.length <= SHOWN_LENGTH) return indentXml(text);
  return `${text.slice(0, SHOWN_LENGTH)}\n… and ${text.length - SHOWN_LENGTH} characters more`;
}

/** `14:03:05.240` */
function timeOf(at: number): string {
  const time = new Date(at).toLocaleTimeString(undefined, { hour12: false });
  return `${time}.${String(Math.floor(at) % 1000).padStart(3, '0')}`;
}
