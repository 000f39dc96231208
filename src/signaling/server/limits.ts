/** What keeps the embedded server from being used up. */
export interface ServerLimits {
  /** WebSockets at the same time, registered or not. */
  connections: number;
  /** Sockets of one address that have not registered; with one more the oldest is cut off, since all of a reverse proxy come from its address. */
  unregisteredPerAddress: number;
  sessions: number;
  /** Sessions of one client's socket; beyond it the oldest connected one is forgotten (its media go on). */
  sessionsPerClient: number;
  /**
   * Frames a second of one socket on average, with bursts of four times as many; a faster one is cut off. A device, whose viewers all share its
   * socket, has as much for each of its sessions.
   */
  framesPerSecond: number;
  /** Tokens that one socket may have refused; with one more it is cut off. */
  refusedTokens: number;
  /** A socket that has not registered by then is closed. */
  registerTimeoutMs: number;
  /** A device that has not answered connect by then counts as unavailable (480). */
  connectTimeoutMs: number;
  /** A client that has not answered invite by then is told of as 408. */
  inviteTimeoutMs: number;
  /** A session outlives its time at the server by this much, so that its two sides end it themselves. */
  expiryGraceMs: number;
}

export const DEFAULT_LIMITS: ServerLimits = {
  connections: 1024,
  unregisteredPerAddress: 64,
  sessions: 2048,
  sessionsPerClient: 64,
  framesPerSecond: 200,
  refusedTokens: 16,
  registerTimeoutMs: 10_000,
  connectTimeoutMs: 5000,
  inviteTimeoutMs: 30_000,
  expiryGraceMs: 2000,
};
