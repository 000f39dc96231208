import { createHash, timingSafeEqual } from 'node:crypto';

/** What a token allows. */
export type Grant =
  | {
      role: 'client';
      /** The peers it may connect to; absent: all. */
      peers?: ReadonlySet<string>;
    }
  | {
      role: 'device';
      /** The id that this token's device gets; absent: made from the name it registers with. */
      peer?: string;
    };

/** Decides on tokens. `undefined` as a token: none was given. */
export interface TokenVerifier {
  /** The grant, or undefined where the token is not accepted. */
  verify(token: string | undefined): Grant | undefined | Promise<Grant | undefined>;
}

export interface StaticTokensOptions {
  /** Tokens of clients; `peers` limits one to some cameras. */
  clients?: { token: string; peers?: string[] }[];
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
