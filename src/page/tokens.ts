import { isOwnServer } from './address.ts';

/** The tokens typed or linked to in this tab, one for each signaling server, since what opens one is nothing that another should see. */
export class Tokens {
  readonly #storage: Pick<Storage, 'getItem' | 'setItem'>;
  readonly #pageUrl: string;

  constructor(storage: Pick<Storage, 'getItem' | 'setItem'>, pageUrl: string) {
    this.#storage = storage;
    this.#pageUrl = pageUrl;
  }

  /** @param server URL as `signalingUrl` gives it */
  get(server: string): string | null {
    return this.#storage.getItem(this.#key(server));
  }

  set(server: string, token: string): void {
    this.#storage.setItem(this.#key(server), token);
  }

  /** Page, API and signaling of the server that sent the page share theirs. */
  #key(server: string): string {
    return isOwnServer(server, this.#pageUrl) ? 'token' : `token ${server}`;
  }
}
