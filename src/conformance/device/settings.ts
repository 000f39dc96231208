import type { IceServer } from '../../base/ice.ts';

/** How long the kit waits; all of it can be set, since cameras differ. */
export interface Timing {
  /** For an answer, or for what is to follow at once, milliseconds. */
  answerMs: number;
  /** How long nothing must come where nothing may, milliseconds. */
  settleMs: number;
  /** For a media connection to come about and for media to flow, milliseconds. */
  mediaMs: number;
  /** For the device to connect, or to connect again, milliseconds. */
  reconnectMs: number;
  /** How long a registration lasts before a device may take its next loss for the first one, milliseconds. */
  stableMs: number;
  /** What the kit announces where it tests that a session ends. */
  expirySeconds: number;
}

export const DEFAULT_TIMING: Timing = {
  answerMs: 10_000,
  settleMs: 2000,
  mediaMs: 15_000,
  reconnectMs: 60_000,
  stableMs: 15_000,
  expirySeconds: 8,
};

export type AudioDirection = 'sendonly' | 'recvonly' | 'sendrecv' | 'none';

export interface DeviceSettings {
  timing: Timing;
  /** The token that the device was configured with. */
  token?: string;
  /** A media profile that the device has; absent: its own choice. */
  profile?: string;
  /** What the profile's audio configurations make of the audio track. */
  profileAudio?: AudioDirection;
  /** Real servers that the device can reach; without them their candidates cannot be seen. */
  stun?: IceServer;
  turn?: IceServer;
}
