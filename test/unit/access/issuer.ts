import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

export const HOUR = 3600;

/** An issuer of tokens: its keys, and an HTTP server that tells the public ones. */
export class Issuer {
  /** What the server answers: public keys. */
  readonly published: JWK[] = [];
  /** In place of the keys. */
  answer: { status: number; body: string } | undefined;
  /** How often the keys were asked for. */
  asked = 0;
  /** As the last question for the keys had it. */
  authorization: string | undefined;
  readonly #keys = new Map<string, { key: CryptoKey; alg: string }>();
  readonly #server: Server = createServer((request, response) => {
    this.asked += 1;
    this.authorization = request.headers.authorization;
    const { status, body } = this.answer ?? { status: 200, body: JSON.stringify({ keys: this.published }) };
    response.writeHead(status, { 'content-type': 'application/json', location: '/elsewhere' }).end(body);
  });

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/keys`;
  }

  async addKey(kid: string, alg: string): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    this.#keys.set(kid, { key: privateKey, alg });
    this.published.push({ ...(await exportJWK(publicKey)), kid, alg });
  }

  sign(kid: string, claims: JWTPayload = {}, exp: number = now() + HOUR): Promise<string> {
    const { key, alg } = this.#keys.get(kid) ?? {};
    if (key === undefined || alg === undefined) throw new Error(`no key ${kid}`);
    return new SignJWT({ exp, aud: 'gateway', ...claims }).setProtectedHeader({ alg, kid }).sign(key);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

export function now(): number {
  return Math.floor(Date.now() / 1000);
}
