/* What a token opens: one rule for the embedded signaling server, the API and the page. */

interface Limited {
  /** When the token ends, milliseconds since 1970; absent: never. */
  expiresAt?: number;
}

export interface ClientGrant extends Limited {
  role: 'client';
  /** Ids of the cameras that it may see, which are their peer ids at the embedded server; absent: all. */
  peers?: ReadonlySet<string>;
}

export interface DeviceGrant extends Limited {
  role: 'device';
  /** The id that this token's device gets; absent: made from the name it registers with. */
  peer?: string;
}

export type Grant = ClientGrant | DeviceGrant;

/** Judges tokens. `undefined` as a token: none was given. */
export interface TokenVerifier {
  /** The grant, or undefined where the token is not accepted; never rejects. */
  verify(token: string | undefined): Grant | undefined | Promise<Grant | undefined>;
}

export function isExpired({ expiresAt }: Grant, now: number): boolean {
  return expiresAt !== undefined && now >= expiresAt;
}
