import type { ClientOptions } from 'ws';

/** How long the kit waits; all of it can be set, since servers differ. */
export interface ServerTiming {
  /** For an answer, or for what is to be relayed, milliseconds. */
  answerMs: number;
  /** How long nothing must come where nothing may, milliseconds. */
  settleMs: number;
  /** Longest that the server waits for a peer that does not react, milliseconds. */
  silenceMs: number;
  /** Sessions that the server gives more time than this are not waited for to expire, seconds. */
  expirySeconds: number;
  /** How long after its time a session may still be there, milliseconds. */
  expiryGraceMs: number;
}

export const DEFAULT_SERVER_TIMING: ServerTiming = {
  answerMs: 10_000,
  settleMs: 1000,
  silenceMs: 60_000,
  expirySeconds: 60,
  expiryGraceMs: 10_000,
};

export interface ServerSettings {
  /** WebSocket URL of the server. */
  url: string;
  /** Of a client that may reach the device; absent: the server wants none. */
  clientToken?: string;
  /** Of the device that the kit plays; absent: the server wants none. */
  deviceToken?: string;
  /** Of a second device. */
  otherDeviceToken?: string;
  /** Of a client that is known to the server and may not reach the device. */
  limitedClientToken?: string;
  /** The id by which clients reach the device, where it is not the one that register gave. */
  peer?: string;
  /** Such as `ca`. */
  socket?: ClientOptions;
  timing: ServerTiming;
}
