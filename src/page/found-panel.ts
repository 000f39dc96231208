import type { FoundDevice } from '../base/api.ts';
import { find, setText } from './dom.ts';

/** How long a button says what it did, milliseconds. */
const SAID_MS = 2500;

/** The section of what discovery found and the config does not know, with the lines that would make it known. */
export class FoundPanel {
  readonly #element = find(document, '.found', HTMLElement);
  readonly #list = find(this.#element, 'ul', HTMLUListElement);
  readonly #template = find(document, '#found-device', HTMLTemplateElement);
  /** What is shown, since an open row or a selection must not be lost to the next poll. */
  #shown = '[]';

  /** @param devices undefined where discovery is off, or the token does not open this */
  show(devices: readonly FoundDevice[] = []): void {
    const key = JSON.stringify(devices);
    if (key === this.#shown) return;
    this.#shown = key;
    const open = new Set(
      [...this.#list.querySelectorAll<HTMLElement>('li:has(details[open])')].map((row) => row.dataset['device']),
    );
    this.#list.replaceChildren(...devices.map((device) => this.#row(device, open.has(device.endpointReference))));
    this.#element.hidden = devices.length === 0;
  }

  #row({ endpointReference, name, address, hardware, location, yaml }: FoundDevice, isOpen: boolean): Element {
    const row = find(this.#template.content.cloneNode(true) as DocumentFragment, 'li', HTMLLIElement);
    row.dataset['device'] = endpointReference;
    setText(find(row, 'h3', HTMLElement), name ?? hardware ?? 'Camera');
    setText(
      find(row, '.about', HTMLElement),
      [address, hardware, location].filter((part) => part !== null && part !== '').join(' · '),
    );
    const code = find(row, 'code', HTMLElement);
    setText(code, yaml);
    const details = find(row, 'details', HTMLDetailsElement);
    details.open = isOpen;
    const copy = find(row, 'button', HTMLButtonElement);
    copy.setAttribute('aria-label', `Copy the lines of ${name ?? address}`);
    copy.addEventListener('click', () => void copyLines(copy, yaml, code, details));
    return row;
  }
}

async function copyLines(button: HTMLButtonElement, text: string, code: HTMLElement, details: HTMLDetailsElement): Promise<void> {
  const label = find(button, 'span', HTMLElement);
  const copied = await toClipboard(text);
  if (!copied) {
    details.open = true;
    getSelection()?.selectAllChildren(code);
  }
  setText(label, copied ? 'Copied' : 'Press Ctrl+C');
  setTimeout(() => setText(label, 'Copy YAML'), SAID_MS);
}

/** False where the browser does not let us: it does on https and on this machine only. */
async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
