import type { Logger } from '../base/log.ts';

/** A peer may name ever others. */
const MAX_UNUSABLE = 100;

/** Says once of each ICE server that cannot be used why: all sessions of all workers are given it anew. */
export class IceServerWarnings {
  readonly #logger: Logger;
  readonly #said = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @param unusable the servers, each with the reason */
  say(unusable: readonly string[]): void {
    for (const text of unusable) {
      if (this.#said.has(text) || this.#said.size === MAX_UNUSABLE) continue;
      this.#said.add(text);
      this.#logger.warn(`An ICE server is left out: ${text}`);
    }
  }
}
