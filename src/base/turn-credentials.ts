import { createHmac } from 'node:crypto';
import type { IceServer } from './ice.ts';

/*
 * Credentials of TURN servers that share a secret with us (draft-uberti-behave-turn-rest-00, coturn's `use-auth-secret`): made anew for
 * each session, good for a time, so that none that leaks opens the relay for ever.
 */

/** An ICE server as the config names it: `secret` stands in place of `username` and `credential`, which are made from it. */
export interface ConfiguredIceServer extends IceServer {
  secret?: string;
}

export interface TurnCredentials {
  username: string;
  credential: string;
}

/** Where sessions have no end. A relay that is in use keeps working beyond it: coturn looks at the time when it allocates. */
const TURN_LIFETIME_SECONDS = 24 * 60 * 60;

/**
 * The time until which it is good (seconds since 1970) and whose it is, as the user name; its HMAC-SHA1 as the password.
 *
 * @param id Who it is for, as the TURN server's log shows it.
 */
export function turnCredentials(secret: string, nowSeconds: number, lifetimeSeconds: number, id: string): TurnCredentials {
  const username = `${Math.ceil(nowSeconds + lifetimeSeconds)}:${id}`;
  return { username, credential: createHmac('sha1', secret).update(username).digest('base64') };
}

/**
 * ICE servers as they are handed to a peer: those with a secret get credentials of their own, and the secret stays here.
 *
 * @param lifetimeSeconds How long new allocations must be possible; default 24 h.
 */
export function iceServersFor(
  configured: readonly ConfiguredIceServer[],
  id: string,
  nowSeconds: number,
  lifetimeSeconds: number = TURN_LIFETIME_SECONDS,
): IceServer[] {
  return configured.map(({ secret, ...server }) =>
    secret === undefined ? server : { urls: server.urls, ...turnCredentials(secret, nowSeconds, lifetimeSeconds, id) },
  );
}
