import { createHash, timingSafeEqual } from 'node:crypto';
import type { Grant, TokenVerifier } from './grant.ts';

export interface StaticTokensOptions {
  /** Tokens of clients; `peers` limits one to some cameras. */
  clients?: { token: string; peers?: readonly string[] }[];
  /** Tokens of devices; `peer` binds one to one camera, without it any number of devices may share it. */
  devices?: { token: string; peer?: string }[];
  /** Whoever brings no token counts as a client that may see all; for a server on loopback only. */
  openToClients?: boolean;
}

/** Tokens that the config gives, or that were made for this run. */
export class StaticTokens implements TokenVerifier {
  readonly #entries: { digest: Buffer; grant: Grant }[];
  readonly #openToClients: boolean;

  constructor(options: StaticTokensOptions) {
    this.#openToClients = options.openToClients ?? false;
    this.#entries = [
      ...(options.clients ?? []).map(({ token, peers }) => ({
        digest: digestOf(token),
        grant: (peers === undefined ? { role: 'client' } : { role: 'client', peers: new Set(peers) }) satisfies Grant,
      })),
      ...(options.devices ?? []).map(({ token, peer }) => ({
        digest: digestOf(token),
        grant: (peer === undefined ? { role: 'device' } : { role: 'device', peer }) satisfies Grant,
      })),
    ];
  }

  /** From now on the token is that of this device. */
  addDevice(token: string, peer: string): void {
    this.#entries.push({ digest: digestOf(token), grant: { role: 'device', peer } });
  }

  /** Takes the tokens back that are bound to this device. */
  removeDevice(peer: string): void {
    const kept = this.#entries.filter(({ grant }) => grant.role !== 'device' || grant.peer !== peer);
    this.#entries.splice(0, this.#entries.length, ...kept);
  }

  /** Whether a token is bound to this device. */
  binds(peer: string): boolean {
    return this.#entries.some(({ grant }) => grant.role === 'device' && grant.peer === peer);
  }

  /** Takes a time that depends neither on the token's content nor on which entry matches. */
  verify(token: string | undefined): Grant | undefined {
    if (token === undefined) return this.#openToClients ? { role: 'client' } : undefined;
    const digest = digestOf(token);
    let found: Grant | undefined;
    for (const entry of this.#entries) if (timingSafeEqual(entry.digest, digest)) found = entry.grant;
    return found;
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
