import { Emitter } from '../../base/emitter.ts';

const KEY = 'boxes';

/** Whether boxes are drawn, on unless somebody switched them off: one choice for all cards, remembered, and shared with other tabs. */
export class BoxesChoice {
  readonly events = new Emitter<{ change: [] }>();
  readonly #storage: Pick<Storage, 'getItem' | 'setItem'>;

  /** @param page the window, which tells of other tabs */
  constructor(storage: Pick<Storage, 'getItem' | 'setItem'>, page: EventTarget) {
    this.#storage = storage;
    page.addEventListener('storage', () => this.events.emit('change'));
  }

  get isOn(): boolean {
    return this.#storage.getItem(KEY) !== 'off';
  }

  toggle(): void {
    this.#storage.setItem(KEY, this.isOn ? 'off' : 'on');
    this.events.emit('change');
  }
}
