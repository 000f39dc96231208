import type { FoundDevice } from '../base/api.ts';
import { copyOnPress } from './copy-button.ts';
import { find, setText } from './dom.ts';

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
    copyOnPress(
      copy,
      () => yaml,
      () => {
        details.open = true;
        return code;
      },
    );
    return row;
  }
}
