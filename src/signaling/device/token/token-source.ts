import { GatewayError } from '../../../base/errors.ts';
import { FileFault, readWholeFile } from '../../../config/file-fault.ts';

/** Where the access token of one or several devices comes from. */
export interface TokenSource {
  /**
   * The token to connect with now; undefined: the server wants none.
   *
   * @throws GatewayError where none can be had now. The error names the place and never holds a secret.
   */
  current(): string | undefined | Promise<string | undefined>;
  /** Takes note that the server did not accept this token. True where {@link current} has, or will get, another one. */
  refused(token: string): boolean;
  /** Gets no more tokens. */
  close(): void;
}

/** One token that does not change. */
export function fixedToken(token: string | undefined): TokenSource {
  return { current: () => token, refused: () => false, close: () => {} };
}

/** A token that somebody else keeps fresh in a file: read before each attempt to connect. */
export class TokenFile implements TokenSource {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  current(): string {
    return checkedToken(readSecret('signaling.token', this.#file), (what) => {
      return new GatewayError('signaling.token', `The file ${this.#file} ${what}.`, { advice: 'Write the token alone into it.' });
    });
  }

  refused(token: string): boolean {
    try {
      return this.current() !== token;
    } catch {
      // Said at the next attempt.
      return false;
    }
  }

  close(): void {}
}

/** A secret that is read when it is needed; line breaks at its end are not part of it. */
export function readSecret(code: string, file: string): string {
  const secret = readWholeFile(code, file).replace(/[\r\n]+$/, '');
  if (secret === '') throw new FileFault(code, `the file ${file} is empty`, 'write the secret into it');
  return secret;
}

const MAX_TOKEN_LENGTH = 16 * 1024;

/** The token, where it can stand in a header as RFC 6750 section 2.1 has it; else what `fault` makes of what is wrong with it. */
export function checkedToken(token: string, fault: (what: string) => Error): string {
  if (!/^[\x21-\x7e]+$/.test(token))
    throw fault('holds something that no token has: spaces, line breaks or letters beyond ASCII');
  if (token.length > MAX_TOKEN_LENGTH) throw fault('holds more than 16 KiB');
  return token;
}
