/** What keeps the embedded server from being used up. */
export interface ServerLimits {
  /** WebSockets at the same time, registered or not. */
  connections: number;
  sessions: number;
  /** Sessions of one client's socket; beyond it the oldest connected one is forgotten (its media go on). */
  sessionsPerClient: number;
  /** Frames a second of one socket on average, with bursts of four times as many; a faster one is cut off. */
  framesPerSecond: number;
  /** A socket that has not registered by then is closed. */
  registerTimeoutMs: number;
  /** A device that has not answered connect by then counts as unavailable (480). */
  connectTimeoutMs: number;
  /** A client that has not answered invite by then is told of as 408. */
  inviteTimeoutMs: number;
}

export const DEFAULT_LIMITS: ServerLimits = {
  connections: 1024,
  sessions: 2048,
  sessionsPerClient: 64,
  framesPerSecond: 200,
  registerTimeoutMs: 10_000,
  connectTimeoutMs: 5000,
  inviteTimeoutMs: 30_000,
};
