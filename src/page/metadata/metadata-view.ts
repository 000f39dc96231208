import type { OnvifSession } from '../../client/index.ts';
import { find, setText } from '../dom.ts';
import type { BoxesChoice } from './boxes-choice.ts';
import { readDocument } from './document.ts';
import { DocumentsPanel } from './documents-panel.ts';
import { type DrawnBoxes, Overlay } from './overlay.ts';
import { stepNote } from './step-note.ts';

/** All that a card shows of a session's metadata: boxes over the picture with their switch, what is wrong with them, and the documents. */
export class MetadataView {
  readonly #overlay: Overlay;
  readonly #documents: DocumentsPanel;
  readonly #switch: HTMLButtonElement;
  readonly #note: HTMLElement;
  readonly #choice: BoxesChoice;
  readonly #stopListening: () => void;

  constructor(card: HTMLElement, choice: BoxesChoice) {
    this.#choice = choice;
    const video = find(card, '[data-testid="video"]', HTMLVideoElement);
    this.#overlay = new Overlay(find(card, '[data-testid="overlay"]', HTMLCanvasElement), video);
    this.#documents = new DocumentsPanel(find(card, '[data-testid="documents"]', HTMLDetailsElement));
    this.#switch = find(card, '[data-testid="boxes"]', HTMLButtonElement);
    this.#note = find(card, '[data-testid="metadata-note"]', HTMLElement);
    this.#switch.addEventListener('click', () => choice.toggle());
    this.#stopListening = choice.events.on('change', () => this.#showSwitch());
    this.#showSwitch();
  }

  /** The boxes that are on the picture; null where there are none. */
  get drawn(): DrawnBoxes | null {
    return this.#overlay.drawn;
  }

  /** Shows the metadata of this session from now on. */
  watch(session: OnvifSession | null): void {
    this.#overlay.watch(session);
    this.#documents.clear();
    session?.on('metadata', (xml, _bytes, content) => {
      const document = readDocument(xml, content.length, Date.now());
      this.#documents.add(document);
      this.#overlay.add(document.frames);
    });
  }

  /**
   * @param name of the camera
   * @param isActive the controls of a session are shown
   */
  render(name: string, isActive: boolean): void {
    this.#switch.hidden = !isActive || this.#documents.isEmpty;
    // Whether they are drawn is said by `aria-pressed`: with a name that changed as well one would hear the contrary.
    this.#switch.setAttribute('aria-label', `Boxes around what the camera recognizes, ${name}`);
    const note = stepNote(this.#overlay.outOfStep);
    setText(this.#note, note);
    this.#note.hidden = note === '';
  }

  /** The card leaves the page. */
  close(): void {
    this.#stopListening();
    this.watch(null);
  }

  #showSwitch(): void {
    const { isOn } = this.#choice;
    this.#overlay.setOn(isOn);
    this.#switch.setAttribute('aria-pressed', String(isOn));
    this.#switch.title = isOn ? 'Boxes off' : 'Boxes on';
  }
}
