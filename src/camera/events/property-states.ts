import type { OnvifEvent } from '../onvif/events.ts';

/** Properties that are remembered; those that changed longest ago give way. A camera with a hundred inputs has some hundred. */
const MAX_PROPERTIES = 512;
/** Of all that is remembered. */
const MAX_CHARACTERS = 1024 * 1024;

/** The last state of each property of a camera (ONVIF Core section 9.4.1), for viewers who come later. */
export class PropertyStates {
  readonly #states = new Map<string, string>();
  #characters = 0;

  /** What is no property, or cannot be passed on, is not remembered. */
  note({ topic, operation, source, key, notification }: OnvifEvent): void {
    if (operation === null || notification === null) return;
    const property = JSON.stringify([topic, sorted(source), sorted(key)]);
    this.#forget(property);
    if (operation === 'Deleted') return;
    const state = initialized(notification);
    this.#states.set(property, state);
    this.#characters += state.length;
    for (const oldest of this.#states.keys()) {
      if (this.#states.size <= MAX_PROPERTIES && this.#characters <= MAX_CHARACTERS) break;
      this.#forget(oldest);
    }
  }

  /** As notifications of what was there before, those that changed longest ago first. */
  get notifications(): string[] {
    return [...this.#states.values()];
  }

  clear(): void {
    this.#states.clear();
    this.#characters = 0;
  }

  #forget(property: string): void {
    this.#characters -= this.#states.get(property)?.length ?? 0;
    this.#states.delete(property);
  }
}

function sorted(items: Record<string, string>): [string, string][] {
  return Object.entries(items).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** To one who comes later it is a state, and no change. */
function initialized(notification: string): string {
  return notification.replace(/(<(?:[^\s<>/:]+:)?Message\s[^<>]*\bPropertyOperation=")Changed"/, '$1Initialized"');
}
