/**
 * A small typed event emitter that works in browsers and in Node. A listener that throws harms neither the emitter
 * nor the other listeners: the error goes to `onListenerError`, which rethrows it outside the call.
 */
export class Emitter<Events extends Record<string, unknown[]>> {
  readonly #listeners: { [Name in keyof Events]?: Set<(...values: Events[Name]) => void> } = {};

  /** Adds a listener; the returned function removes it. */
  on<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): () => void {
    const listeners = (this.#listeners[name] ??= new Set());
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Calls the listeners in the order in which they were added. */
  emit<Name extends keyof Events>(name: Name, ...values: Events[Name]): void {
    for (const listener of this.#listeners[name] ?? []) {
      try {
        listener(...values);
      } catch (error) {
        onListenerError(error);
      }
    }
  }

  removeAllListeners(): void {
    for (const name of Object.keys(this.#listeners)) delete this.#listeners[name];
  }
}

function onListenerError(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
