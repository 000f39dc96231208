import type { Logger } from '../base/log.ts';
import type { JwtConfig, ViewerToken } from '../config/gateway-config.ts';
import type { Grant, TokenVerifier } from './grant.ts';
import { JwtVerifier } from './jwt.ts';
import { StaticTokens } from './static-tokens.ts';

export interface AccessOptions {
  viewerTokens: readonly ViewerToken[];
  jwt?: JwtConfig | undefined;
  log: Logger;
}

/** All tokens of one gateway: those of the config, those of an issuer, and those of its own cameras, which are made for this run. */
export class Access implements TokenVerifier {
  /** Neither tokens nor an issuer are configured: whoever reaches the address may watch, which is allowed on loopback only. */
  readonly isOpen: boolean;
  readonly #tokens: StaticTokens;
  readonly #jwt: JwtVerifier | undefined;

  constructor({ viewerTokens, jwt, log }: AccessOptions) {
    this.isOpen = viewerTokens.length === 0 && jwt === undefined;
    this.#tokens = new StaticTokens({
      clients: viewerTokens.map(({ token, cameras }) => ({ token, ...(cameras === undefined ? {} : { peers: cameras }) })),
      openToClients: this.isOpen,
    });
    this.#jwt = jwt === undefined ? undefined : new JwtVerifier(jwt, log);
  }

  /** Makes ready what verifying needs; the log says what is wrong with it. */
  async prepare(): Promise<void> {
    await this.#jwt?.prepare();
  }

  /** From now on the token is that of this camera. */
  addDevice(token: string, peer: string): void {
    this.#tokens.addDevice(token, peer);
  }

  removeDevice(peer: string): void {
    this.#tokens.removeDevice(peer);
  }

  async verify(token: string | undefined): Promise<Grant | undefined> {
    const known = this.#tokens.verify(token);
    if (known !== undefined || this.#jwt === undefined) return known;
    const grant = await this.#jwt.verify(token);
    // An issuer may add devices, but not take the place of a camera of this gateway.
    return grant?.role === 'device' && grant.peer !== undefined && this.#tokens.binds(grant.peer) ? undefined : grant;
  }
}
