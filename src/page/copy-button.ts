import { find, setText } from './dom.ts';

/** How long a button says what it did, milliseconds. */
const SAID_MS = 2500;

/**
 * Copies a text when the button is pressed. Where the browser does not let a page copy (it does on https and on this machine), the text is shown and
 * selected for whoever presses Ctrl+C.
 *
 * @param text as it is then
 * @param show makes the text visible and gives the element that it stands in
 */
export function copyOnPress(button: HTMLButtonElement, text: () => string, show: () => Element): void {
  const label = find(button, 'span', HTMLElement);
  const does = label.textContent;
  const copy = async (): Promise<void> => {
    const copied = await toClipboard(text());
    if (!copied) getSelection()?.selectAllChildren(show());
    setText(label, copied ? 'Copied' : 'Press Ctrl+C');
    setTimeout(() => setText(label, does), SAID_MS);
  };
  button.addEventListener('click', () => void copy());
}

async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
